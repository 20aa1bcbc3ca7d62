package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.tf.TfTensors;
import org.unlearn4j.tf.Values;
import org.unlearn4j.tf.Variables;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;
import org.unlearn4j.weights.SafeTensors;

/** What A and B begin with, against float64 values of an independent implementation. */
class AdapterStartTest {
  /**
   * The program's rows are sums of float32 activations, whose rounding turns an eigenvector by what
   * it is over the gap to the next eigenvalue; the fixture's smallest gap is a hundredth of the
   * eigenvalue.
   */
  private static final double ROUNDING = 5e-5;

  private final Map<String, StepFixture> fixtures = new LinkedHashMap<>();

  private StepFixture fixture(String family) {
    return fixtures.computeIfAbsent(family, StepFixture::new);
  }

  private static JsonNode expected(String family) {
    return Fixture.named(family).json("adapters.json");
  }

  private static Pipeline settings(String family, String init, String... more) {
    JsonNode e = expected(family);
    List<String> targets = new ArrayList<>();
    e.path("targets").fieldNames().forEachRemaining(targets::add);
    List<String> all =
        new ArrayList<>(
            List.of(
                "unlearn.adapter.rank=" + e.path("rank").asInt(),
                "unlearn.adapter.alpha=" + e.path("alpha").asDouble(),
                "unlearn.adapter.beta=" + e.path("beta").asDouble(),
                "unlearn.adapter.orthogonality=0.5",
                "unlearn.adapter.orthogonality_rank=" + e.path("orthogonality_rank").asInt(),
                "unlearn.adapter.targets=[" + String.join(", ", targets) + "]",
                "unlearn.adapter.init=" + init));
    all.addAll(List.of(more));
    return Pipeline.defaults("GradDiff", all);
  }

  private Objective objective(StepFixture fixture, Pipeline p) {
    return Adapters.of(
        Objectives.of(p.unlearn(), fixture.decoder()),
        p.unlearn().loop(),
        "unlearn",
        fixture.decoder(),
        List.of(fixture.fixture().folder()));
  }

  private static AdapterStart.Rows rows(StepFixture fixture) {
    // So small a budget that the rows come in several batches.
    return new AdapterStart.Rows(
        fixture.rows().get(Segment.FORGET), fixture.rows().get(Segment.RETAIN), 26);
  }

  /** A graph whose adapters have begun. */
  private static void begin(StepFixture fixture, StepGraph graph, Pipeline p) {
    AdapterStart start = AdapterStart.of(graph, p.unlearn().loop(), rows(fixture));
    fixture.assignPolicy(graph);
    start.assign(fixture.fixture().folder());
  }

  private static Map<String, float[]> read(Variables variables) {
    Map<String, float[]> all = new LinkedHashMap<>();
    try (Values values = variables.values()) {
      variables.parameters().forEach(p -> all.put(p.name(), values.of(p).array()));
    }
    return all;
  }

  /** A, B and what is taken off again, after some settings. */
  private Map<String, float[]> begun(String family, Pipeline p) {
    StepFixture fixture = fixture(family);
    try (StepGraph graph =
        new StepGraph(fixture.decoder(), objective(fixture, p), Computations.FP32)) {
      begin(fixture, graph, p);
      Map<String, float[]> learned = read(graph.learned());
      Map<String, float[]> start =
          read(graph.weights().adapter().orElseThrow().start().orElseThrow());
      assertEquals(learned.keySet(), start.keySet());
      start.forEach((name, v) -> assertArrayEquals(v, learned.get(name), name));
      return learned;
    }
  }

  private static void assertFactors(String init, JsonNode expected, Map<String, float[]> begun) {
    expected
        .path("targets")
        .properties()
        .forEach(
            t -> {
              JsonNode values = t.getValue().path(init);
              for (String factor : List.of("A", "B")) {
                assertClose(
                    t.getKey() + " " + factor,
                    Fixture.doubles(values.path(factor)),
                    begun.get(t.getKey() + ".lora_" + factor + ".weight"),
                    ROUNDING,
                    ROUNDING);
              }
            });
  }

  private static void assertOthers(String init, JsonNode expected, Map<String, float[]> begun) {
    assertThrows(AssertionFailedError.class, () -> assertFactors(init, expected, begun));
  }

