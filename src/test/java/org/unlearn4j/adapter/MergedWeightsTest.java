package org.unlearn4j.adapter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.fixtures.Adapters;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.weights.SafeTensors;

/** Adapters added to weights, against the definition in float64. */
class MergedWeightsTest {

  private static Map<String, float[]> base(String family) {
    Map<String, float[]> values = new TreeMap<>();
    try (SafeTensors weights = SafeTensors.open(Fixture.named(family).folder())) {
      for (Parameter p : Adapters.decoder(family).parameters()) {
        values.put(p.name(), weights.floats(p.name()));
      }
    }
    return values;
  }

  private static WeightSource source(Map<String, float[]> values) {
    return (p, from, to) -> to.put(values.get(p.name()), Math.toIntExact(from), to.remaining());
  }

  /** {@code W + s B A} by the definition, in the layout that W has. */
  private static double[] defined(
      float[] w, Adapter.Target t, double scale, WeightSource values, boolean transposeB) {
    float[] a = values.all(t.down());
    float[] b = values.all(t.up());
    Linear l = t.linear();
    int rank = t.down().dim(0);
    double[] merged = new double[w.length];
    for (int o = 0; o < l.out(); o++) {
      for (int k = 0; k < l.in(); k++) {
        double sum = 0;
        for (int r = 0; r < rank; r++) {
          double up = transposeB ? b[r * l.out() + o] : b[o * rank + r];
          sum += up * a[r * l.in() + k];
        }
        int at = l.inOut() ? k * l.out() + o : o * l.in() + k;
        merged[at] = w[at] + scale * sum;
      }
    }
    return merged;
  }

  private static float[] read(WeightSource source, Parameter p, int piece) {
    float[] all = new float[Math.toIntExact(p.size())];
    for (int at = 0; at < all.length; at += piece) {
      source.read(p, at, FloatBuffer.wrap(all, at, Math.min(piece, all.length - at)));
    }
    return all;
  }

  /**
   * Both sums are taken in float64 and differ in their order alone, by less than 1e-14; so after
   * one rounding they are equal but where that lies at a tie, and then by one unit in the last
   * place.
   */
  private static double worst(double[] defined, float[] found) {
    double worst = 0;
    for (int i = 0; i < found.length; i++) {
      double off = Math.abs((float) defined[i] - found[i]) / Math.ulp((float) defined[i]);
      worst = Double.isNaN(off) ? Double.POSITIVE_INFINITY : Math.max(worst, off);
    }
    return worst;
  }

  /** gpt2: [in, out] and a fused matrix; phi3: fused ones of [out, in]; mixtral: experts. */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2", "phi3", "mixtral", "gpt_oss"})
  void adaptedWeightsAreTheSumAndAllOthersAsTheyWere(String family) {
    Decoder decoder = Adapters.decoder(family);
    Map<String, float[]> base = base(family);
    LowRank adapter = Adapters.random(decoder, 7, false, "q", "down");
    WeightSource merged =
        new MergedWeights(source(base), List.of(MergedWeights.Weighted.whole(adapter)));
    Map<String, Adapter.Target> targets = new TreeMap<>();
    adapter.adapter().targets().forEach(t -> targets.put(t.linear().weight().name(), t));
    assertTrue(targets.size() >= 4, targets.keySet().toString());
    for (Parameter p : decoder.parameters()) {
      float[] w = base.get(p.name());
      float[] found = read(merged, p, 101); // in pieces that end within rows
      Adapter.Target t = targets.get(p.name());
      if (t == null) {
        assertArrayEquals(w, found, p.name());
        continue;
      }
      assertArrayEquals(found, read(merged, p, found.length), p.name());
      assertTrue(worst(defined(w, t, 1.5, adapter.values(), false), found) <= 1, p.name());
      // Plausible mistakes are far from it.
      assertTrue(worst(defined(w, t, 1, adapter.values(), false), found) > 1000, "no scale");
      assertTrue(worst(defined(w, t, 1.5, adapter.values(), true), found) > 1000, "B transposed");
      assertTrue(worst(defined(w, t, 0, adapter.values(), false), found) > 1000, "nothing added");
    }
  }

