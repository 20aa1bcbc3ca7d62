package org.unlearn4j.lm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.base.SplitMix;
import org.unlearn4j.base.UserException;

/** The choice of the next token. */
class SamplingTest {
  private static final int DRAWS = 20_000;

  /** Probabilities 0.15, 0.5, 0.05, 0.3 at temperature 1. */
  private static final float[] LOGITS = logits(0.15, 0.5, 0.05, 0.3);

  private static float[] logits(double... p) {
    float[] z = new float[p.length];
    for (int i = 0; i < z.length; i++) {
      z[i] = (float) Math.log(p[i]) + 7; // a constant changes nothing
    }
    return z;
  }

  private static double[] shares(Sampling sampling) {
    double[] shares = new double[LOGITS.length];
    for (int i = 0; i < DRAWS; i++) {
      shares[sampling.choose(LOGITS, 0, i)] += 1.0 / DRAWS;
    }
    return shares;
  }

  private static void assertShares(double[] expected, Sampling sampling) {
    double[] seen = shares(sampling);
    for (int i = 0; i < expected.length; i++) {
      // Four standard deviations of a share of 20,000 draws, sqrt(0.25 / 20000) = 0.0035 at most.
      String what = sampling + ", token " + i + ": " + Arrays.toString(seen);
      assertTrue(Math.abs(expected[i] - seen[i]) <= 0.0142, what);
      assertEquals(expected[i] == 0, seen[i] == 0, what);
    }
  }

  /** The fewest of 0.5, 0.3, 0.15, 0.05 that sum to at least p, and their shares of the sum. */
  @ParameterizedTest
  @CsvSource({
    "0.49, 0, 1, 0, 0",
    "0.51, 0, 0.625, 0, 0.375", // 0.5 + 0.3 = 0.8
    "0.79, 0, 0.625, 0, 0.375",
    "0.81, 0.157895, 0.526316, 0, 0.315789", // + 0.15 = 0.95
    "0.94, 0.157895, 0.526316, 0, 0.315789",
    "0.96, 0.15, 0.5, 0.05, 0.3",
    "1, 0.15, 0.5, 0.05, 0.3"
  })
  void topP(double p, double a, double b, double c, double d) {
    assertShares(new double[] {a, b, c, d}, new Sampling(1, p, 3));
  }

  /** At temperature 2 a probability becomes its square root, at 1/2 its square, normalised. */
  @Test
  void temperature() {
    for (double t : new double[] {2, 0.5}) {
      double[] p = {0.15, 0.5, 0.05, 0.3};
      double[] expected = Arrays.stream(p).map(v -> Math.pow(v, 1 / t)).toArray();
      double sum = Arrays.stream(expected).sum();
      assertShares(Arrays.stream(expected).map(v -> v / sum).toArray(), new Sampling(t, 1, 3));
    }
    // top-p cuts what temperature has made: 0.5^2 / 0.365 = 0.685 is enough for 0.68.
    assertShares(new double[] {0, 1, 0, 0}, new Sampling(0.5, 0.68, 3));
  }

  @Test
  void temperatureInItsLimits() {
    assertShares(new double[] {0, 1, 0, 0}, Sampling.GREEDY);
    assertShares(new double[] {0, 1, 0, 0}, new Sampling(Double.MIN_VALUE, 1, 3));
    assertShares(new double[] {0, 1, 0, 0}, new Sampling(1e-3, 1, 3));
    assertShares(new double[] {0.25, 0.25, 0.25, 0.25}, new Sampling(Double.MAX_VALUE, 1, 3));
  }

  /** The first of the most probable ones, as everywhere; drawn, each of them. */
  @Test
  void ties() {
    float[] tied = {1, 4, 4, -0f, 0f};
    assertEquals(1, Sampling.GREEDY.choose(tied, 0, 0));
    Set<Integer> drawn = new TreeSet<>();
    IntStream.range(0, 100).forEach(i -> drawn.add(new Sampling(1e-6, 1, 0).choose(tied, 0, i)));
    assertEquals(Set.of(1, 2), drawn);
    // Of four equal tokens half of the probability is the two of the lowest ids.
    drawn.clear();
    float[] flat = {-0f, 0f, 0f, -0f};
    IntStream.range(0, 100).forEach(i -> drawn.add(new Sampling(1, 0.5, 0).choose(flat, 0, i)));
    assertEquals(Set.of(0, 1), drawn);
  }

