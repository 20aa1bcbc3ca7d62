package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.lm.PromptBatch;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;
import org.unlearn4j.weights.Variant;

/** Rows that follow a prompt computed once score as they do with a prompt of their own. */
class SharedPromptsTest {
  @TempDir Path temp;

  /** Prompts longer than the fixtures' windows of columns, which must not notice padding. */
  private static List<TokenRow> rows(int vocabulary) {
    Random random = new Random(5);
    List<TokenRow> rows = new ArrayList<>();
    for (int p = 0; p < 4; p++) {
      int[] prompt = random.ints(2 + 3 * p, 0, vocabulary).toArray();
      for (int i = 0; i < 3; i++) {
        rows.add(TokenRow.answered(prompt, random.ints(1 + 2 * i, 0, vocabulary).toArray()));
      }
    }
    return rows;
  }

  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void everyFamilyInEveryFormat(String name) {
    Path folder = temp.resolve(name);
    List<String> variants =
        List.of(
            Variant.FP32.label(), Variant.FP16.label(), Variant.INT8.label(), Variant.INT4.label());
    OnnxExporter.export(Fixture.named(name).folder(), folder, ExportOptions.of(variants));
    for (String variant : variants) {
      try (OrtModel model = OrtModel.open(folder, variant, 1)) {
        List<TokenRow> rows = rows(model.shape().vocabSize());
        assertEquals(4, PromptBatch.of(rows).prompts());
        List<TokenScores> together = model.score(rows);
        for (int i = 0; i < rows.size(); i++) {
          assertEquals(0, PromptBatch.of(List.of(rows.get(i))).prompts());
          TokenScores alone = model.score(List.of(rows.get(i))).get(0);
          String what = name + " " + variant + " row " + i;
          assertTrue(alone.tokens() > 0, what);
          // float32 sums in another order; float16 keys that round to a neighbour weigh more.
          double atol = variant.equals(Variant.FP16.label()) ? 1e-3 : 2e-5;
          assertArrayEquals(alone.labels(), together.get(i).labels(), what);
          assertClose(what, doubles(alone.logProbs()), together.get(i).logProbs(), atol, 0);
          assertClose(what, doubles(alone.meanLogProb()), together.get(i).meanLogProb(), atol, 0);
          assertClose(
              what, doubles(alone.varLogProb()), together.get(i).varLogProb(), 10 * atol, 0);
        }
      }
    }
  }

  private static double[] doubles(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }
}
