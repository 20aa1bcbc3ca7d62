package org.unlearn4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.unlearn4j.eval.Near;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/**
 * Which batches are held against themselves in which way: of few batches each in every way, of many
 * each in one, and the one with the longest row in every way.
 */
class SelfChecksTest {
  private static final int VOCAB = 8;

  /** Knows what it was asked for, by the row's length; one way may be wrong for one length. */
  private static final class Asked implements LanguageModel {
    private final Map<String, List<Integer>> asked = new TreeMap<>();
    private final String wrong;

    /**
     * A model.
     *
     * @param wrong the way that gives other logits, and the row's length, as in {@code half 7}
     */
    Asked(String wrong) {
      this.wrong = wrong;
    }

    private float shift(String way, int length) {
      asked.computeIfAbsent(way, w -> new ArrayList<>()).add(length);
      return wrong.equals(way + " " + length) ? 0.5f : 0;
    }

    @Override
    public Shape shape() {
      return new Shape(VOCAB, 1, 1, 64);
    }

    @Override
    public String runtime() {
      return "onnx:fp32";
    }

    @Override
    public float[][][] logits(List<TokenRow> rows, int cachedFrom) {
      int length = rows.get(0).length();
      String way = cachedFrom == 0 ? "full" : cachedFrom == length - 1 ? "last" : "half";
      float shift = shift(way, length);
      float[][][] all = new float[rows.size()][length][VOCAB];
      for (float[][] row : all) {
        for (float[] at : row) {
          at[1] = 2 + shift;
        }
      }
      return all;
    }

    @Override
    public boolean padsLeft() {
      return true;
    }

    @Override
    public float[][] lastLogits(List<int[]> prompts) {
      float[][] all = new float[prompts.size()][VOCAB];
      for (int r = 0; r < all.length; r++) {
        all[r][1] = 2 + shift("padded", prompts.get(r).length + 1);
      }
      return all;
    }

    @Override
    public List<int[]> generate(List<int[]> prompts, Generation how, StepListener listener) {
      List<int[]> all = new ArrayList<>();
      // Token 1 is the most probable one; the others are 2 below.
      prompts.forEach(p -> all.add(new int[] {shift("decoded", p.length + 1) == 0 ? 1 : 3}));
      return all;
    }

    @Override
    public List<TokenScores> score(List<TokenRow> rows) {
      throw new AssertionError();
    }

    @Override
    public float[][][] features(List<TokenRow> rows) {
      throw new AssertionError();
    }

    @Override
    public void close() {
      // holds nothing
    }
  }

  /** Rows of 5 tokens and more, each one longer: with this budget each is a batch of its own. */
  private static NumericDifference measure(Asked deployed, int rows) {
    List<TokenRow> all =
        IntStream.range(0, rows)
            .mapToObj(
                r -> {
                  int[] prompt = new int[4 + r];
                  Arrays.fill(prompt, 1);
                  return TokenRow.answered(prompt, 1);
                })
            .toList();
    return NumericParity.measure(
            ReferenceLogits.of(new Asked("")), Optional.empty(), deployed, all, 1, 1, Progress.NONE)
        .total();
  }

  private static List<Integer> lengths(Asked model, String way) {
    return model.asked.getOrDefault(way, List.of()).stream().sorted().toList();
  }

  @Test
  void manyBatchesTakeTurnsAndTheLongestIsCheckedInEveryWay() {
    Asked model = new Asked("");
    NumericDifference d = measure(model, 12);
    // Batches 0 to 11 have rows of 5 to 16 tokens; batch i is checked in way i modulo 4.
    assertEquals(List.of(5, 9, 13, 16), lengths(model, "half"));
    assertEquals(List.of(6, 10, 14, 16), lengths(model, "decoded"));
    assertEquals(List.of(7, 11, 15, 16), lengths(model, "last"));
    assertEquals(List.of(8, 12, 16), lengths(model, "padded"));
    assertEquals(0, d.value(NumericMeasure.CHUNKED_PREFILL));
    assertEquals(0, d.value(NumericMeasure.LEFT_PADDING));
    assertEquals(0, d.value(NumericMeasure.CACHED_DECODING));
  }

  @Test
  void fewBatchesAreCheckedInEveryWay() {
    Asked model = new Asked("");
    measure(model, 7);
    for (String way : List.of("half", "decoded", "last", "padded")) {
      assertEquals(List.of(5, 6, 7, 8, 9, 10, 11), lengths(model, way), way);
    }
  }

  @Test
  void whatIsWrongForTheLongestRowsAloneIsSeen() {
    for (String way : List.of("half 16", "last 16")) {
      Near.absolute(
          0.5, measure(new Asked(way), 12).value(NumericMeasure.CHUNKED_PREFILL), 1e-6, way);
    }
    Near.absolute(
        0.5, measure(new Asked("padded 16"), 12).value(NumericMeasure.LEFT_PADDING), 1e-6, "pads");
    // The decoded token's logit is 0, the largest one 2.
    Near.absolute(
        2,
        measure(new Asked("decoded 16"), 12).value(NumericMeasure.CACHED_DECODING),
        1e-6,
        "cache");
  }
}
