package org.unlearn4j.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A mean with its 95 % interval by the bootstrap (Efron, 1979): percentiles of the means of samples
 * with replacement. What belongs together is drawn together, since rows of one subject are known or
 * forgotten together.
 */
public final class Bootstrap {
  private static final int SAMPLES = 2000;
  private static final double TAIL = 0.025;
  private static final long SEED = 20260106;

  private Bootstrap() {}

  /** A mean and its interval. */
  public record Interval(double mean, double low, double high) {}

  /**
   * The interval of a mean.
   *
   * @param groups of each value
   */
  public static Interval mean(double[] values, List<String> groups) {
    Map<String, List<Double>> byGroup = new LinkedHashMap<>();
    for (int i = 0; i < values.length; i++) {
      byGroup.computeIfAbsent(groups.get(i), g -> new ArrayList<>()).add(values[i]);
    }
    int n = byGroup.size();
    double[] sums = new double[n];
    int[] counts = new int[n];
    int at = 0;
    for (List<Double> group : byGroup.values()) {
      sums[at] = group.stream().mapToDouble(v -> v).sum();
      counts[at++] = group.size();
    }
    double mean = Arrays.stream(values).sum() / values.length;
    double[] means = new double[SAMPLES];
    Random dice = new Random(SEED);
    for (int s = 0; s < SAMPLES; s++) {
      double sum = 0;
      int count = 0;
      for (int i = 0; i < n; i++) {
        int drawn = dice.nextInt(n);
        sum += sums[drawn];
        count += counts[drawn];
      }
      means[s] = sum / count;
    }
    Arrays.sort(means);
    int low = (int) (TAIL * SAMPLES);
    return new Interval(mean, means[low], means[SAMPLES - 1 - low]);
  }
}
