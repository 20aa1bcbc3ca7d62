package org.unlearn4j.report;

import java.util.Locale;

/** Numbers as people read them. */
public final class Numbers {
  private Numbers() {}

  /** Four digits or so where that says enough, otherwise three and a power of ten. */
  public static String pretty(double value) {
    double size = Math.abs(value);
    if (Double.isNaN(value)) {
      return "not a number";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "∞" : "−∞";
    }
    if (value == Math.rint(value) && size < 1e6) {
      return minus(String.format(Locale.ROOT, "%.0f", value));
    }
    if (size >= 0.001 && size < 1e6) {
      int decimals = size < 1 ? 4 : size < 10 ? 3 : size < 100 ? 2 : 1;
      return minus(String.format(Locale.ROOT, "%." + decimals + "f", value));
    }
    String scientific = String.format(Locale.ROOT, "%.2e", value);
    int e = scientific.indexOf('e');
    return minus(scientific.substring(0, e) + " · 10" + raised(scientific.substring(e + 1)));
  }

  /**
   * A mean and its spread, the spread with as many decimals as the mean.
   *
   * @param spread NaN where there is none, which is then not shown
   */
  public static String plusMinus(double mean, double spread) {
    if (Double.isNaN(spread)) {
      return pretty(mean);
    }
    String of = pretty(mean);
    int point = of.indexOf('.');
    boolean plain = !of.contains("·") && (spread == 0 || spread >= 0.001) && spread < 1e6;
    String around =
        plain && point >= 0
            ? String.format(Locale.ROOT, "%." + (of.length() - point - 1) + "f", spread)
            : pretty(spread);
    return of + " ± " + around;
  }

  /** The same with its sign, for differences. */
  static String signed(double value) {
    return (value > 0 ? "+" : "") + pretty(value);
  }

  private static String minus(String number) {
    return number.replace('-', '−');
  }

  /** A power of ten in superscript digits. */
  private static String raised(String exponent) {
    StringBuilder out = new StringBuilder();
    for (char c : Integer.toString(Integer.parseInt(exponent)).toCharArray()) {
      out.append(c == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹".charAt(c - '0'));
    }
    return out.toString();
  }
}
