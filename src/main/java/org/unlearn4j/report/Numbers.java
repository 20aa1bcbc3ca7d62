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

  /** A share in percent: whole ones where they say enough. */
  static String percent(double share) {
    double percent =
        Math.abs(share) < 0.0005 ? 0 : 100 * share; // shown as 0 anyhow, without a sign
    if (!Double.isFinite(percent)) {
      return pretty(percent);
    }
    boolean whole = Math.abs(percent) >= 10 || Math.abs(percent - Math.rint(percent)) < 1e-9;
    return minus(String.format(Locale.ROOT, whole ? "%.0f %%" : "%.1f %%", percent));
  }

  /** A share in percent with one decimal, for shares near a whole. */
  static String tenths(double share) {
    return minus(String.format(Locale.ROOT, "%.1f %%", 100 * share));
  }

  /** A sentence in which numbers are not torn from their units and powers at the end of a line. */
  static String together(String sentence) {
    return sentence
        .replace(" · 10", "\u00a0·\u00a010")
        .replace(" %", "\u00a0%")
        .replace(" = ", "\u00a0=\u00a0");
  }

  /** A round number at an axis. */
  static String tick(double value) {
    if (value != 0 && (Math.abs(value) < 0.001 || Math.abs(value) >= 1e5)) {
      return "10" + raised(Long.toString(Math.round(Math.log10(Math.abs(value)))));
    }
    String words = String.format(Locale.ROOT, "%.3f", value).replaceAll("0+$", "");
    return minus(words.endsWith(".") ? words.substring(0, words.length() - 1) : words);
  }

  private static String minus(String number) {
    return number.replace('-', '−');
  }

  /** A power of ten in superscript digits. */
  static String raised(String exponent) {
    StringBuilder out = new StringBuilder();
    for (char c : Integer.toString(Integer.parseInt(exponent)).toCharArray()) {
      out.append(c == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹".charAt(c - '0'));
    }
    return out.toString();
  }
}
