package org.unlearn4j.surgery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Norm;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.StreamEnds;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.weights.SafeTensors;

/**
 * Projections in weights, held against projections of what goes through them, in float64 from the
 * original's own stream.
 */
class CutTest {
  /** One rounding of each weight to float32 in sums of 32 products. */
  private static final double TOLERANCE = 1e-5;

  /** A model's weights in memory. */
  private static final class Memory implements Cut.Weights {
    final Map<String, float[]> values = new HashMap<>();
    int changes;

    Memory(String fixture) {
      try (SafeTensors file = SafeTensors.open(Fixture.named(fixture).folder())) {
        Decoder.of(ModelConfig.read(Fixture.named(fixture).folder()))
            .parameters()
            .forEach(p -> values.put(p.name(), file.floats(p.name())));
      }
    }

    @Override
    public float[] get(Parameter p) {
      return values.get(p.name()).clone();
    }

    @Override
    public void put(Parameter p, float[] changed) {
      changes++;
      values.put(p.name(), changed);
    }
  }

  private static StreamEnds ends(String fixture) {
    return Decoder.of(ModelConfig.read(Fixture.named(fixture).folder())).streamEnds();
  }

  /** The stream at a layer, at the positions that predict the fixture's labels. */
  private static float[][] stream(String fixture, int layer) {
    Fixture f = Fixture.named(fixture);
    try (TensorFlowModel model = TensorFlowModel.open(f.folder(), Computations.FP32)) {
      return model.states(Fixture.rows(f.expected()), List.of(layer))[0];
    }
  }

  /** The same where the runtime is asked, else vectors as they may be anywhere. */
  private static float[][] something(String fixture) {
    if (List.of("llama", "gpt2", "gpt_neox", "mixtral").contains(fixture)) {
      return stream(fixture, 1);
    }
    Random random = new Random(7);
    float[][] vectors = new float[4][width(fixture)];
    for (float[] v : vectors) {
      for (int i = 0; i < v.length; i++) {
        v[i] = (float) random.nextGaussian();
      }
    }
    return vectors;
  }

  private static int width(String fixture) {
    return ModelConfig.read(Fixture.named(fixture).folder()).hiddenSize();
  }

  private static double[][] basis(long seed, int rank) {
    return basis(seed, rank, 32);
  }

  private static double[][] basis(long seed, int rank, int width) {
    Random random = new Random(seed);
    double[][] vectors = new double[rank][width];
    for (double[] v : vectors) {
      for (int i = 0; i < v.length; i++) {
        v[i] = random.nextGaussian();
      }
    }
    return Projection.orthonormal(vectors);
  }

  private static double[] projected(double[] x, double[][] u, double strength) {
    double[] y = x.clone();
    for (double[] direction : u) {
      double along = Projection.dot(direction, x);
      for (int i = 0; i < y.length; i++) {
        y[i] -= strength * along * direction[i];
      }
    }
    return y;
  }

  /** {@code x} behind a norm without gain and bias; layer norms have a bias. */
  private static double[] normed(float[] x, Optional<Norm> norm) {
    double mean = 0;
    if (norm.flatMap(Norm::bias).isPresent()) {
      mean = IntStream.range(0, x.length).mapToDouble(i -> x[i]).average().orElseThrow();
    }
    double square = 0;
    for (float v : x) {
      square += (v - mean) * (v - mean) / x.length;
    }
    double by = norm.isEmpty() ? 1 : 1 / Math.sqrt(square + norm.get().epsilon());
    double[] y = new double[x.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = (x[i] - mean) * by;
    }
    return y;
  }

  private static double[] output(Linear linear, double[] x, Memory weights) {
    float[] w = weights.get(linear.weight());
    double[] y = new double[linear.out()];
    for (int o = 0; o < y.length; o++) {
      for (int i = 0; i < x.length; i++) {
        y[o] += w[linear.inOut() ? i * linear.out() + o : o * linear.in() + i] * x[i];
      }
      y[o] += linear.bias().isPresent() ? weights.get(linear.bias().get())[o] : 0;
    }
    return y;
  }

  /** What a reader returns for {@code x}, of which {@code p} makes what passes the norm. */
  private static double[] read(
      StreamEnds.Reader r, float[] x, UnaryOperator<double[]> p, Memory weights) {
    double[] n = p.apply(normed(x, r.norm()));
    for (int i = 0; i < n.length && r.norm().isPresent(); i++) {
      Norm norm = r.norm().get();
      double bias = norm.bias().isPresent() ? weights.get(norm.bias().get())[i] : 0;
      n[i] = (weights.get(norm.weight())[i] + (norm.plusOne() ? 1 : 0)) * n[i] + bias;
      n[i] *= r.factor();
    }
    return output(r.linear(), n, weights);
  }

  private static double distance(double[] a, double[] b) {
    double most = 0;
    for (int i = 0; i < a.length; i++) {
      double by = Math.abs(a[i] - b[i]);
      most = by > most || Double.isNaN(by) ? by : most;
    }
    return most;
  }

