package org.unlearn4j.adapter;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.Parameter;

/**
 * Adapters as a graph reads them that multiplies from the right: of each adapted linear map {@code
 * y + (x A) B}, with A {@code [in, rank]} and B {@code [rank, out]}, and every scale and weight in
 * B. Several adapters lie side by side along the rank: {@code [A1 A2] [B1; B2] = A1 B1 + A2 B2}, so
 * their sum is exact and its rank the sum of theirs.
 *
 * @param linear which linear map
 * @param rank of all adapters of it together
 * @param down A, row by row
 * @param up B, row by row; each value is rounded to float32 once
 */
public record SummedFactors(Linear linear, int rank, Supplier<float[]> down, Supplier<float[]> up) {

  /**
   * The sum of some adapters of one model.
   *
   * @param adapters at least one
   * @return one for each linear map that any of them adapts, in the order in which these come
   * @throws UserException if one replaces parameters, which no product can do
   */
  public static List<SummedFactors> of(List<MergedWeights.Weighted> adapters) {
    requireProducts(adapters.stream().map(MergedWeights.Weighted::adapter).toList());
    Map<Linear, List<Part>> parts = new LinkedHashMap<>();
    for (MergedWeights.Weighted w : adapters) {
      for (Adapter.Target t : w.adapter().adapter().targets()) {
        parts.computeIfAbsent(t.linear(), l -> new ArrayList<>()).add(new Part(w, t));
      }
    }
    List<SummedFactors> sums = new ArrayList<>();
    parts.forEach(
        (linear, all) -> {
          int rank = all.stream().mapToInt(Part::rank).sum();
          sums.add(new SummedFactors(linear, rank, () -> down(all, rank), () -> up(all, rank)));
        });
    return sums;
  }

  /** The same as adapters of scale 1, to be added to weights. */
  public static List<MergedWeights.Weighted> adapters(List<SummedFactors> factors) {
    return factors.stream().map(SummedFactors::adapter).map(MergedWeights.Weighted::whole).toList();
  }

  private LowRank adapter() {
    Adapter.Target target = LowRank.target(linear, rank);
    return LowRank.of(
        new Adapter(new Adapter.Shape(rank, rank, false, 0), List.of(target), List.of()),
        p ->
            p.equals(target.down())
                ? turned(down.get(), linear.in(), rank)
                : turned(up.get(), rank, linear.out()));
  }

  private static float[] turned(float[] x, int rows, int columns) {
    float[] turned = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      turned[i % columns * rows + i / columns] = x[i];
    }
    return turned;
  }

  /**
   * Refuses adapters that are more than products.
   *
   * @throws UserException naming what they replace
   */
  private static void requireProducts(List<LowRank> adapters) {
    List<Parameter> replaced = adapters.stream().flatMap(a -> a.replaced().stream()).toList();
    if (!replaced.isEmpty()) {
      String few =
          replaced.stream().limit(3).map(Parameter::name).collect(Collectors.joining(", "));
      throw new UserException(
          "Adapter: found "
              + replaced.size()
              + " parameters with values of their own ("
              + few
              + "), expected A and B alone: an adapter of ONNX Runtime adds products and replaces"
              + " nothing (merge it into the weights instead).");
    }
  }

  private record Part(MergedWeights.Weighted of, Adapter.Target target) {
    int rank() {
      return target.down().dim(0);
    }
  }

  /** {@code [in, rank]}: the columns of each adapter's A beside the next one's. */
  private static float[] down(List<Part> parts, int rank) {
    int in = parts.get(0).target.linear().in();
    float[] all = new float[Math.multiplyExact(in, rank)];
    int column = 0;
    for (Part p : parts) {
      float[] a = p.of.adapter().values().all(p.target.down());
      for (int r = 0; r < p.rank(); r++) {
        for (int i = 0; i < in; i++) {
          all[i * rank + column + r] = a[r * in + i];
        }
      }
      column += p.rank();
    }
    return all;
  }

  /** {@code [rank, out]}: the rows of each adapter's B below the ones before. */
  private static float[] up(List<Part> parts, int rank) {
    int out = parts.get(0).target.linear().out();
    float[] all = new float[Math.multiplyExact(rank, out)];
    int row = 0;
    for (Part p : parts) {
      double scale = p.of.weight() * p.of.adapter().adapter().shape().scale();
      float[] b = p.of.adapter().values().all(p.target.up());
      for (int r = 0; r < p.rank(); r++) {
        for (int o = 0; o < out; o++) {
          all[(row + r) * out + o] = (float) (scale * b[o * p.rank() + r]);
        }
      }
      row += p.rank();
    }
    return all;
  }
}
