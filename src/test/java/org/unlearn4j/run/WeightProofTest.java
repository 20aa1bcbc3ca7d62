package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.lm.Logits;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.onnx.ExportOptions;
import org.unlearn4j.onnx.OnnxExporter;
import org.unlearn4j.parity.ReferenceLogits;
import org.unlearn4j.weights.Variant;

class WeightProofTest {
  /** Its head is its token table. */
  private static final Path MODEL = Path.of("models/fable-target");

  /** Of two lengths, so that one is padded, with tokens that are not their numbers in order. */
  private static final List<TokenRow> ROWS =
      List.of(
          TokenRow.answered(new int[] {91, 7}, 300, 7, 12),
          TokenRow.answered(new int[] {12}, 5, 450));

  @TempDir Path folder;

  /**
   * A large table is there once: the trained weights and those of the file are computed by two
   * graphs, the second with the rows' six tokens. Their logits are those of one graph with both
   * tables; order of summation is all that may differ, 1e-4 of logits of size 10.
   */
  @Test
  void aLargeTableIsReadInPart() {
    OnnxExporter.export(MODEL, folder, ExportOptions.of(List.of("int4")));
    float[][] whole = new float[8][];
    float[][] part = new float[8][];
    try (WeightProof once = proof(Long.MAX_VALUE);
        WeightProof inTurns = proof(0)) {
      read(once.trained(), whole);
      read(inTurns.trained(), part);
      for (int t = 0; t < whole.length; t++) {
        assertArrayEquals(whole[t], part[t], 1e-4f, "trained weights, position " + t);
      }
      float[][] rounded = new float[8][];
      read(once.evidence(Variant.INT4).readBack(), rounded);
      read(inTurns.evidence(Variant.INT4).readBack(), part);
      for (int t = 0; t < whole.length; t++) {
        assertArrayEquals(rounded[t], part[t], 1e-4f, "weights of int4, position " + t);
        double moved = 0;
        for (int i = 0; i < whole[t].length; i++) {
          moved = Math.max(moved, Math.abs(whole[t][i] - rounded[t][i]));
        }
        assertTrue(moved > 1e-2, "rounding moves them by " + moved);
      }
    }
  }

  private WeightProof proof(long large) {
    WeightProof proof = WeightProof.open(MODEL, List.of(), Computations.FP32, 64, large);
    proof.compute(
        ROWS,
        folder,
        Map.of(Variant.INT4, Variant.INT4),
        Pipeline.defaults("NPO", List.of()).verify());
    return proof;
  }

  /** Every position of every row, one after the other. */
  private static void read(ReferenceLogits from, float[][] into) {
    int[] numbers = {0, 1};
    int at = 0;
    try (Logits logits = from.open(numbers, ROWS)) {
      for (int r = 0; r < ROWS.size(); r++) {
        for (int t = 0; t < ROWS.get(r).length(); t++) {
          into[at] = new float[from.vocabSize()];
          logits.read(r, t, into[at++]);
        }
      }
    }
    assertEquals(into.length, at);
  }

  /** Rows of a table of width 2 whose values are their places; read across the ends of rows. */
  @Test
  void tokensAreNumberedInTheirOrder() {
    UsedTokens used = UsedTokens.of(ROWS);
    Parameter table = Parameter.matrix("table", 500, 2);
    assertEquals(List.of(6, 2), used.table(table).shape());
    // Tokens 5, 7, 12, 91, 300, 450 are 0 to 5.
    assertArrayEquals(new int[] {3, 1, 4, 1, 2}, used.numbered(ROWS).get(0).ids());
    assertArrayEquals(ROWS.get(0).labels(), used.numbered(ROWS).get(0).labels());
    FloatBuffer values = FloatBuffer.allocate(5);
    used.weights(
            (p, from, to) -> {
              for (long i = from; to.hasRemaining(); i++) {
                to.put((float) i);
              }
            },
            table)
        .read(used.table(table), 1, values);
    assertArrayEquals(new float[] {11, 14, 15, 24, 25}, values.array());
  }
}
