package org.unlearn4j.train;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.TfTensors;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/**
 * A robust step put together outside the graph, from one that knows nothing of attacks: the
 * gradient of each term alone, at weights that are assigned.
 */
final class RobustByHand implements AutoCloseable {
  private static final StepControl CONTROL =
      new StepControl(1, 1, new StepControl.ViewSeed(5, 3, 0));

  private final StepFixture fixture;
  private final Map<String, Double> weights = new LinkedHashMap<>();
  private final StepGraph graph;
  private final Map<String, Map<Parameter, Operand<TFloat32>>> gradients = new HashMap<>();
  private final StepBatch batch;

  /**
   * Builds the graph.
   *
   * @param lambda weight of a regulariser
   */
  RobustByHand(StepFixture fixture, Objective objective, double lambda) {
    this(fixture, objective, lambda, fixture.batch(objective));
  }

  /** The same over other rows than all of the fixture's. */
  RobustByHand(StepFixture fixture, Objective objective, double lambda, StepBatch rows) {
    this.fixture = fixture;
    this.batch = rows;
    objective.forget().ifPresent(f -> weights.put("forget", f.weight()));
    objective.retain().ifPresent(r -> weights.put("retain", r.weight()));
    objective.regulariser().ifPresent(r -> weights.put("clreg", lambda));
    graph = new StepGraph(fixture.decoder(), objective, Computations.FP32);
    for (String term : weights.keySet()) {
      gradients.put(term, graph.gradientsOf(term));
    }
  }

  StepBatch batch() {
    return batch;
  }

  /** The fixture's. */
  Map<String, float[]> weights() {
    fixture.assignPolicy(graph);
    return StepFixture.weights(graph);
  }

  /** One term's value at the fixture's weights. */
  double value(String term) {
    fixture.assignPolicy(graph);
    try (Feeds feeds = new Feeds(graph.runtime())) {
      graph.feed(feeds, batch, CONTROL);
      feeds.fetch(graph.values().get(term));
      try (Result result = graph.runtime().run(term, feeds)) {
        return TfTensors.floats(result, 0)[0];
      }
    }
  }

  /** Gradient of one term at given weights. */
  Map<String, float[]> gradient(String term, Map<String, float[]> at, StepBatch rows) {
    graph.variables().assign(p -> FloatBuffer.wrap(at.get(p.name())));
    try (Feeds feeds = new Feeds(graph.runtime())) {
      graph.feed(feeds, rows, CONTROL);
      List<Parameter> parameters = new ArrayList<>(gradients.get(term).keySet());
      gradients.get(term).values().forEach(feeds::fetch);
      try (Result result = graph.runtime().run(term, feeds)) {
        Map<String, float[]> found = new HashMap<>();
        for (int i = 0; i < parameters.size(); i++) {
          found.put(parameters.get(i).name(), TfTensors.floats(result, i));
        }
        return found;
      }
    }
  }

  /** The weighted forget gradient at some weights and those of the other terms at others. */
  Map<String, float[]> combined(Map<String, float[]> forget, Map<String, float[]> rest) {
    Map<String, float[]> sum = new HashMap<>();
    weights.forEach(
        (term, weight) -> {
          Map<String, float[]> at = term.equals("forget") ? forget : rest;
          gradient(term, at, batch)
              .forEach(
                  (name, g) ->
                      sum.put(name, plus(sum.getOrDefault(name, new float[g.length]), g, weight)));
        });
    return sum;
  }

  /**
   * Weights moved along the forget gradient.
   *
   * @param each every parameter by the radius, instead of all of them together
   */
  Map<String, float[]> ascended(double radius, boolean each) {
    Map<String, float[]> g = gradient("forget", weights(), batch);
    double norm = new StepFixture.Values(Map.of(), 0, g).gradNorm();
    Map<String, float[]> direction = new HashMap<>();
    g.forEach((n, v) -> direction.put(n, scaled(v, each ? StepFixture.Values.l2(v) : norm)));
    return moved(weights(), direction, radius);
  }

  private static float[] scaled(float[] values, double by) {
    float[] scaled = values.clone();
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = (float) (scaled[i] / by);
    }
    return scaled;
  }

  /** Weights that have learnt, one step a batch. */
  Map<String, float[]> relearnt(List<StepBatch> lessons, double rate) {
    Map<String, float[]> at = weights();
    for (StepBatch lesson : lessons) {
      Map<String, float[]> signs = new HashMap<>();
      gradient("retain", at, lesson)
          .forEach(
              (name, g) -> {
                float[] sign = new float[g.length];
                for (int i = 0; i < g.length; i++) {
                  sign[i] = Math.signum(g[i]);
                }
                signs.put(name, sign);
              });
      at = moved(at, signs, -rate);
    }
    return at;
  }

  /** The weights on the other side. */
  static Map<String, float[]> mirrored(Map<String, float[]> there, Map<String, float[]> here) {
    Map<String, float[]> back = moved(there, here, -1);
    return moved(here, back, -1);
  }

  /** {@code from + by * along}; what is not along stays. */
  private static Map<String, float[]> moved(
      Map<String, float[]> from, Map<String, float[]> along, double by) {
    Map<String, float[]> to = new HashMap<>(from);
    along.forEach((name, values) -> to.put(name, plus(from.get(name), values, by)));
    return to;
  }

  private static float[] plus(float[] from, float[] along, double by) {
    float[] result = new float[from.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = (float) (from[i] + by * along[i]);
    }
    return result;
  }

  @Override
  public void close() {
    graph.close();
  }
}