  /** Biases that learned stand in the place of the base's, in the same bits. */
  @Test
  void trainedBiasesReplaceTheBases() {
    Decoder decoder = Adapters.decoder("gpt2");
    Map<String, float[]> base = base("gpt2");
    LowRank adapter = Adapters.random(decoder, 7, true, "all-linear");
    WeightSource merged =
        new MergedWeights(source(base), List.of(MergedWeights.Weighted.whole(adapter)));
    assertEquals(12, adapter.replaced().size()); // four in each of three blocks
    for (Parameter p : adapter.replaced()) {
      assertArrayEquals(adapter.values().all(p), merged.all(p), p.name());
    }
    // Two of them move a bias by the sum of their ways, each with its weight.
    LowRank other = Adapters.random(decoder, 8, true, "all-linear");
    WeightSource both =
        new MergedWeights(
            source(base),
            List.of(
                new MergedWeights.Weighted(adapter, 0.5), new MergedWeights.Weighted(other, 2)));
    for (Parameter p : adapter.replaced()) {
      float[] w = base.get(p.name());
      float[] one = adapter.values().all(p);
      float[] two = other.values().all(p);
      double[] sum = new double[w.length];
      for (int i = 0; i < w.length; i++) {
        sum[i] = w[i] + 0.5 * ((double) one[i] - w[i]) + 2 * ((double) two[i] - w[i]);
      }
      assertTrue(worst(sum, both.all(p)) <= 1, p.name());
    }
  }

  /** One after the other rounds twice; together they are rounded once. */
  @Test
  void severalAdaptersAreAddedWithTheirWeights() {
    Decoder decoder = Adapters.decoder("llama");
    Map<String, float[]> base = base("llama");
    LowRank one = Adapters.random(decoder, 1, false, "q", "v");
    LowRank two = Adapters.random(decoder, 2, false, "v", "up");
    WeightSource merged =
        new MergedWeights(
            source(base),
            List.of(new MergedWeights.Weighted(one, 0.5), MergedWeights.Weighted.whole(two)));
    Linear v =
        decoder.linears().stream()
            .filter(l -> l.module().equals("model.layers.1.self_attn.v_proj"))
            .findFirst()
            .orElseThrow();
    float[] w = base.get(v.weight().name());
    double[] first = defined(w, one.adapter().target(v).orElseThrow(), 0.75, one.values(), false);
    double[] second = defined(w, two.adapter().target(v).orElseThrow(), 1.5, two.values(), false);
    double[] sum = new double[w.length];
    for (int i = 0; i < w.length; i++) {
      sum[i] = first[i] + second[i] - w[i];
    }
    assertTrue(worst(sum, merged.all(v.weight())) <= 1);
  }

  /**
   * An adapter that begins with a part of W: what is left of W plus what was learned is W plus the
   * difference, whichever scale.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatWasLearnedSinceAStartIsAnAdapterOfTheWholeWeights(boolean stabilised) {
    Decoder decoder = Adapters.decoder("gpt2");
    Adapter adapter =
        Adapter.of(
            decoder,
            new Adapter.Shape(2, 3, stabilised, 0),
            new Adapter.Selection(List.of("all-linear"), List.of(), true, "unlearn.adapter"));
    LowRank start = Adapters.random(adapter, 1);
    LowRank end = Adapters.random(adapter, 2);
    Map<String, float[]> base = base("gpt2");
    LowRank since = end.since(start);
    assertEquals(4, since.adapter().shape().rank());
    assertEquals(adapter.shape().scale(), since.adapter().shape().scale(), 1e-15);
    WeightSource rest =
        new MergedWeights(source(base), List.of(new MergedWeights.Weighted(start, -1)));
    WeightSource left = new MergedWeights(rest, List.of(MergedWeights.Weighted.whole(end)));
    WeightSource right =
        new MergedWeights(source(base), List.of(MergedWeights.Weighted.whole(since)));
    for (Adapter.Target t : adapter.targets()) {
      // What is left of W was rounded to float32 in between: values are below 4, half a unit
      // 1.2e-7.
      assertArrayEquals(
          left.all(t.linear().weight()), right.all(t.linear().weight()), 5e-7f, t.toString());
    }
    Parameter bias = adapter.biases().get(0);
    assertArrayEquals(end.values().all(bias), right.all(bias));
    LowRank other = Adapters.random(decoder, 1, false, "q");
    assertThrows(IllegalArgumentException.class, () -> end.since(other));
  }
}
