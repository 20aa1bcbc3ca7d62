package org.unlearn4j.eval;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Can a linear classifier tell two sets of rows apart? */
final class LinearProbe {
  /** Weight of |w|^2 / 2 beside the mean logistic loss of rows whose mean squared length is 1. */
  private static final double PENALTY = 1e-2;

  private static final int ITERATIONS = 100;

  /** A quarter bounds the logistic loss's curvature for the rows, another one for the intercept. */
  private static final double CURVATURE = 0.5 + PENALTY;

  private LinearProbe() {}

  /**
   * Mean AUC of a logistic regression on rows that it was not fitted on.
   *
   * @param negative {@code [row][hidden]}
   * @param positive {@code [row][hidden]}
   * @param folds fewer where a set has fewer rows
   * @return 0.5 where the sets cannot be told apart, 1 where they can; NaN where a set has one row
   */
  static double crossValidatedAuc(double[][] negative, double[][] positive, int folds, long seed) {
    int parts = Math.min(folds, Math.min(negative.length, positive.length));
    if (parts < 2) {
      return Double.NaN;
    }
    Random random = new Random(seed);
    int[] foldOfNegative = folds(negative.length, parts, random);
    int[] foldOfPositive = folds(positive.length, parts, random);
    return meanAuc(negative, foldOfNegative, positive, foldOfPositive, parts);
  }

  /**
   * The same of rows that belong together, each of which is held out with its other half: a probe
   * that has seen the one would otherwise take the other for its like.
   *
   * @param negative {@code [row][hidden]}
   * @param positive {@code [row][hidden]}, as many
   * @return 0.5 where every two are equal
   */
  static double crossValidatedAucOfPairs(
      double[][] negative, double[][] positive, int folds, long seed) {
    int parts = Math.min(folds, negative.length);
    if (parts < 2) {
      return Double.NaN;
    }
    int[] fold = folds(negative.length, parts, new Random(seed));
    return meanAuc(negative, fold, positive, fold, parts);
  }

  private static double meanAuc(
      double[][] negative,
      int[] foldOfNegative,
      double[][] positive,
      int[] foldOfPositive,
      int parts) {
    double sum = 0;
    for (int fold = 0; fold < parts; fold++) {
      List<double[]> train = new ArrayList<>();
      List<double[]> test = new ArrayList<>();
      int trainNegatives = deal(negative, foldOfNegative, fold, train, test);
      int testNegatives = test.size();
      deal(positive, foldOfPositive, fold, train, test);
      sum += auc(train, trainNegatives, test, testNegatives);
    }
    return sum / parts;
  }

  /** Fold of each row, the folds as even as can be. */
  private static int[] folds(int rows, int parts, Random random) {
    List<Integer> fold =
        new ArrayList<>(IntStream.range(0, rows).map(i -> i % parts).boxed().toList());
    Collections.shuffle(fold, random);
    return fold.stream().mapToInt(Integer::intValue).toArray();
  }

  private static int deal(
      double[][] rows, int[] folds, int fold, List<double[]> train, List<double[]> test) {
    for (int i = 0; i < rows.length; i++) {
      (folds[i] == fold ? test : train).add(rows[i]);
    }
    return train.size();
  }

  private static double auc(
      List<double[]> train, int trainNegatives, List<double[]> test, int testNegatives) {
    double[][] rows = train.toArray(double[][]::new);
    double[] mean = Vectors.mean(rows);
    double scale = scale(rows, mean);
    double[] weights = fit(scaled(rows, mean, scale), trainNegatives);
    double[][] held = scaled(test.toArray(double[][]::new), mean, scale);
    double[] scores = new double[held.length];
    boolean[] positive = new boolean[held.length];
    for (int i = 0; i < held.length; i++) {
      scores[i] = Vectors.dot(weights, held[i]);
      positive[i] = i >= testNegatives;
    }
    return Statistics.rocAuc(positive, scores);
  }

  private static double scale(double[][] rows, double[] mean) {
    double sum = 0;
    for (double[] row : rows) {
      sum += Vectors.squaredDistance(row, mean) / rows.length;
    }
    return sum == 0 ? 1 : 1 / Math.sqrt(sum);
  }

  /** Centred rows of mean squared length 1, with a last entry of 1 for the intercept. */
  private static double[][] scaled(double[][] rows, double[] mean, double scale) {
    double[][] scaled = new double[rows.length][mean.length + 1];
    for (int r = 0; r < rows.length; r++) {
      for (int i = 0; i < mean.length; i++) {
        scaled[r][i] = (rows[r][i] - mean[i]) * scale;
      }
      scaled[r][mean.length] = 1;
    }
    return scaled;
  }

  /**
   * Nesterov's accelerated gradient descent; the loss is strongly convex, so it ends at its foot.
   */
  private static double[] fit(double[][] rows, int negatives) {
    int n = rows[0].length;
    double root = Math.sqrt(PENALTY / CURVATURE);
    double momentum = (1 - root) / (1 + root);
    double[] weights = new double[n];
    double[] ahead = new double[n];
    for (int step = 0; step < ITERATIONS; step++) {
      double[] gradient = new double[n];
      for (int r = 0; r < rows.length; r++) {
        double p = 1 / (1 + Math.exp(-Vectors.dot(ahead, rows[r])));
        double error = (p - (r < negatives ? 0 : 1)) / rows.length;
        for (int i = 0; i < n; i++) {
          gradient[i] += error * rows[r][i];
        }
      }
      for (int i = 0; i < n; i++) {
        double next = ahead[i] - (gradient[i] + PENALTY * ahead[i]) / CURVATURE;
        ahead[i] = next + momentum * (next - weights[i]);
        weights[i] = next;
      }
    }
    return weights;
  }
}
