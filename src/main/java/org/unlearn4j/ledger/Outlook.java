package org.unlearn4j.ledger;

import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * How many more requests a limit on utility allows, from what the requests so far have cost.
 *
 * <p>Let d be the mean of the n falls so far and s their sample standard deviation. If falls are
 * independent and normal, the sum of k more has the mean k d; that sum less k times the measured
 * mean has the variance s² (k + k²/n): k new falls, and the mean that is itself uncertain. With t
 * the quantile of Student's distribution with n - 1 degrees of freedom, k more requests stay above
 * the limit with 95 % confidence on two sides as long as {@code k d + t s sqrt(k + k²/n)} is at
 * most what is left, and may do so as long as {@code k d - t s sqrt(k + k²/n)} is.
 *
 * @param requests that were measured, n
 * @param left utility over the limit now, as a share of the first model's; negative below it
 * @param fall mean fall a request, d
 * @param spread s; NaN for one request
 * @param expected most requests by the mean alone; empty for no end below {@link #MOST}
 * @param least as many fit with confidence; empty for one request, which has no interval, or for no
 *     end
 * @param most as many may fit; empty likewise
 */
public record Outlook(
    int requests,
    double left,
    double fall,
    double spread,
    OptionalInt expected,
    OptionalInt least,
    OptionalInt most) {
  /** Nobody is told of more. */
  public static final int MOST = 1000;

  /** 97.5 % quantiles of Student's distribution with 1, 2, ... 30 degrees of freedom. */
  private static final double[] STUDENT = {
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145,
    2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052,
        2.048,
    2.045, 2.042
  };

  /**
   * Of a row of utilities.
   *
   * @param utility shares of the first model's: its own, 1, then after each request
   * @param limit below which the user wants a full retraining
   * @throws IllegalArgumentException if there is no request
   */
  public static Outlook of(List<Double> utility, double limit) {
    int n = utility.size() - 1;
    if (n < 1) {
      throw new IllegalArgumentException("no request yet");
    }
    double left = utility.get(n) - limit;
    double mean = (utility.get(0) - utility.get(n)) / n;
    double squares = 0;
    for (int i = 0; i < n; i++) {
      double d = utility.get(i) - utility.get(i + 1) - mean;
      squares += d * d;
    }
    double spread = n > 1 ? Math.sqrt(squares / (n - 1)) : Double.NaN;
    double wide = n > 1 ? student(n - 1) * spread : Double.NaN;
    return new Outlook(
        n,
        left,
        mean,
        spread,
        last(n, mean, 0, left),
        n > 1 ? last(n, mean, wide, left) : OptionalInt.empty(),
        n > 1 ? last(n, mean, -wide, left) : OptionalInt.empty());
  }

  /** The largest number of requests that fits; empty where {@link #MOST} do. */
  private static OptionalInt last(int n, double mean, double wide, double left) {
    if (left < 0) {
      return OptionalInt.of(0);
    }
    int last = 0;
    for (int k = 1; k <= MOST; k++) {
      // A hair's breadth: what is left may be a whole number of falls but for rounding.
      if (k * mean + wide * Math.sqrt(k + (double) k * k / n) <= left + 1e-12) {
        last = k;
      } else if (wide >= 0) {
        break;
      }
    }
    return last == MOST ? OptionalInt.empty() : OptionalInt.of(last);
  }

  /** The 97.5 % quantile; beyond the table by the first term of its expansion. */
  static double student(int degrees) {
    double z = 1.959964;
    return degrees <= STUDENT.length ? STUDENT[degrees - 1] : z + (z * z * z + z) / (4 * degrees);
  }

  /** Whether retraining is due: no further request is expected to fit. */
  public boolean due() {
    return expected.isPresent() && expected.getAsInt() == 0;
  }

  /** Two sentences for a reader. */
  public String sentence() {
    String cost =
        String.format(
            Locale.ROOT,
            "A request has cost %.4f of the first model's utility on average (%d measured), and %.4f"
                + " %s the limit.",
            fall,
            requests,
            Math.abs(left),
            left < 0 ? "are missing to" : "are left above");
    if (left < 0) {
      return cost + " Full retraining is due.";
    }
    String more = "The limit allows about " + words(expected) + " more";
    if (requests < 2) {
      return cost + " " + more + "; one request gives no interval.";
    }
    return cost
        + " "
        + more
        + " (95 % interval: "
        + words(least)
        + " to "
        + words(most)
        + ")."
        + (due() ? " Full retraining is due before the next request." : "");
  }

  private static String words(OptionalInt number) {
    return number.isPresent() ? Integer.toString(number.getAsInt()) : "more than " + (MOST - 1);
  }
}
