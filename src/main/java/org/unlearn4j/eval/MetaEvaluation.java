package org.unlearn4j.eval;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Whether a metric is any good: can it tell models that know what was to be forgotten from models
 * that never did, and can it still do so after something was done to all of them? (The question of
 * OpenUnlearning, Dorna et al., 2025.)
 *
 * @param metric its name
 * @param auc of telling the models as they are; at least 0.5, for the side on which models that
 *     know are is read off them
 * @param higher whether models that know have the higher values
 * @param under by what was done to the models
 */
public record MetaEvaluation(String metric, double auc, boolean higher, Map<String, Moved> under) {
  /** From here on a metric tells well. */
  private static final double GOOD = 0.95;

  /**
   * Values of a metric.
   *
   * @param knows of models that know
   * @param never of models that never did
   */
  @SuppressWarnings("ArrayRecordComponent") // made once and never changed
  public record Pool(double[] knows, double[] never) {
    double auc(boolean higher) {
      double[] scores = new double[knows.length + never.length];
      boolean[] positive = new boolean[scores.length];
      for (int i = 0; i < scores.length; i++) {
        positive[i] = i < knows.length;
        double value = positive[i] ? knows[i] : never[i - knows.length];
        scores[i] = higher ? value : -value;
      }
      return Statistics.rocAuc(positive, scores);
    }
  }

  /**
   * What something done to the models makes of a metric.
   *
   * @param auc with the same side as for the models as they are
   * @param right share of the models that are on their side of the middle between the two means of
   *     the models as they are: whether a limit that was set before still holds
   * @param shift how far the mean of the models that never knew goes towards that of those that
   *     know, in shares of the way
   */
  public record Moved(double auc, double right, double shift) {}

  public MetaEvaluation {
    under = Collections.unmodifiableMap(new LinkedHashMap<>(under));
  }

  /**
   * Judges a metric.
   *
   * @param plain models as they are
   * @param others by what was done to them
   * @return empty where a class is empty, or a value is not a number
   */
  public static Optional<MetaEvaluation> of(String metric, Pool plain, Map<String, Pool> others) {
    double above = plain.auc(true);
    if (Double.isNaN(above)) {
      return Optional.empty();
    }
    boolean higher = above >= 0.5;
    double knows = Statistics.mean(plain.knows);
    double never = Statistics.mean(plain.never);
    double middle = (knows + never) / 2;
    Map<String, Moved> under = new LinkedHashMap<>();
    others.forEach(
        (name, pool) -> {
          long right =
              Arrays.stream(pool.knows).filter(v -> higher ? v > middle : v < middle).count()
                  + Arrays.stream(pool.never).filter(v -> higher ? v < middle : v > middle).count();
          under.put(
              name,
              new Moved(
                  pool.auc(higher),
                  (double) right / (pool.knows.length + pool.never.length),
                  (Statistics.mean(pool.never) - never) / (knows - never)));
        });
    return Optional.of(new MetaEvaluation(metric, plain.auc(higher), higher, under));
  }

  /** Whether it tells well as it is and whatever was done, with the limit that was set before. */
  public boolean trusted() {
    return auc >= GOOD
        && !under.isEmpty()
        && under.values().stream().allMatch(m -> m.auc >= GOOD && m.right >= GOOD);
  }
}
