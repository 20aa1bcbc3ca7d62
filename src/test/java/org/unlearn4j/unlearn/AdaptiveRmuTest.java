package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.unlearn4j.fixtures.Close.assertClose;
import static org.unlearn4j.unlearn.StreamPair.TOLERANCE;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.fixtures.StepFixture;

/** RMU whose target is as long as the frozen model's activation, against double precision. */
class AdaptiveRmuTest {
  private static final int LAYER = 1;
  private static final double FACTOR = 5;

  private final UnlearnSettings settings =
      StreamPair.settings(
          "RMU",
          "unlearn.objective.layer=" + LAYER,
          "unlearn.objective.adaptive=true",
          "unlearn.objective.coefficient=" + FACTOR,
          "unlearn.objective.alpha=0.5");

  /** {@code mean_d (h - factor * length * u)^2} with u as it is drawn. */
  private double distance(double[] h, double[] lengthOf, double factor) {
    List<Float> u = ControlVector.drawn(settings.loop().seed(), h.length, 1).components();
    double length = Math.sqrt(StreamPair.dot(lengthOf, lengthOf));
    double sum = 0;
    for (int d = 0; d < h.length; d++) {
      sum += Math.pow(h[d] - factor * length * u.get(d), 2) / h.length;
    }
    return sum;
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void eachTokensTargetIsAsLongAsItsFrozenActivation(String family) {
    StreamPair pair = new StreamPair(family);
    StepFixture.Values found = pair.run(settings);
    StreamPair.TokenLoss steered = (h, was) -> distance(h, was, FACTOR);
    double forget = pair.mean(Segment.FORGET, LAYER, steered);
    double retain = pair.mean(Segment.RETAIN, LAYER, StreamPair::moved);
    assertClose("forget", forget, found.terms().get("forget"), TOLERANCE, TOLERANCE);
    assertClose("retain", retain, found.terms().get("retain"), TOLERANCE, TOLERANCE);
    assertClose("total", forget + 0.5 * retain, found.total(), TOLERANCE, TOLERANCE);
    pair.assertGradient(
        found,
        pair.below(LAYER),
        () ->
            pair.mean(Segment.FORGET, LAYER, steered)
                + 0.5 * pair.mean(Segment.RETAIN, LAYER, StreamPair::moved));
    misses(found, pair.mean(Segment.FORGET, LAYER, (h, was) -> distance(h, h, FACTOR)), "its own");
    misses(found, pair.mean(Segment.FORGET, LAYER, steered, true), "tokens without a label");
    misses(
        found,
        pair.mean(Segment.FORGET, LAYER, (h, was) -> distance(h, unit(h.length), FACTOR)),
        "one length for all, as RMU's");
  }

  private static void misses(StepFixture.Values found, double other, String what) {
    assertThrows(
        AssertionFailedError.class,
        () -> assertClose("forget", other, found.terms().get("forget"), TOLERANCE, TOLERANCE),
        what);
  }

  private static double[] unit(int width) {
    double[] unit = new double[width];
    unit[0] = 1;
    return unit;
  }
}
