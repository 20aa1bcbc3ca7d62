package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.TfTensors;

/** What the fixtures have no case for: the other forms, several layers, pooling and views. */
class RegulariserTest {
  private static final FeatureLayer ONE = new FeatureLayer(1);
  private static final FeatureLayer LAST = new FeatureLayer(2);
  private static final double TAU = 0.5;

  private final StepFixture fixture = new StepFixture("llama");
  private final JsonNode numbers = fixture.fixture().json("clreg.json");

  private double value(Regulariser regulariser) {
    Objective objective = Objective.only(regulariser);
    return fixture.run(objective, fixture.batch(objective), 1).terms().get("clreg");
  }

  /** Unit features of the fixture in float64: {@code [rows][hidden]}. */
  private double[][] features(String which) {
    JsonNode rows = numbers.path("features").path("layer2").path(which);
    double[][] features = new double[rows.size()][];
    for (int i = 0; i < features.length; i++) {
      features[i] = Fixture.doubles(rows.path(i));
    }
    return features;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  /** The mean over both layers, each of which the fixture has. */
  @Test
  void severalLayersAreAveraged() {
    JsonNode cases = numbers.path("cases");
    double expected =
        (cases.path("layer1_tau0.5_stop_gradient").path("value").doubleValue()
                + cases.path("layer2_tau0.5_stop_gradient").path("value").doubleValue())
            / 2;
    double seen = value(new ClReg(Features.of(ONE, LAST), TAU));
    assertClose("clreg over layers 1 and 2", expected, seen, 1e-5, 1e-5);
    assertThrows(
        AssertionFailedError.class,
        () -> assertClose("a sum", 2 * expected, seen, 1e-5, 1e-5),
        "the control: a sum is no mean");
  }

  /** {@code mean_ij max(0, z_i.z_j - m)}, from the fixture's features in double precision. */
  @ParameterizedTest
  @ValueSource(doubles = {-1, 0, 0.25})
  void margin(double m) {
    double sum = 0;
    double[][] forget = features("anchor");
    double[][] retain = features("negative");
    for (double[] f : forget) {
      for (double[] r : retain) {
        sum += Math.max(0, dot(f, r) - m);
      }
    }
    double expected = sum / (forget.length * retain.length);
    double seen = value(new MarginRegulariser(Features.of(LAST), m));
    assertClose("margin " + m, expected, seen, 1e-5, 1e-5);
    assertTrue(expected > 0, "a hinge that never opens would show nothing");
  }

  /** {@code mean_i (1 - mean_k z_i.z_k)}, from the fixture's features in double precision. */
  @Test
  void compact() {
    double[][] forget = features("anchor");
    double all = 0;
    double others = 0;
    for (int i = 0; i < forget.length; i++) {
      for (int k = 0; k < forget.length; k++) {
        all += dot(forget[i], forget[k]);
        others += k == i ? 0 : dot(forget[i], forget[k]);
      }
    }
    int n = forget.length;
    double seen = value(new Compactness(Features.of(LAST)));
    assertClose("compact", 1 - all / (n * n), seen, 1e-5, 1e-5);
    double without = 1 - others / (n * (n - 1));
    assertThrows(
        AssertionFailedError.class,
        () -> assertClose("without the row itself", without, seen, 1e-5, 1e-5));
  }

  /** The formula of {@link SupervisedContrast} term by term, in double precision. */
  @Test
  void supervised() {
    double[][] forget = features("anchor");
    double[][] views = features("positive");
    double[][] retain = features("negative");
    double expected = 0;
    for (int i = 0; i < forget.length; i++) {
      double away = Math.exp(dot(forget[i], views[i]) / TAU);
      for (int k = 0; k < forget.length; k++) {
        away += k == i ? 0 : Math.exp(dot(forget[i], forget[k]) / TAU);
      }
      for (double[] r : retain) {
        double towards = Math.exp(dot(forget[i], r) / TAU);
        expected -= Math.log(towards / (towards + away)) / (forget.length * retain.length);
      }
    }
    double seen = value(new SupervisedContrast(Features.of(LAST), TAU));
    assertClose("supervised", expected, seen, 1e-5, 1e-5);
    double clReg = value(new ClReg(Features.of(LAST), TAU));
    assertThrows(
        AssertionFailedError.class, () -> assertClose("the other form", clReg, seen, 1e-5, 1e-5));
  }

  /**
   * Where only a row's last token is labelled, its mean is its last: pooling by last over the full
   * labels must give what pooling by mean gives over those.
   */
  @Test
  void lastPoolingIsTheMeanOverTheLastLabelAlone() {
    Map<Segment, List<TokenRow>> cut = new EnumMap<>(Segment.class);
    fixture
        .rows()
        .forEach((s, rows) -> cut.put(s, rows.stream().map(RegulariserTest::lastOnly).toList()));
    Features last = new Features(List.of(LAST), RowPooling.LAST, true, false, 0);
    Objective byLast = Objective.only(new ClReg(last, TAU));
    Objective byMean = Objective.only(new ClReg(Features.of(LAST), TAU));
    double seen = fixture.run(byLast, fixture.batch(byLast), 1).terms().get("clreg");
    cut.keySet().retainAll(byMean.segments());
    StepBatch batch = StepBatch.whole(cut, Map.of());
    double expected = fixture.run(byMean, batch, 1).terms().get("clreg");
    assertClose("by the last token", expected, seen, 1e-6, 0);
    double mean = fixture.run(byMean, fixture.batch(byMean), 1).terms().get("clreg");
    assertThrows(AssertionFailedError.class, () -> assertClose("by the mean", mean, seen, 1e-6, 0));
  }

  private static TokenRow lastOnly(TokenRow row) {
    int[] labels = row.labels().clone();
    int last = labels.length - 1;
    while (labels[last] == TokenRow.IGNORED) {
      last--;
    }
    Arrays.fill(labels, 0, last, TokenRow.IGNORED);
    return new TokenRow(row.ids(), labels);
  }

  /** Features of all three segments with the views' stream dropped. */
  private Map<Segment, float[]> dropped(StepGraph graph, long seed, int step) {
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(fixture.rows());
    rows.put(Segment.POSITIVE, rows.get(Segment.FORGET));
    rows.keySet().retainAll(graph.objective().segments());
    StepControl control = new StepControl(0, 1, new StepControl.ViewSeed(seed, step, 0));
    Map<Segment, float[]> found = new EnumMap<>(Segment.class);
    try (Feeds feeds = new Feeds(graph.runtime())) {
      graph.feed(feeds, StepBatch.whole(rows, Map.of()), control);
      for (Segment s : graph.objective().segments()) {
        Operand<TFloat32> pooled = graph.context().pooled(s, LAST, RowPooling.MEAN);
        feeds.fetch(pooled);
      }
      try (Result result = graph.runtime().run("features", feeds)) {
        int at = 0;
        for (Segment s : graph.objective().segments()) {
          found.put(s, TfTensors.floats(result, at++));
        }
      }
    }
    return found;
  }

  @Test
  void dropoutDisturbsTheViewsAloneAndAsTheSeedSays() {
    Features features = new Features(List.of(LAST), RowPooling.MEAN, true, false, 0.1);
    Objective objective = Objective.only(new ClReg(features, TAU));
    try (StepGraph graph = new StepGraph(fixture.decoder(), objective, Computations.FP32)) {
      fixture.assignPolicy(graph);
      Map<Segment, float[]> first = dropped(graph, 7, 3);
      Map<Segment, float[]> again = dropped(graph, 7, 3);
      Map<Segment, float[]> nextStep = dropped(graph, 7, 4);
      Map<Segment, float[]> otherSeed = dropped(graph, 8, 3);
      for (Segment s : List.of(Segment.FORGET, Segment.RETAIN)) {
        assertArrayEquals(first.get(s), nextStep.get(s), s + " is not touched");
        assertArrayEquals(first.get(s), otherSeed.get(s), s + " is not touched");
      }
      float[] view = first.get(Segment.POSITIVE);
      assertArrayEquals(view, again.get(Segment.POSITIVE), "the same seed and step");
      assertNotEquals(Arrays.toString(view), Arrays.toString(nextStep.get(Segment.POSITIVE)));
      assertNotEquals(Arrays.toString(view), Arrays.toString(otherSeed.get(Segment.POSITIVE)));
      // The tokens are those of the forget rows: what differs is what was dropped.
      assertNotEquals(Arrays.toString(view), Arrays.toString(first.get(Segment.FORGET)));
      double[] anchor =
          numbers.path("features").path("layer2").path("anchor").size() > 0
              ? features("anchor")[0]
              : new double[0];
      assertEquals(fixture.decoder().config().hiddenSize(), anchor.length);
      float[] own = Arrays.copyOf(first.get(Segment.FORGET), anchor.length);
      double norm = StepFixture.Values.l2(own);
      for (int i = 0; i < anchor.length; i++) {
        assertClose("forget feature " + i, anchor[i], own[i] / norm, 1e-5, 0);
      }
    }
  }

  @Test
  void theControlVectorIsAFunctionOfTheSeedAndAsLongAsAsked() {
    ControlVector drawn = ControlVector.drawn(3, 64, 2);
    double square = drawn.components().stream().mapToDouble(v -> (double) v * v).sum();
    assertClose("length", 2, Math.sqrt(square), 1e-6, 0);
    assertTrue(drawn.components().stream().allMatch(v -> v >= 0), "drawn from 0 to 1");
    assertEquals(drawn, ControlVector.drawn(3, 64, 2));
    assertNotEquals(drawn, ControlVector.drawn(4, 64, 2));
  }
}