  /** The largest difference of any reader at a layer between the cut model and a projection. */
  private static double difference(
      String fixture, int layer, float[][] stream, Memory cut, UnaryOperator<double[]> p) {
    Memory original = new Memory(fixture);
    double most = 0;
    for (StreamEnds.Reader r : ends(fixture).readers()) {
      for (float[] x : stream) {
        if (r.block() == layer) {
          double[] due = read(r, x, p, original);
          most = Math.max(most, distance(due, read(r, x, n -> n, cut)));
        }
      }
    }
    return most;
  }

  /** Every family's readers of block 1 see the projected stream, whole and by half. */
  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void readersSeeTheProjectedStream(String fixture) {
    float[][] stream = something(fixture);
    double[][] u = basis(3, 2, width(fixture));
    for (double strength : new double[] {1, 0.5}) {
      Memory cut = new Memory(fixture);
      Cut.Done done = new Cut(ends(fixture), true, false, strength).apply(Map.of(1, u), cut);
      assertTrue(done.read().size() >= 2 && done.written().isEmpty(), done.toString());
      assertEquals(Set.of(), done.leftOut());
      double off = difference(fixture, 1, stream, cut, n -> projected(n, u, strength));
      assertTrue(off < TOLERANCE, fixture + " is off by " + off);
      // The same test sees that something was cut, and how much.
      assertTrue(difference(fixture, 1, stream, cut, n -> n) > 100 * TOLERANCE);
      assertTrue(difference(fixture, 1, stream, cut, n -> projected(n, u, 0.7)) > 100 * TOLERANCE);
    }
  }

  /** Mistakes that are easily made, each of which the comparison above would see. */
  @ParameterizedTest
  @CsvSource({"llama, GAIN", "llama, SIDE", "gpt2, GAIN", "gpt2, SHIFT", "gpt_neox, SHIFT"})
  void mistakesAreSeen(String fixture, String mistake) {
    float[][] stream = something(fixture);
    double[][] u = basis(3, 2);
    Projection p = new Projection(u, 1);
    Memory wrong = new Memory(fixture);
    for (StreamEnds.Reader r : ends(fixture).readers()) {
      if (r.block() == 1) {
        Linear linear = r.linear();
        float[] w = wrong.get(linear.weight());
        double[] gain = new double[32];
        float[] stored = wrong.get(r.norm().orElseThrow().weight());
        double[] shift = new double[32];
        for (int i = 0; i < gain.length; i++) {
          gain[i] = mistake.equals("GAIN") ? 1 : stored[i];
        }
        if (mistake.equals("SIDE") && linear.out() == 32) {
          p.write(w, linear.inOut() ? 1 : linear.in());
        } else {
          p.read(w, linear.inOut() ? linear.out() : 1, gain, shift, 1);
        }
        wrong.put(linear.weight(), w);
      }
    }
    double off = difference(fixture, 1, stream, wrong, n -> projected(n, u, 1));
    assertTrue(off > TOLERANCE, mistake + " is off by " + off + " only");
  }

  /** Nothing is written along the directions of layers above, and all else as before. */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt_neox", "phi", "mixtral", "qwen3_moe", "phi3"})
  void writersLeaveTheDirectionsAlone(String fixture) {
    double[][] first = basis(4, 2, width(fixture));
    double[][] second = basis(5, 1, width(fixture));
    Memory original = new Memory(fixture);
    Memory cut = new Memory(fixture);
    Cut.Done done = new Cut(ends(fixture), false, true, 1).apply(Map.of(1, first, 2, second), cut);
    assertEquals(Set.of(), done.leftOut());
    double[][] both = Projection.orthonormal(new double[][] {first[0], first[1], second[0]});
    Random random = new Random(6);
    for (StreamEnds.Writer w : ends(fixture).writers()) {
      double[] x = random.doubles(w.linear().in(), -1, 1).toArray();
      double[][] u = w.block() < 1 ? both : second;
      double[] before = output(w.linear(), x, original);
      double[] due = w.block() < 2 ? projected(before, u, 1) : before;
      double off = distance(due, output(w.linear(), x, cut));
      assertTrue(off < TOLERANCE, w + " is off by " + off);
      assertEquals(w.block() < 2, done.written().contains(w.linear().weight().name()));
      assertTrue(w.block() >= 2 || distance(due, before) > 100 * TOLERANCE, w.toString());
    }
  }

  /** GPT-2's matrices lie the other way, and its head is its table. */
  @Test
  void whatIsTiedStays() {
    Memory original = new Memory("gpt2");
    Memory cut = new Memory("gpt2");
    double[][] u = basis(4, 2);
    Cut.Done done = new Cut(ends("gpt2"), true, true, 1).apply(Map.of(3, u), cut);
    assertEquals(
        Set.of("transformer.wte.weight is both the token table and the head"), done.leftOut());
    assertEquals(0, distance(List.of(original, cut), "transformer.wte.weight"));
    for (StreamEnds.Writer w : ends("gpt2").writers()) {
      if (!w.linear().weight().name().contains("wte")) {
        double[] x = new Random(6).doubles(w.linear().in(), -1, 1).toArray();
        double[] due = projected(output(w.linear(), x, original), u, 1);
        assertTrue(distance(due, output(w.linear(), x, cut)) < TOLERANCE, w.toString());
      }
    }
    assertEquals(1 + 2 * 3, done.written().size());
  }