  /** Of {@code [out, in]} and {@code [in, out]}, square, wide and tall. */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void piSsaBeginsWithThePrincipalPartOfTheWeights(String family) {
    assertFactors("pissa", expected(family), begun(family, settings(family, "PiSSA")));
    // Another scale has other factors: one that is forgotten would show.
    assertOthers(
        "pissa",
        expected(family),
        begun(family, settings(family, "PiSSA", "unlearn.adapter.alpha=2")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void reGluBeginsWithDirectionsOfTheForgetRowsOutputs(String family) {
    assertFactors("reglu", expected(family), begun(family, settings(family, "ReGLU")));
    assertOthers(
        "reglu",
        expected(family),
        begun(family, settings(family, "ReGLU", "unlearn.adapter.beta=0")));
  }

  /** Gaussian too: what B is kept away from does not depend on what it begins with. */
  @ParameterizedTest
  @CsvSource({"llama,ReGLU", "gpt2,ReGLU", "llama,gaussian"})
  void whatBIsKeptAwayFromAreTheRetainRowsDirections(String family, String init) {
    StepFixture fixture = fixture(family);
    Pipeline p = settings(family, init);
    try (StepGraph graph =
        new StepGraph(fixture.decoder(), objective(fixture, p), Computations.FP32)) {
      begin(fixture, graph, p);
      Map<String, float[]> found = read(graph.avoided().orElseThrow());
      assertEquals(3, found.size());
      expected(family)
          .path("targets")
          .properties()
          .forEach(
              t ->
                  assertClose(
                      t.getKey(),
                      Fixture.doubles(t.getValue().path("retain_outputs")),
                      found.get(t.getKey() + ".retain_outputs"),
                      10 * ROUNDING,
                      0));
    }
  }

  /** The term and its gradient, which is all of B's that the other terms' sum leaves. */
  @ParameterizedTest
  @CsvSource({"llama,false", "llama,true", "gpt2,false"})
  void theTermIsThePublishedOne(String family, boolean recompute) {
    StepFixture fixture = fixture(family);
    Pipeline p = settings(family, "ReGLU");
    Objective with = objective(fixture, p);
    JsonNode expected = expected(family);
    try (StepGraph graph =
        new StepGraph(fixture.decoder(), with, Computations.FP32.recomputing(recompute))) {
      Map<Parameter, Operand<TFloat32>> alone = graph.gradientsOf("orthogonality");
      begin(fixture, graph, p);
      StepFixture.Values step =
          StepFixture.run(graph, fixture.batch(with), StepControl.of(with, 0));
      double value = expected.path("orthogonality").doubleValue();
      assertClose("term", value, step.terms().get("orthogonality"), 0, 1e-4);
      assertClose(
          "total",
          step.terms().get("forget") + step.terms().get("retain") + 0.5 * value,
          step.total(),
          1e-4,
          0);
      Pipeline off = settings(family, "ReGLU", "unlearn.adapter.orthogonality=0");
      Map<String, float[]> without = gradients(fixture, off, recompute);
      Adapter adapter = graph.weights().adapter().orElseThrow().adapter();
      assertEquals(adapter.targets().size(), alone.size(), "gradients of others than B");
      try (Feeds feeds = new Feeds(graph.runtime())) {
        graph.feed(feeds, fixture.batch(with), StepControl.of(with, 0));
        adapter.targets().forEach(t -> feeds.fetch(alone.get(t.up())));
        try (Result result = graph.runtime().run("gradients", feeds)) {
          for (int i = 0; i < adapter.targets().size(); i++) {
            Adapter.Target t = adapter.targets().get(i);
            double[] gradient =
                Fixture.doubles(
                    expected
                        .path("targets")
                        .path(t.linear().module())
                        .path("orthogonality_gradient"));
            assertClose(t.up().name(), gradient, TfTensors.floats(result, i), 10 * ROUNDING, 0);
            float[] all = step.gradients().get(t.up().name());
            float[] rest = without.get(t.up().name());
            double largest = 0;
            for (int k = 0; k < gradient.length; k++) {
              gradient[k] = rest[k] + 0.5 * gradient[k];
              largest = Math.max(largest, Math.abs(rest[k]));
            }
            assertClose(
                t.up().name() + " in all", gradient, all, 10 * ROUNDING + 1e-5 * largest, 0);
          }
        }
      }
    }
  }

  private Map<String, float[]> gradients(StepFixture fixture, Pipeline p, boolean recompute) {
    Objective objective = objective(fixture, p);
    try (StepGraph graph =
        new StepGraph(fixture.decoder(), objective, Computations.FP32.recomputing(recompute))) {
      assertTrue(graph.avoided().isEmpty());
      begin(fixture, graph, p);
      return StepFixture.run(graph, fixture.batch(objective), StepControl.of(objective, 0))
          .gradients();
    }
  }

  /** Adapters that have learned nothing are the base, to the bit where nothing is rearranged. */
  @ParameterizedTest
  @CsvSource({"llama,PiSSA", "llama,ReGLU", "gpt2,PiSSA", "gpt2,ReGLU"})
  void logitsAreTheBasesAtFirst(String family, String init) {
    StepFixture fixture = fixture(family);
    Pipeline p = settings(family, init, "unlearn.adapter.targets=[all-linear]");
    List<TokenRow> some = fixture.rows().get(Segment.FORGET);
    try (StepGraph graph =
            new StepGraph(
                fixture.decoder(), objective(fixture, p), Computations.FP32.unarranged());
        TensorFlowModel base =
            TensorFlowModel.open(fixture.fixture().folder(), Computations.FP32.unarranged())) {
      TensorFlowModel model = StageSupport.measured(graph, Precision.FP32);
      begin(fixture, graph, p);
      float[][][] expected = base.logits(some);
      float[][][] actual = model.logits(some);
      for (int r = 0; r < expected.length; r++) {
        for (int t = 0; t < expected[r].length; t++) {
          assertArrayEquals(expected[r][t], actual[r][t], r + " " + t);
        }
      }
      // It is what the start takes off that makes them so.
      graph.weights().adapter().orElseThrow().start().orElseThrow().zero();
      assertTrue(Math.abs(model.logits(some)[0][0][0] - expected[0][0][0]) > 1e-3);
    }
  }

  /** With a heap for the sums of one input alone, there are more passes and the same factors. */
  @Test
  void mapsAreLookedAtInPortions() {
    StepFixture fixture = fixture("llama");
    Pipeline p = settings("llama", "ReGLU", "unlearn.adapter.targets=[all-linear]");
    Map<String, float[]> atOnce = new LinkedHashMap<>();
    Map<String, float[]> inPortions = new LinkedHashMap<>();
    try (StepGraph graph =
        new StepGraph(fixture.decoder(), objective(fixture, p), Computations.FP32)) {
      var adapter = p.unlearn().loop().adapter().orElseThrow();
      RowDirections whole = new RowDirections(graph, adapter, rows(fixture));
      RowDirections parts = new RowDirections(graph, adapter, rows(fixture), 1);
      fixture.assignPolicy(graph);
      assertEquals(1, whole.portions().size());
      // q, k and v read the same, and so do gate and up: four inputs a block, three blocks.
      assertEquals(12, parts.portions().size());
      whole.find(fixture.fixture().folder(), atOnce);
      parts.find(fixture.fixture().folder(), inPortions);
    }
    assertEquals(3 * 21, atOnce.size());
    atOnce.forEach((name, v) -> assertArrayEquals(v, inPortions.get(name), name));
  }

  /** Teaching and relearning have their own weights' principal parts. */
  @Test
  void whoIsTaughtBeginsWithTheWeightsOfItsFolder() {
    StepFixture fixture = fixture("gpt2");
    Pipeline p = settings("gpt2", "PiSSA", "unlearn.adapter.orthogonality=0");
    Objective taught =
        Adapters.of(
            Objective.finetune(),
            p.unlearn().loop(),
            "finetune",
            fixture.decoder(),
            List.of(fixture.fixture().folder()));
    try (Pupil pupil =
        new Pupil(fixture.decoder(), taught, p.unlearn().loop(), Computations.FP32)) {
      pupil.assign(fixture.fixture().folder());
      assertFactors("pissa", expected("gpt2"), read(pupil.graph().learned()));
    }
  }

  /** Floors are measured on the reference alone: no adapter adds anything, biases are its own. */
  @Test
  void adaptersThatHaveNotBegunAddNothing() {
    StepFixture fixture = fixture("gpt2");
    Pipeline p = settings("gpt2", "PiSSA", "unlearn.adapter.train_bias=true");
    try (StepGraph graph =
        new StepGraph(fixture.decoder(), objective(fixture, p), Computations.FP32)) {
      AdapterStart start = AdapterStart.of(graph, p.unlearn().loop(), rows(fixture));
      fixture.assignPolicy(graph);
      start.none(fixture.referenceFile());
      Map<String, float[]> off = read(graph.learned());
      try (SafeTensors reference = SafeTensors.open(fixture.referenceFile())) {
        off.forEach(
            (name, v) ->
                assertArrayEquals(
                    name.endsWith(".bias") ? reference.floats(name) : new float[v.length],
                    v,
                    name));
      }
      assertEquals(3, off.keySet().stream().filter(n -> n.endsWith(".bias")).count());
    }
  }

  @Test
  void aRankAboveWhatForgetRowsSpanIsRefused() {
    UserException e =
        assertThrows(
            UserException.class,
            () -> begun("llama", settings("llama", "ReGLU", "unlearn.adapter.rank=4")));
    assertEquals(
        "unlearn.adapter.rank: found 4 with init: ReGLU, expected at most 3, the directions that 3"
            + " forget rows span at model.layers.0.self_attn.q_proj.",
        e.getMessage());
  }
}
