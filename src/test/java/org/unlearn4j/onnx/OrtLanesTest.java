package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.eval.FeatureMap;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.eval.Scorer;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;
import org.unlearn4j.onnx.OrtSettings.GraphOptimization;

/** Several batches at a time give what one at a time gives, to the last bit. */
class OrtLanesTest {
  /** So small that there are a dozen batches. */
  private static final int BUDGET = 24;

  private static final OrtSettings ONE = OrtSettings.cpu(1);

  @TempDir Path temp;

  private static List<TokenRow> rows(int vocabulary) {
    Random random = new Random(3);
    List<TokenRow> rows = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      int[] prompt = random.ints(1 + i % 5, 0, vocabulary).toArray();
      rows.add(TokenRow.answered(prompt, random.ints(1 + i % 4, 0, vocabulary).toArray()));
    }
    return rows;
  }

  @ParameterizedTest
  @ValueSource(strings = {"fp32", "int8", "int4"})
  void everythingThatEvaluationAsksIsTheSame(String variant) {
    Path folder = temp.resolve(variant);
    OnnxExporter.export(
        Fixture.named("llama").folder(), folder, ExportOptions.of(List.of(variant)));
    OrtSettings three =
        new OrtSettings(OrtSettings.Provider.CPU, 3, GraphOptimization.ALL).forManyBatches();
    try (OrtModel one = OrtModel.open(folder, variant, ONE);
        OrtModel several = OrtModel.open(folder, variant, three)) {
      assertEquals(1, one.lanes());
      assertEquals(3, several.lanes());
      List<TokenRow> rows = rows(one.shape().vocabSize());
      Scorer due = new Scorer(one, BUDGET, Progress.NONE);
      Scorer found = new Scorer(several, BUDGET, Progress.NONE);
      same(due.score(rows), found.score(rows));
      List<int[]> prompts = rows.stream().map(TokenRow::ids).toList();
      List<int[]> said = due.generate(prompts, 4, Set.of());
      List<int[]> saidBySeveral = found.generate(prompts, 4, Set.of());
      List<float[]> next = due.next(prompts, prompts);
      List<float[]> nextBySeveral = found.next(prompts, prompts);
      for (int i = 0; i < prompts.size(); i++) {
        assertArrayEquals(said.get(i), saidBySeveral.get(i), "continuation " + i);
        assertArrayEquals(next.get(i), nextBySeveral.get(i), "next of " + i);
      }
      assertEquals(due.tokens(), found.tokens());
      FeatureMap features = FeatureMap.measure(one, rows, BUDGET, Progress.NONE);
      FeatureMap featuresOfSeveral = FeatureMap.measure(several, rows, BUDGET, Progress.NONE);
      for (String layer : features.layers()) {
        for (int r = 0; r < rows.size(); r++) {
          assertArrayEquals(
              features.layer(layer)[r], featuresOfSeveral.layer(layer)[r], layer + " of row " + r);
        }
      }
    }
  }

  private static void same(Map<TokenRow, TokenScores> due, Map<TokenRow, TokenScores> found) {
    assertEquals(due.keySet(), found.keySet());
    due.forEach(
        (row, scores) -> {
          String what = Arrays.toString(row.ids());
          assertFalse(Float.isNaN(scores.logProbs()[0]), what);
          assertArrayEquals(scores.logProbs(), found.get(row).logProbs(), what);
          assertArrayEquals(scores.argmax(), found.get(row).argmax(), what);
          assertArrayEquals(scores.meanLogProb(), found.get(row).meanLogProb(), what);
          assertArrayEquals(scores.varLogProb(), found.get(row).varLogProb(), what);
        });
  }

  @Test
  void whatWasChosenIsRecorded() {
    Path folder = Exports.inline("llama", temp.resolve("llama"));
    OrtSettings two = new OrtSettings(OrtSettings.Provider.CPU, 2, GraphOptimization.ALL);
    try (OrtModel one = OrtModel.open(folder, "fp32", two);
        OrtModel several = OrtModel.open(folder, "fp32", two.forManyBatches())) {
      assertEquals("1", one.session().get("lanes"));
      assertEquals("2", one.session().get("threads"));
      assertEquals("2", several.session().get("lanes"));
      assertEquals("2", several.session().get("threads"));
    }
    // A device computes one batch after the other: nothing is won by handing it several.
    assertEquals(
        1,
        new OrtSettings(OrtSettings.Provider.CUDA, 4, GraphOptimization.ALL)
            .forManyBatches()
            .lanes());
  }
}
