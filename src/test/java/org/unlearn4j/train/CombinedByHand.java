package org.unlearn4j.train;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.DoubleBinaryOperator;
import org.unlearn4j.config.CombineSettings.Rule;

/**
 * The rules that combine gradients, in float64 over vectors in parts, and what one may get wrong.
 */
final class CombinedByHand {
  private CombinedByHand() {}

  /** A vector in parts, by name. */
  record Vector(Map<String, double[]> parts) {
    static Vector of(Map<String, float[]> parts) {
      Map<String, double[]> wide = new LinkedHashMap<>();
      parts.forEach(
          (name, p) -> {
            double[] w = new double[p.length];
            for (int i = 0; i < w.length; i++) {
              w[i] = p[i];
            }
            wide.put(name, w);
          });
      return new Vector(wide);
    }

    /** Entry by entry; a part that only one of them has is 0 in the other. */
    Vector with(Vector other, DoubleBinaryOperator of) {
      Map<String, double[]> result = new LinkedHashMap<>();
      parts.forEach(
          (name, p) -> {
            double[] o = other.parts.getOrDefault(name, new double[p.length]);
            double[] r = new double[p.length];
            for (int i = 0; i < r.length; i++) {
              r[i] = of.applyAsDouble(p[i], o[i]);
            }
            result.put(name, r);
          });
      other.parts.forEach(
          (name, o) -> {
            if (!parts.containsKey(name)) {
              double[] r = new double[o.length];
              for (int i = 0; i < r.length; i++) {
                r[i] = of.applyAsDouble(0, o[i]);
              }
              result.put(name, r);
            }
          });
      return new Vector(result);
    }

    Vector plus(double factor, Vector other) {
      return with(other, (a, b) -> a + factor * b);
    }

    Vector times(double factor) {
      return with(this, (a, b) -> factor * a);
    }

    double dot(Vector other) {
      double sum = 0;
      for (double[] p : with(other, (a, b) -> a * b).parts.values()) {
        for (double v : p) {
          sum += v;
        }
      }
      return sum;
    }

    double norm() {
      return Math.sqrt(dot(this));
    }

    Map<String, float[]> narrow() {
      Map<String, float[]> narrow = new LinkedHashMap<>();
      parts.forEach(
          (name, p) -> {
            float[] n = new float[p.length];
            for (int i = 0; i < n.length; i++) {
              n[i] = (float) p[i];
            }
            narrow.put(name, n);
          });
      return narrow;
    }
  }

  /**
   * A rule.
   *
   * @param a what it reads in the place of the retain gradient: that, or a moving average
   */
  static Vector of(Rule rule, Vector f, Vector r, Vector a) {
    return switch (rule) {
      case SUM -> f.plus(1, r);
      case GRU -> rectified(f, a).plus(1, r);
      case PCGRAD -> rectified(f, r).plus(1, rectified(r, f));
      case AGREE -> {
        Vector masked = masked(f, a);
        yield masked.times(f.norm() / masked.norm()).plus(1, r);
      }
    };
  }

  /** Without what is against another vector, if anything is. */
  static Vector rectified(Vector f, Vector against) {
    return f.dot(against) < 0 ? projected(f, against) : f;
  }

  /** Onto the plane that another vector is normal to. */
  static Vector projected(Vector f, Vector normal) {
    return f.plus(-f.dot(normal) / normal.dot(normal), normal);
  }

  static Vector masked(Vector f, Vector a) {
    return f.with(a, (x, y) -> Math.signum(x) == Math.signum(y) ? x : 0);
  }

  /** Every plausible mistake, by what it is. */
  static Map<String, Vector> mistakes(Rule rule, Vector f, Vector r, Vector a) {
    Map<String, Vector> wrong = new LinkedHashMap<>();
    wrong.put("the plain sum", f.plus(1, r));
    switch (rule) {
      case GRU -> {
        wrong.put("both are projected", projected(f, a).plus(1, projected(r, f)));
        wrong.put("each parameter by itself", each(f, a, CombinedByHand::rectified).plus(1, r));
        wrong.put("by the norm alone", f.plus(-f.dot(a) / a.norm(), a).plus(1, r));
      }
      case PCGRAD -> {
        Vector first = projected(f, r);
        wrong.put("one is projected", first.plus(1, r));
        wrong.put("each parameter by itself", each(f, r, (x, y) -> of(rule, x, y, y)));
        wrong.put("against the projected", first.plus(1, projected(r, first)));
      }
      case AGREE -> {
        Vector masked = masked(f, a);
        wrong.put("without normalisation", masked.plus(1, r));
        wrong.put(
            "each parameter by itself",
            each(f, a, (x, y) -> masked(x, y).times(scale(x, y))).plus(1, r));
        wrong.put("where signs differ", f.plus(-1, masked).plus(1, r));
      }
      case SUM -> throw new IllegalArgumentException("nothing to get wrong");
    }
    return wrong;
  }

  private static double scale(Vector x, Vector y) {
    double left = masked(x, y).norm();
    return left == 0 ? 0 : x.norm() / left;
  }

  private static Vector each(Vector f, Vector a, BinaryOperator<Vector> rule) {
    Map<String, double[]> all = new LinkedHashMap<>();
    f.parts()
        .forEach(
            (name, p) ->
                all.putAll(
                    rule.apply(
                            new Vector(Map.of(name, p)),
                            new Vector(
                                Map.of(name, a.parts().getOrDefault(name, new double[p.length]))))
                        .parts()));
    return new Vector(all);
  }
}
