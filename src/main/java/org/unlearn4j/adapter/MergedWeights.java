package org.unlearn4j.adapter;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.weights.SafeTensors;

/**
 * Weights with adapters added: {@code W + sum of w s B A} where W is adapted, everything else as it
 * is. Sums are taken in float64 and rounded once, to float32. A parameter that an adapter replaces
 * becomes {@code b + sum of w (b' - b)}: its own values where one adapter of weight 1 does so.
 *
 * <p>A and B of all adapters stand in the heap, a weight never does as a whole.
 */
public final class MergedWeights implements WeightSource {

  /**
   * An adapter of several that are added.
   *
   * @param weight 1: as it was trained
   */
  public record Weighted(LowRank adapter, double weight) {
    public static Weighted whole(LowRank adapter) {
      return new Weighted(adapter, 1);
    }
  }

  /**
   * What is added to a weight, whichever layout it has: {@code scale * left right}, with left
   * {@code [rows, rank]} and right {@code [rank, columns]}.
   */
  private static final class Delta {
    private final double scale;
    private final int rank;
    private final int columns;
    private final float[] left;
    private final float[] right;

    private Delta(double scale, int rank, int columns, float[] left, float[] right) {
      this.scale = scale;
      this.rank = rank;
      this.columns = columns;
      this.left = left;
      this.right = right;
    }

    static Delta of(Adapter.Target t, double scale, WeightSource values) {
      float[] a = values.all(t.down());
      float[] b = values.all(t.up());
      int rank = t.down().dim(0);
      int in = t.linear().in();
      int out = t.linear().out();
      return t.linear().inOut()
          ? new Delta(scale, rank, out, transposed(a, rank, in), transposed(b, out, rank))
          : new Delta(scale, rank, in, b, a);
    }

    private static float[] transposed(float[] x, int rows, int columns) {
      float[] t = new float[x.length];
      for (int i = 0; i < x.length; i++) {
        t[i % columns * rows + i / columns] = x[i];
      }
      return t;
    }

    /** Adds values from {@code from} on. */
    void add(double[] to, long from) {
      int done = 0;
      while (done < to.length) {
        int row = Math.toIntExact((from + done) / columns);
        int column = Math.toIntExact((from + done) % columns);
        int count = Math.min(columns - column, to.length - done);
        for (int r = 0; r < rank; r++) {
          double factor = scale * left[row * rank + r];
          int at = r * columns + column;
          for (int i = 0; i < count; i++) {
            to[done + i] += factor * right[at + i];
          }
        }
        done += count;
      }
    }
  }

  private final WeightSource base;
  private final Map<String, List<Delta>> deltas = new HashMap<>();
  private final Map<String, List<Weighted>> replaced = new HashMap<>();

  /** Adds adapters to the weights of a checkpoint, which must stay open. */
  public MergedWeights(SafeTensors base, List<Weighted> adapters) {
    this((p, from, to) -> base.read(p.name(), from, to), adapters);
  }

  /** Adds adapters to the weights of a base. */
  public MergedWeights(WeightSource base, List<Weighted> adapters) {
    this.base = base;
    for (Weighted w : adapters) {
      Adapter adapter = w.adapter.adapter();
      double scale = w.weight * adapter.shape().scale();
      for (Adapter.Target t : adapter.targets()) {
        deltas
            .computeIfAbsent(t.linear().weight().name(), n -> new ArrayList<>())
            .add(Delta.of(t, scale, w.adapter.values()));
      }
      w.adapter
          .replaced()
          .forEach(p -> replaced.computeIfAbsent(p.name(), n -> new ArrayList<>()).add(w));
    }
  }

  @Override
  public void read(Parameter p, long from, FloatBuffer to) {
    List<Weighted> others = replaced.getOrDefault(p.name(), List.of());
    List<Delta> added = deltas.getOrDefault(p.name(), List.of());
    if (added.isEmpty() && others.isEmpty()) {
      base.read(p, from, to);
      return;
    }
    if (added.isEmpty() && others.size() == 1 && others.get(0).weight == 1) {
      others.get(0).adapter.values().read(p, from, to);
      return;
    }
    double[] own = piece(base, p, from, to.remaining());
    double[] sum = own.clone();
    for (Weighted w : others) {
      double[] other = piece(w.adapter.values(), p, from, own.length);
      for (int i = 0; i < own.length; i++) {
        sum[i] += w.weight * (other[i] - own[i]);
      }
    }
    added.forEach(d -> d.add(sum, from));
    for (double value : sum) {
      to.put((float) value);
    }
  }

  private static double[] piece(WeightSource source, Parameter p, long from, int count) {
    FloatBuffer values = FloatBuffer.allocate(count);
    source.read(p, from, values);
    double[] wide = new double[count];
    for (int i = 0; i < count; i++) {
      wide[i] = values.get(i);
    }
    return wide;
  }
}
