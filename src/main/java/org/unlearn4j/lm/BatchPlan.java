package org.unlearn4j.lm;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * Which rows go through a model together: sorted by length, so that little is padding, within a
 * token budget.
 */
public final class BatchPlan {
  private BatchPlan() {}

  /**
   * Batches of row indices.
   *
   * @param count number of rows
   * @param length length of a row in tokens
   * @param tokenBudget most tokens in a batch, padding included; a single longer row is a batch of
   *     its own
   */
  public static List<int[]> byLength(int count, IntUnaryOperator length, int tokenBudget) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, count).boxed().toList());
    order.sort(
        Comparator.comparingInt((Integer i) -> length.applyAsInt(i)).thenComparingInt(i -> i));
    List<int[]> batches = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < count; i++) {
      int width = length.applyAsInt(order.get(i));
      if (i > from && (long) width * (i - from + 1) > tokenBudget) {
        batches.add(slice(order, from, i));
        from = i;
      }
    }
    if (from < count) {
      batches.add(slice(order, from, count));
    }
    return batches;
  }

  private static int[] slice(List<Integer> order, int from, int to) {
    return order.subList(from, to).stream().mapToInt(Integer::intValue).toArray();
  }
}
