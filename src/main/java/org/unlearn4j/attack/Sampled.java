package org.unlearn4j.attack;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.unlearn4j.eval.Bootstrap;

/**
 * What the best of several sampled answers gives away of one model.
 *
 * @param model its name
 * @param questions that were asked
 * @param points by number of samples, ascending
 */
public record Sampled(
    String model, int questions, int samples, double temperature, List<Point> points) {
  public Sampled {
    points = List.copyOf(points);
  }

  /**
   * The best of {@code k}.
   *
   * @param leakage expected leakage of the best of {@code k} answers, over the questions, with its
   *     interval
   * @param excess over the retain-only model's, question by question; empty where there is none, or
   *     this is it
   */
  public record Point(int k, Bootstrap.Interval leakage, Optional<Bootstrap.Interval> excess) {}

  /**
   * Puts samples together. The expectation over all subsets of {@code k} of the {@code n} samples
   * is exact: with leakages sorted, the i-th smallest (from 1) is the best of C(i-1, k-1) of the
   * C(n, k) subsets (the estimator of pass@k, Chen et al., 2021, for values in [0, 1]).
   *
   * @param leakages {@code [question][sample]}
   * @param retainOnly the same of the retain-only model
   * @param groups of each question
   */
  public static Sampled of(
      String model,
      double temperature,
      double[][] leakages,
      Optional<double[][]> retainOnly,
      List<String> groups) {
    int n = leakages.length == 0 ? 0 : leakages[0].length;
    List<Point> points = new ArrayList<>();
    for (int k = 1; k <= n; k *= 2) {
      int of = k;
      double[] best = best(leakages, of);
      points.add(
          new Point(
              k,
              Bootstrap.mean(best, groups),
              retainOnly.map(r -> Bootstrap.mean(minus(best, best(r, of)), groups))));
    }
    return new Sampled(model, leakages.length, n, temperature, points);
  }

  private static double[] best(double[][] leakages, int k) {
    return Arrays.stream(leakages).mapToDouble(own -> best(own, k)).toArray();
  }

  private static double[] minus(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> a[i] - b[i]).toArray();
  }

  static double best(double[] leakages, int k) {
    double[] sorted = leakages.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    double share = (double) k / n; // the largest is the best of all subsets that hold it
    double expected = 0;
    for (int i = n; i >= k; i--) {
      expected += share * sorted[i - 1];
      // C(i-2, k-1) / C(i-1, k-1) = (i-k) / (i-1)
      share *= i == 1 ? 0 : (double) (i - k) / (i - 1);
    }
    return expected;
  }

  void put(ObjectNode node) {
    node.put("model", model).put("questions", questions).put("samples", samples);
    node.put("temperature", temperature);
    ArrayNode list = node.putArray("points");
    for (Point p : points) {
      ObjectNode point = list.addObject();
      point.put("k", p.k()).put("leakage", p.leakage().mean());
      point.put("low", p.leakage().low()).put("high", p.leakage().high());
      p.excess()
          .ifPresent(
              e ->
                  point
                      .put("excess", e.mean())
                      .put("excess_low", e.low())
                      .put("excess_high", e.high()));
    }
  }
}
