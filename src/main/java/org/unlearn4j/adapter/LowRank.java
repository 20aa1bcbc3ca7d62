package org.unlearn4j.adapter;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;

/**
 * An adapter with values.
 *
 * @param adapter which linear maps it adapts, with which rank and scale
 * @param replaced parameters of the base that have other values: trained biases, mostly
 * @param values of the adapter's A and B, and of what is replaced
 */
public record LowRank(Adapter adapter, List<Parameter> replaced, WeightSource values) {
  public LowRank {
    replaced = List.copyOf(replaced);
  }

  /** An adapter that learned nothing but its own parameters, whose values are given whole. */
  public static LowRank of(Adapter adapter, Function<Parameter, float[]> values) {
    return new LowRank(
        adapter,
        adapter.biases(),
        (p, from, to) -> to.put(values.apply(p), Math.toIntExact(from), to.remaining()));
  }

  /**
   * What was learned since a start, as an adapter of the weights before the start was taken out of
   * them: {@code B A - B0 A0 = [B, -B0] [A; A0]}, of twice the rank and the same scale. An adapter
   * that begins with parts of W (PiSSA: Meng et al. 2024) is published so.
   *
   * @param start of the same targets, rank and scale
   */
  public LowRank since(LowRank start) {
    Adapter.Shape shape = adapter.shape();
    int rank = shape.rank();
    double alpha = shape.alpha() * (shape.rankStabilised() ? Math.sqrt(2) : 2);
    Map<String, Adapter.Target> now = byDown(adapter);
    Map<String, Adapter.Target> then = byDown(start.adapter);
    if (!shape.equals(start.adapter.shape()) || !now.keySet().equals(then.keySet())) {
      throw new IllegalArgumentException("a start of other targets, rank or scale");
    }
    Adapter wide =
        new Adapter(
            new Adapter.Shape(2 * rank, alpha, shape.rankStabilised(), shape.dropout()),
            adapter.targets().stream().map(t -> target(t.linear(), 2 * rank)).toList(),
            adapter.biases());
    return new LowRank(
        wide,
        replaced,
        (p, from, to) -> {
          boolean down = now.containsKey(p.name());
          if (!down && replaced.contains(p)) {
            values.read(p, from, to);
            return;
          }
          String key = down ? p.name() : p.name().replace(".lora_B.", ".lora_A.");
          Adapter.Target a = now.get(key);
          Adapter.Target b = then.get(key);
          float[] joined =
              down
                  ? below(values.all(a.down()), start.values.all(b.down()))
                  : beside(values.all(a.up()), start.values.all(b.up()), rank);
          to.put(joined, Math.toIntExact(from), to.remaining());
        });
  }

  /** A target with A and B of a rank, under their published names. */
  static Adapter.Target target(Linear linear, int rank) {
    String module = linear.module();
    return new Adapter.Target(
        linear,
        Parameter.matrix(module + ".lora_A.weight", rank, linear.in()),
        new Parameter(
            module + ".lora_B.weight", List.of(linear.out(), rank), Parameter.Init.ZEROS));
  }

  private static Map<String, Adapter.Target> byDown(Adapter adapter) {
    return adapter.targets().stream().collect(Collectors.toMap(t -> t.down().name(), t -> t));
  }

  private static float[] below(float[] a, float[] b) {
    float[] both = new float[a.length + b.length];
    System.arraycopy(a, 0, both, 0, a.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  /** {@code [B, -B0]}, of two matrices {@code [out, rank]}. */
  private static float[] beside(float[] b, float[] start, int rank) {
    float[] both = new float[2 * b.length];
    for (int i = 0; i < b.length; i++) {
      int at = i / rank * 2 * rank + i % rank;
      both[at] = b[i];
      both[at + rank] = -start[i];
    }
    return both;
  }
}
