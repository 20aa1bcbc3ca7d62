package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.ForwardChecks;
import org.unlearn4j.lm.TokenRow;

/** The TensorFlow runtime against float64 reference numbers. */
class TensorFlowModelTest {

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama3_rope", "gpt2"})
  void reproducesTheReferenceNumbers(String name) {
    Fixture fixture = Fixture.named(name);
    try (TensorFlowModel model = TensorFlowModel.open(fixture.folder(), Precision.FP32)) {
      ForwardChecks.logits(fixture, model, 0);
      ForwardChecks.logits(fixture, model, 4);
      ForwardChecks.features(fixture, model);
      ForwardChecks.scores(fixture, model);
      ForwardChecks.greedy(fixture, model);
    }
  }

  /** Scores, features, logits and generations give back every tensor they made. */
  @Test
  void nothingNativeStaysOpen() {
    Fixture fixture = Fixture.named("llama");
    List<TokenRow> rows = Fixture.rows(fixture.expected());
    List<int[]> prompts = rows.stream().map(TokenRow::ids).toList();
    try (TensorFlowModel model = TensorFlowModel.open(fixture.folder(), Precision.FP32)) {
      long open = 0;
      for (int i = 0; i < 6; i++) {
        model.score(rows);
        model.features(rows);
        model.logits(rows, i % 2);
        model.generate(prompts, 3, Set.of());
        if (i == 1) { // the session is open, and every way was taken once
          open = Pointer.totalCount();
        }
      }
      assertEquals(open, Pointer.totalCount(), "native objects that nobody closed");
    }
  }
}