  private static double distance(List<Memory> two, String name) {
    float[] a = two.get(0).values.get(name);
    float[] b = two.get(1).values.get(name);
    return IntStream.range(0, a.length).mapToDouble(i -> Math.abs(a[i] - b[i])).max().orElseThrow();
  }

  /** Its head has no bias for what the bias of the norm before it would lack. */
  @Test
  void aHeadWithoutABiasIsLeftBehindABiasedNorm() {
    Memory cut = new Memory("gpt_neox");
    Cut.Done done = new Cut(ends("gpt_neox"), true, false, 1).apply(Map.of(2, basis(1, 1)), cut);
    assertEquals(
        Set.of(
            "embed_out.weight has no bias for what gpt_neox.final_layer_norm.bias adds before it"),
        done.leftOut());
    assertEquals(0, cut.changes);
  }

  @Test
  void whatWritesThroughNormsIsNamed() {
    Cut writes = new Cut(ends("gemma2"), false, true, 1);
    assertEquals(false, writes.possible(Set.of(0, 1, 2, 3)));
    assertEquals(7, writes.fixed(Set.of(3)).size());
    assertTrue(
        writes
            .fixed(Set.of(3))
            .contains("model.layers.0.mlp.down_proj.weight writes through a norm"));
    assertTrue(new Cut(ends("gemma2"), true, true, 1).possible(Set.of(0)));
    assertEquals(false, new Cut(ends("gemma2"), true, true, 1).possible(Set.of()));
  }

  /** Neither a strength of 0 nor no direction touches a weight. */
  @Test
  void nothingIsNothing() {
    Memory cut = new Memory("llama");
    assertEquals(
        List.of(), new Cut(ends("llama"), true, true, 0).apply(Map.of(0, basis(1, 2)), cut).read());
    new Cut(ends("llama"), true, true, 1).apply(Map.of(1, new double[0][]), cut);
    assertEquals(0, cut.changes);
  }

  /** A gain of 0 lets nothing through, and nothing is divided by it. */
  @Test
  void aFeatureWithoutAGainIsNotRead() {
    float[] w = {1, 2, 3, 4, 5, 6};
    double[][] u = {{0.6, 0.8, 0}};
    new Projection(u, 1).read(w, 1, new double[] {2, 0, 1}, new double[3], 1);
    // Row (1, 2, 3) is seen as (2, 0, 3); along u it has 1.2, of which 0.72 is the first feature.
    assertEquals((2 - 0.72) / 2, w[0], 1e-6);
    assertEquals(0, w[1]);
    assertEquals(3, w[2]);
  }

  /**
   * Features that are read at the cut move by the root of the energy that is given up there: the
   * stream of the same tokens, in float64, the shares from its second moments.
   */
  @Test
  void retainFeaturesMoveByTheEnergyGivenUp() {
    float[][] stream = stream("llama", 1);
    SecondMoments retain = new SecondMoments(32);
    for (float[] x : stream) {
      retain.add(x);
    }
    double[][] u = basis(9, 3);
    double[] given = Directions.shares(u, retain.mean());
    double way = 0;
    double length = 0;
    for (float[] x : stream) {
      double[] before = normed(x, Optional.empty());
      double[] after = projected(before, u, 1);
      for (int i = 0; i < before.length; i++) {
        way += Math.pow(after[i] - before[i], 2);
        length += before[i] * before[i];
      }
    }
    double moved = Math.sqrt(way / length);
    assertTrue(moved > 0.01, "moved by " + moved);
    assertEquals(Math.sqrt(given[2]), moved, 1e-3 * moved);
  }

  /** The stream is that of the position before a label: the features' own is one further. */
  @Test
  void statesAreThoseThatPredict() {
    Fixture f = Fixture.named("llama");
    try (TensorFlowModel model = TensorFlowModel.open(f.folder(), Computations.FP32)) {
      List<TokenRow> rows = Fixture.rows(f.expected()).subList(0, 1);
      List<Integer> labelled = new ArrayList<>();
      int[] labels = rows.get(0).labels().clone();
      IntStream.range(0, labels.length).filter(t -> labels[t] >= 0).forEach(labelled::add);
      float[][] states = model.states(rows, List.of(2))[0];
      assertEquals(labelled.size(), states.length);
      // A row that is labelled at that position alone has its state as features.
      for (int n = 0; n < states.length; n++) {
        int[] own = new int[labels.length];
        Arrays.fill(own, TokenRow.IGNORED);
        own[labelled.get(n) - 1] = rows.get(0).ids()[labelled.get(n) - 1];
        TokenRow alone = new TokenRow(rows.get(0).ids(), own);
        float[] due = model.features(List.of(alone))[2][0];
        for (int i = 0; i < due.length; i++) {
          assertEquals(due[i], states[n][i], 1e-6);
        }
      }
    }
  }
}