  private static String text(Sampling sampling, int prompt) {
    return IntStream.range(0, 64)
        .map(i -> sampling.choose(LOGITS, prompt, i))
        .boxed()
        .toList()
        .toString();
  }

  @Test
  void aSeedIsAText() {
    Sampling seven = new Sampling(1, 1, 7);
    assertEquals(text(seven, 0), text(new Sampling(1, 1, 7), 0));
    assertNotEquals(text(seven, 0), text(new Sampling(1, 1, 8), 0));
    assertNotEquals(text(seven, 0), text(seven, 1), "prompts do not share their draws");
    // From an independent implementation of SplitMix64 with Python integers, over 0.5, 0.3, 0.15,
    // 0.05. Whoever changes the draw changes every text that was ever made.
    assertEquals(
        "[2, 0, 0, 1, 3, 1, 1, 3]",
        IntStream.range(0, 8).map(i -> seven.choose(LOGITS, 0, i)).boxed().toList().toString());
  }

  /**
   * Long vocabularies, steep ones and flat ones, against the definition: sort all tokens, keep the
   * fewest that hold top-p, go along them by the share of the sum that was drawn. The share of each
   * token over many draws is its probability whatever was sorted to find it.
   */
  @ParameterizedTest
  @CsvSource({"0.1, 1", "3, 1", "12, 1", "3, 0.9", "12, 0.5", "0.1, 0.999"})
  void aLongVocabularyIsDrawnFromAsIfAllOfItWereSorted(double spread, double p) {
    Random random = new Random(5);
    float[] z = new float[500];
    for (int i = 0; i < z.length; i++) {
      z[i] = (float) (spread * random.nextGaussian());
    }
    Sampling sampling = new Sampling(1, p, 9);
    Integer[] order = IntStream.range(0, z.length).boxed().toArray(Integer[]::new);
    Arrays.sort(order, (a, b) -> Float.compare(z[b], z[a]));
    double total = 0;
    for (int i : order) {
      total += Math.exp(z[i]);
    }
    double mass = 0;
    int kept = 0;
    while (kept < z.length && mass < p * total) {
      mass += Math.exp(z[order[kept++]]);
    }
    for (int place = 0; place < 400; place++) {
      // The draw, as the record says it: hashed from seed, prompt and place.
      long golden = SplitMix.GOLDEN;
      long own = SplitMix.mix(SplitMix.mix(9 + golden) + 2 * golden);
      double left = SplitMix.uniform(own + (place + 1) * golden) * mass;
      int at = 0;
      while (at < kept - 1 && left >= Math.exp(z[order[at]])) {
        left -= Math.exp(z[order[at++]]);
      }
      assertEquals(order[at], sampling.choose(z, 2, place), "place " + place);
    }
  }

  @Test
  void whatIsNoLogitOrSetting() {
    Sampling s = new Sampling(1, 0.9, 0);
    assertThrows(UserException.class, () -> s.choose(new float[] {0, Float.NaN, 1}, 0, 0));
    assertThrows(
        UserException.class, () -> s.choose(new float[] {0, Float.POSITIVE_INFINITY}, 0, 0));
    float masked = Float.NEGATIVE_INFINITY;
    assertEquals(2, s.choose(new float[] {masked, masked, 1}, 0, 0), "no probability, no draw");
    for (double t : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(IllegalArgumentException.class, () -> new Sampling(t, 1, 0));
    }
    for (double p : new double[] {0, -0.5, 1.01, Double.NaN}) {
      assertThrows(IllegalArgumentException.class, () -> new Sampling(1, p, 0));
    }
  }
}
