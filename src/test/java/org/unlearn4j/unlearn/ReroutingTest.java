package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;
import static org.unlearn4j.unlearn.StreamPair.TOLERANCE;

import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;

/** The circuit breaker's losses against double precision. */
class ReroutingTest {
  private static final List<Integer> LAYERS = List.of(0, 1);

  private static UnlearnSettings settings(double orthogonality) {
    return StreamPair.settings(
        "CircuitBreaker",
        "unlearn.objective.layers=" + LAYERS,
        "unlearn.objective.alpha=0.5",
        "unlearn.objective.orthogonality=" + orthogonality);
  }

  private static StepFixture.Values run(StreamPair pair, double orthogonality) {
    return pair.run(settings(orthogonality));
  }

  private static double mean(StreamPair pair, Segment segment, StreamPair.TokenLoss loss) {
    return LAYERS.stream().mapToDouble(l -> pair.mean(segment, l, loss)).average().orElseThrow();
  }

  private static double along(double[] now, double[] was) {
    return Math.max(0, StreamPair.cosine(now, was));
  }

  /** Mean over layers, then over pairs of forget rows, of what becomes of their cosine. */
  private static double pairs(StreamPair pair, boolean all, DoubleUnaryOperator of) {
    double mean = 0;
    for (int layer : LAYERS) {
      List<double[][]> streams = pair.streams(Segment.FORGET, layer);
      double sum = 0;
      int count = 0;
      for (int i = 0; i < streams.size(); i++) {
        for (int j = i + 1; j < streams.size(); j++) {
          double[] a = pooled(streams.get(i), pair.rows(Segment.FORGET).get(i), all);
          double[] b = pooled(streams.get(j), pair.rows(Segment.FORGET).get(j), all);
          sum += of.applyAsDouble(StreamPair.cosine(a, b));
          count++;
        }
      }
      mean += sum / count / LAYERS.size();
    }
    return mean;
  }

  /** Mean over labelled tokens (or all of them: the plausible mistake). */
  private static double[] pooled(double[][] stream, TokenRow row, boolean all) {
    double[] sum = new double[stream[0].length];
    for (int t = 0; t < stream.length; t++) {
      for (int d = 0; d < sum.length; d++) {
        sum[d] += all || row.labels()[t] != TokenRow.IGNORED ? stream[t][d] : 0;
      }
    }
    return sum; // a cosine does not see the count
  }

  /** Forget rows are turned until they are at a right angle, retain rows stay. */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void activationsAreTurnedAwayFromWhereTheyWere(String family) {
    StreamPair pair = new StreamPair(family);
    StepFixture.Values found = run(pair, 0);
    double forget = mean(pair, Segment.FORGET, ReroutingTest::along);
    double retain = mean(pair, Segment.RETAIN, StreamPair::moved);
    assertTrue(forget > 0.01, "something to turn: " + forget);
    assertClose("forget", forget, found.terms().get("forget"), TOLERANCE, TOLERANCE);
    assertClose("retain", retain, found.terms().get("retain"), TOLERANCE, TOLERANCE);
    assertClose("total", forget + 0.5 * retain, found.total(), TOLERANCE, TOLERANCE);
    misses(found, mean(pair, Segment.FORGET, StreamPair::cosine), "without max(0, .)");
    misses(found, 2 * forget, "a sum over layers");
    misses(found, pair.mean(Segment.FORGET, 1, ReroutingTest::along), "one layer");
    double tokens =
        LAYERS.stream()
            .mapToDouble(l -> pair.mean(Segment.FORGET, l, ReroutingTest::along, true))
            .average()
            .orElseThrow();
    misses(found, tokens, "tokens without a label");
  }

  /**
   * The same with a weight on how alike the rows are, large enough that a share of it is seen; the
   * gradient is that of all three parts.
   */
  @ParameterizedTest
  @CsvSource({"llama, 3", "gpt2, 3"})
  void rowsAreTurnedAwayFromEachOther(String family, double weight) {
    StreamPair pair = new StreamPair(family);
    StepFixture.Values found = run(pair, weight);
    double along = mean(pair, Segment.FORGET, ReroutingTest::along);
    double alike = pairs(pair, false, c -> Math.max(0, c));
    assertTrue(alike > 0.01, "rows that are alike: " + alike);
    assertClose(
        "forget", along + weight * alike, found.terms().get("forget"), TOLERANCE, TOLERANCE);
    pair.assertGradient(
        found,
        pair.below(1),
        () ->
            mean(pair, Segment.FORGET, ReroutingTest::along)
                + weight * pairs(pair, false, c -> Math.max(0, c))
                + 0.5 * mean(pair, Segment.RETAIN, StreamPair::moved));
    misses(found, along + weight * pairs(pair, true, c -> Math.max(0, c)), "all tokens");
    int rows = pair.rows(Segment.FORGET).size();
    misses(found, along + weight * (alike * (rows - 1) + 1) / rows, "rows beside themselves");
    misses(found, along + weight * alike * (rows - 1), "a sum");
    misses(found, along + weight * alike / 2, "pairs counted twice, found once");
  }

  /** The last micro-batch of an epoch may have one row: no number, without a guard. */
  @Test
  void aRowByItselfIsComparedWithNone() {
    StepFixture.Values alone = new StreamPair("llama").run(settings(3), 1);
    double forget = alone.terms().get("forget");
    assertTrue(forget >= 0 && forget <= 1, "a mean of cosines: " + forget);
    assertTrue(Double.isFinite(alone.gradNorm()), "gradient: " + alone.gradNorm());
  }

  private static void misses(StepFixture.Values found, double other, String what) {
    assertThrows(
        AssertionFailedError.class,
        () -> assertClose("forget", other, found.terms().get("forget"), TOLERANCE, TOLERANCE),
        what);
  }
}
