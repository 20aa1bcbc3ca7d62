package org.unlearn4j.run;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.config.AdapterSettings;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.AdapterWeights;
import org.unlearn4j.tf.PrincipalFactors;
import org.unlearn4j.tf.StartingFactors;
import org.unlearn4j.train.FreshWeights;
import org.unlearn4j.unlearn.StepGraph;
import org.unlearn4j.weights.SafeTensors;

/**
 * What the adapters of a graph begin with. Weights are read one matrix at a time; A, B and the
 * directions that a term keeps B away from are in the heap until the graph has them.
 */
final class AdapterStart {
  private final Optional<AdapterWeights> weights;
  private final Optional<AdapterSettings> settings;
  private final long seed;
  private final StepGraph graph;
  private final Optional<RowDirections> directions;

  /**
   * Rows that have a say.
   *
   * @param tokenBudget of the batches in which they are looked at
   */
  record Rows(List<TokenRow> forget, List<TokenRow> retain, int tokenBudget) {}

  private AdapterStart(StepGraph graph, LoopSettings loop, Optional<RowDirections> directions) {
    this.graph = graph;
    this.weights = graph.weights().adapter();
    this.settings = loop.adapter();
    this.seed = loop.seed();
    this.directions = directions;
  }

  /** Of a training whose rows have no say in it. */
  static AdapterStart of(StepGraph graph, LoopSettings loop) {
    return new AdapterStart(graph, loop, Optional.empty());
  }

  /**
   * Of a training that forgets rows; to be asked for before the graph's session opens.
   *
   * @throws org.unlearn4j.base.UserException if there are no retain rows and some have a say
   */
  static AdapterStart of(StepGraph graph, LoopSettings loop, Rows rows) {
    return new AdapterStart(
        graph,
        loop,
        graph
            .weights()
            .adapter()
            .filter(w -> graph.avoided().isPresent() || guided(loop))
            .map(w -> new RowDirections(graph, loop.adapter().orElseThrow(), rows)));
  }

  private static boolean guided(LoopSettings loop) {
    return loop.adapter().filter(a -> a.init() == AdapterSettings.Init.REGLU).isPresent();
  }

  /** Adapters that add nothing, with the biases of a model. */
  void none(Path model) {
    assign(model, Map.of());
  }

  /**
   * Gives the adapters, if there are any, the values that they begin with, and their biases those
   * of the model.
   *
   * @param model whose weights the graph has
   * @throws org.unlearn4j.base.UserException if rows do not span as many directions as there shall
   *     be
   */
  void assign(Path model) {
    if (weights.isEmpty()) {
      return;
    }
    Map<String, float[]> values = new HashMap<>();
    directions.ifPresent(d -> d.find(model, values));
    switch (settings.orElseThrow().init()) {
      case GAUSSIAN -> {
        // As PEFT's gaussian: A normal with a standard deviation of 1 / rank, B zeros.
        Function<Parameter, FloatBuffer> fresh =
            FreshWeights.of(seed, 1.0 / adapter().shape().rank());
        adapter()
            .targets()
            .forEach(t -> values.put(t.down().name(), fresh.apply(t.down()).array()));
      }
      case PISSA -> principal(model, values);
      case REGLU -> {
        // The directions have been found together with those that a term keeps B away from.
      }
    }
    assign(model, values);
  }

  private Adapter adapter() {
    return weights.orElseThrow().adapter();
  }

  private void principal(Path model, Map<String, float[]> values) {
    Adapter.Shape shape = adapter().shape();
    int done = 0;
    try (SafeTensors base = SafeTensors.open(model);
        PrincipalFactors factors = new PrincipalFactors(shape.rank(), shape.scale());
        ProgressBar bar = ProgressBar.named("adapters")) {
      for (Adapter.Target t : adapter().targets()) {
        put(t, factors.of(t.linear(), base.floats(t.linear().weight().name())), values);
        bar.update(++done, adapter().targets().size(), "");
      }
    }
  }

  static void put(Adapter.Target target, StartingFactors factors, Map<String, float[]> values) {
    values.put(target.down().name(), factors.down());
    values.put(target.up().name(), factors.up());
  }

  /** Gives all variables of the adapters their values; those that are not there are zeros. */
  private void assign(Path model, Map<String, float[]> values) {
    if (weights.isEmpty()) {
      return;
    }
    List<Parameter> biases = new ArrayList<>(adapter().biases());
    Function<Parameter, FloatBuffer> given =
        p ->
            FloatBuffer.wrap(
                values.containsKey(p.name())
                    ? values.get(p.name())
                    : new float[Math.toIntExact(p.size())]);
    try (SafeTensors base = SafeTensors.open(model)) {
      graph
          .learned()
          .assign(
              p -> biases.contains(p) ? FloatBuffer.wrap(base.floats(p.name())) : given.apply(p));
    }
    weights.get().start().ifPresent(start -> start.assign(given));
    graph.avoided().ifPresent(avoided -> avoided.assign(given));
  }
}
