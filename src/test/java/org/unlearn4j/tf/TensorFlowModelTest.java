package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.ForwardChecks;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/** The TensorFlow runtime against float64 reference numbers. */
class TensorFlowModelTest {
  @TempDir Path temp;

  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void reproducesTheReferenceNumbers(String name) {
    Fixture fixture = Fixture.named(name);
    try (TensorFlowModel model = TensorFlowModel.open(fixture.folder(), Computations.FP32)) {
      ForwardChecks.logits(fixture, model, 0);
      ForwardChecks.logits(fixture, model, 4);
      ForwardChecks.features(fixture, model);
      ForwardChecks.scores(fixture, model);
      ForwardChecks.greedy(fixture, model);
      ForwardChecks.next(fixture, model);
    }
  }

  /** Scores, features, logits and generations give back every tensor they made. */
  @Test
  void nothingNativeStaysOpen() {
    Fixture fixture = Fixture.named("llama");
    List<TokenRow> rows = Fixture.rows(fixture.expected());
    List<int[]> prompts = rows.stream().map(TokenRow::ids).toList();
    try (TensorFlowModel model = TensorFlowModel.open(fixture.folder(), Computations.FP32)) {
      long open = 0;
      for (int i = 0; i < 6; i++) {
        model.score(rows);
        model.features(rows);
        model.logits(rows, i % 2);
        model.openLogits(rows, i % 2).close();
        model.generate(prompts, 3, Set.of());
        if (i == 1) { // the session is open, and every way was taken once
          open = Pointer.totalCount();
        }
      }
      assertEquals(open, Pointer.totalCount(), "native objects that nobody closed");
    }
  }

  /**
   * Matrix products in bfloat16, which keeps 8 significant bits: likelihoods stay within 2 %, and
   * none is what float32 gives, or nothing was cast.
   */
  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void brainFloatsStayNear(String name) {
    Fixture fixture = Fixture.named(name);
    double[] expected = Fixture.doubles(fixture.expected().path("nll_sum"));
    try (TensorFlowModel model = TensorFlowModel.open(fixture.folder(), Computations.BF16)) {
      List<TokenScores> scores = model.score(Fixture.rows(fixture.expected()));
      for (int r = 0; r < expected.length; r++) {
        double nll = scores.get(r).nll();
        assertClose("nll_sum[" + r + "]", expected[r], nll, 0, 0.02);
        assertTrue(Math.abs(nll - expected[r]) > 1e-4, "row " + r + " in float32: " + nll);
      }
    }
  }

  /** Windows of five positions begin inside the cached part, at its border and behind it. */
  @Test
  void aWindowGoesOnAcrossTheCache() {
    Fixture fixture = Fixture.named("gemma2");
    try (TensorFlowModel model = TensorFlowModel.open(fixture.folder(), Computations.FP32)) {
      for (int chunk = 1; chunk <= 8; chunk++) {
        ForwardChecks.logits(fixture, model, chunk);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void reproducesThemFromTheOlderConfigSpelling(String name) throws IOException {
    Fixture fixture = Fixture.named(name).older(temp.resolve(name));
    try (TensorFlowModel model = TensorFlowModel.open(fixture.folder(), Computations.FP32)) {
      ForwardChecks.logits(fixture, model, 0);
    }
  }
}
