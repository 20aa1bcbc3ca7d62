package org.unlearn4j.report;

import java.util.Locale;

/**
 * A small picture drawn by hand where a chart library has no form for it: bars over a shared
 * outline, a distance between two curves, dots on a line. Pixels from the upper left corner.
 */
final class Drawing {
  private final int width;
  private final int height;
  private final StringBuilder out = new StringBuilder();

  Drawing(int width, int height) {
    this.width = width;
    this.height = height;
  }

  Drawing line(Ink ink, double opacity, double stroke, double x1, double y1, double x2, double y2) {
    return path(ink, opacity, stroke, "M" + point(x1, y1) + " L" + point(x2, y2));
  }

  /** A line of {@code stroke} pixels along a path. */
  Drawing path(Ink ink, double opacity, double stroke, String d) {
    out.append("<path fill=\"none\" stroke=\"").append(ink.placeholder());
    if (opacity < 1) {
      out.append("\" stroke-opacity=\"").append(number(opacity));
    }
    out.append("\" stroke-width=\"").append(number(stroke));
    out.append("\" stroke-linejoin=\"round\" d=\"").append(d).append("\"/>");
    return this;
  }

  /** The inside of a path. */
  Drawing area(Ink ink, double opacity, String d) {
    out.append("<path fill=\"").append(ink.placeholder());
    out.append("\" fill-opacity=\"").append(number(opacity));
    out.append("\" d=\"").append(d).append("\"/>");
    return this;
  }

  Drawing bar(Ink ink, double opacity, double x, double y, double w, double h) {
    return area(
        ink,
        opacity,
        "M" + point(x, y) + " h" + number(w) + " v" + number(h) + " h" + number(-w) + " Z");
  }

  Drawing dot(Ink ink, double x, double y, double radius) {
    out.append("<circle fill=\"").append(ink.placeholder());
    out.append("\" cx=\"").append(number(x)).append("\" cy=\"").append(number(y));
    out.append("\" r=\"").append(number(radius)).append("\"/>");
    return this;
  }

  Drawing ring(Ink ink, double x, double y, double radius) {
    out.append("<circle fill=\"none\" stroke-width=\"1.8\" stroke=\"").append(ink.placeholder());
    out.append("\" cx=\"").append(number(x)).append("\" cy=\"").append(number(y));
    out.append("\" r=\"").append(number(radius)).append("\"/>");
    return this;
  }

  /**
   * Words.
   *
   * @param anchor start, middle or end
   */
  Drawing text(Ink ink, String anchor, double x, double y, String words) {
    out.append("<text fill=\"")
        .append(ink.placeholder())
        .append("\" text-anchor=\"")
        .append(anchor);
    out.append("\" x=\"").append(number(x)).append("\" y=\"").append(number(y)).append("\">");
    out.append(Html.escape(words)).append("</text>");
    return this;
  }

  /** The picture so far. */
  Plot plot(String name, String description) {
    return new Plot(
        name,
        description,
        String.format(
            Locale.ROOT,
            "<svg viewBox=\"0 0 %d %d\"><g font-family=\"sans-serif\" font-size=\"12\">%s</g></svg>",
            width,
            height,
            out));
  }

  static String point(double x, double y) {
    return number(x) + "," + number(y);
  }

  /** At most two decimals. */
  static String number(double value) {
    double hundredths = Math.rint(value * 100) / 100;
    return hundredths == Math.rint(hundredths)
        ? Long.toString((long) hundredths)
        : Double.toString(hundredths);
  }
}
