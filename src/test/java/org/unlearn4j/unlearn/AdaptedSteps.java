package org.unlearn4j.unlearn;

import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;

/** Steps through adapters, and the same steps of a model that has them merged into its weights. */
final class AdaptedSteps {
  final StepFixture fixture;
  final Adapter adapter;

  /** Adapters of everything that a fixture's model has. */
  AdaptedSteps(StepFixture fixture, Adapter.Shape shape, String... targets) {
    this.fixture = fixture;
    this.adapter =
        Adapter.of(
            fixture.decoder(),
            shape,
            new Adapter.Selection(List.of(targets), List.of(), false, "unlearn.adapter"));
  }

  Adaptation adaptation(boolean shifted) {
    return new Adaptation(adapter, Map.of(), shifted);
  }

  /** The adaptation of a model that lies in memory in 16 bits. */
  Adaptation stored(DType format) {
    Map<String, DType> formats = new HashMap<>();
    fixture.decoder().parameters().forEach(p -> formats.put(p.name(), format));
    return new Adaptation(adapter, formats, false);
  }

  /** Random A and B, so large that they matter. */
  Map<Parameter, float[]> drawn(long seed) {
    Map<Parameter, float[]> values = new LinkedHashMap<>();
    Random random = new Random(seed);
    for (Parameter p : adapter.parameters()) {
      values.put(p, gaussian(random, p, 0.1));
    }
    return values;
  }

  static float[] gaussian(Random random, Parameter p, double deviation) {
    float[] v = new float[(int) p.size()];
    for (int i = 0; i < v.length; i++) {
      v[i] = (float) (deviation * random.nextGaussian());
    }
    return v;
  }

  /** A step through adapters that have these values. */
  StepFixture.Values run(
      Objective objective,
      Adaptation adaptation,
      Map<Parameter, float[]> values,
      Computation computation) {
    Objective adapted = objective.adapting(adaptation);
    StepBatch batch = fixture.batch(objective);
    try (StepGraph graph = new StepGraph(fixture.decoder(), adapted, computation)) {
      fixture.assignPolicy(graph);
      graph.learned().assign(p -> FloatBuffer.wrap(values.get(p)));
      graph
          .weights()
          .adapter()
          .orElseThrow()
          .start()
          .ifPresent(start -> start.assign(p -> FloatBuffer.wrap(values.get(p))));
      return StepFixture.run(graph, batch, StepControl.of(objective, 0.1));
    }
  }

  /** The same step of a model with other weights, its frozen twin being the base. */
  StepFixture.Values plain(Objective objective, Map<String, float[]> weights, Computation how) {
    StepBatch batch = fixture.batch(objective);
    try (StepGraph graph = new StepGraph(fixture.decoder(), objective, how)) {
      graph.variables().assign(p -> FloatBuffer.wrap(weights.get(p.name())));
      Map<String, float[]> base = base();
      graph.frozen().ifPresent(f -> f.assign(p -> FloatBuffer.wrap(base.get(p.name()))));
      return StepFixture.run(graph, batch, StepControl.of(objective, 0.1));
    }
  }

  Map<String, float[]> base() {
    Map<String, float[]> weights = new LinkedHashMap<>();
    try (SafeTensors file = SafeTensors.open(fixture.fixture().folder())) {
      fixture.decoder().parameters().forEach(p -> weights.put(p.name(), file.floats(p.name())));
    }
    return weights;
  }

  /** {@code W + s B A}, summed in float64; transposed where the layout is {@code [in, out]}. */
  Map<String, float[]> merged(Map<Parameter, float[]> values) {
    Map<String, float[]> weights = base();
    for (Adapter.Target t : adapter.targets()) {
      Linear l = t.linear();
      float[] w = weights.get(l.weight().name());
      float[] a = values.get(t.down());
      float[] b = values.get(t.up());
      int rank = adapter.shape().rank();
      for (int o = 0; o < l.out(); o++) {
        for (int i = 0; i < l.in(); i++) {
          double sum = 0;
          for (int r = 0; r < rank; r++) {
            sum += (double) b[o * rank + r] * a[r * l.in() + i];
          }
          int at = l.inOut() ? i * l.out() + o : o * l.in() + i;
          w[at] = (float) (w[at] + adapter.shape().scale() * sum);
        }
      }
    }
    return weights;
  }

  /**
   * What the gradient G of W is for A and B: {@code dB = s G A^T} and {@code dA = s B^T G}, G as
   * {@code [out, in]}.
   */
  Map<String, float[]> projected(
      Map<String, float[]> gradients, Map<Parameter, float[]> values, double scale) {
    Map<String, float[]> projected = new LinkedHashMap<>();
    int rank = adapter.shape().rank();
    for (Adapter.Target t : adapter.targets()) {
      Linear l = t.linear();
      float[] g = gradients.get(l.weight().name());
      float[] a = values.get(t.down());
      float[] b = values.get(t.up());
      double[] da = new double[a.length];
      double[] db = new double[b.length];
      for (int o = 0; o < l.out(); o++) {
        for (int i = 0; i < l.in(); i++) {
          double each = scale * g[l.inOut() ? i * l.out() + o : o * l.in() + i];
          for (int r = 0; r < rank; r++) {
            db[o * rank + r] += each * a[r * l.in() + i];
            da[r * l.in() + i] += each * b[o * rank + r];
          }
        }
      }
      projected.put(t.down().name(), floats(da));
      projected.put(t.up().name(), floats(db));
    }
    return projected;
  }

  private static float[] floats(double[] values) {
    float[] narrow = new float[values.length];
    for (int i = 0; i < narrow.length; i++) {
      narrow[i] = (float) values[i];
    }
    return narrow;
  }
}
