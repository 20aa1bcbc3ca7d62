package org.unlearn4j.eval;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * The receiver operating characteristic of a score that is to tell positives from negatives: what a
 * threshold lets through, for every threshold. Equal scores fall together, so a tie is one slanted
 * step, and the area below counts it half.
 *
 * @param points from (0, 0) to (1, 1), one after each group of equal scores, highest scores first;
 *     none where a score is NaN or one of the classes is empty
 */
public record RocCurve(List<Point> points) {

  /**
   * A threshold's outcome.
   *
   * @param falsePositives share of the negatives at or above the threshold
   * @param truePositives share of the positives at or above the threshold
   */
  public record Point(double falsePositives, double truePositives) {}

  public RocCurve {
    points = List.copyOf(points);
  }

  /** The curve of scores, the higher the more likely positive. */
  public static RocCurve of(boolean[] positive, double[] scores) {
    if (positive.length != scores.length) {
      throw new IllegalArgumentException(
          positive.length + " labels but " + scores.length + " scores");
    }
    int positives = (int) IntStream.range(0, positive.length).filter(i -> positive[i]).count();
    int negatives = positive.length - positives;
    if (positives == 0 || negatives == 0 || DoubleStream.of(scores).anyMatch(Double::isNaN)) {
      return new RocCurve(List.of());
    }
    List<Integer> order = new ArrayList<>(IntStream.range(0, scores.length).boxed().toList());
    order.sort(Comparator.comparingDouble((Integer i) -> scores[i]).reversed());
    List<Point> points = new ArrayList<>(List.of(new Point(0, 0)));
    int hits = 0;
    for (int i = 0; i < order.size(); i++) {
      hits += positive[order.get(i)] ? 1 : 0;
      boolean last = i + 1 == order.size() || scores[order.get(i + 1)] != scores[order.get(i)];
      if (last) {
        points.add(new Point((double) (i + 1 - hits) / negatives, (double) hits / positives));
      }
    }
    return new RocCurve(points);
  }

  /**
   * The curve of an attack whose scores are the higher the <em>less</em> likely a text was seen:
   * members are the positives, and are let through from below.
   */
  public static RocCurve ofAttack(double[] members, double[] nonMembers) {
    boolean[] positive = new boolean[members.length + nonMembers.length];
    double[] scores = new double[positive.length];
    for (int i = 0; i < scores.length; i++) {
      positive[i] = i < members.length;
      scores[i] = positive[i] ? -members[i] : -nonMembers[i - members.length];
    }
    return of(positive, scores);
  }

  /** The area below; NaN where there is no curve. The same as {@link Statistics#rocAuc}. */
  public double auc() {
    if (points.isEmpty()) {
      return Double.NaN;
    }
    double area = 0;
    for (int i = 1; i < points.size(); i++) {
      Point a = points.get(i - 1);
      Point b = points.get(i);
      area += (b.falsePositives - a.falsePositives) * (a.truePositives + b.truePositives) / 2;
    }
    return area;
  }

  /**
   * The largest share of positives that a threshold finds while it lets through at most a given
   * share of the negatives (Carlini et al., 2022). Between two thresholds there is none, so nothing
   * is interpolated.
   *
   * @return NaN where there is no curve
   */
  public double truePositivesAt(double falsePositives) {
    return points.isEmpty()
        ? Double.NaN
        : points.stream()
            .filter(p -> p.falsePositives <= falsePositives)
            .mapToDouble(Point::truePositives)
            .max()
            .orElse(0);
  }
}
