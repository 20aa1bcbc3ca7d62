package org.unlearn4j.report;

import java.util.List;
import java.util.Locale;

/** Parallel coordinates: an upright axis for each dimension, a line for each point. */
public final class ParallelPlot {
  private static final int WIDTH = 680;
  private static final int HEIGHT = 320;
  private static final int SIDE = 70;
  private static final int TOP = 34;
  private static final int BOTTOM = 64;

  private ParallelPlot() {}

  /**
   * An axis.
   *
   * @param low what stands at its foot
   * @param high what stands at its head
   */
  public record Axis(String title, String low, String high) {}

  /**
   * A point.
   *
   * @param places where it crosses each axis, from 0 to 1
   * @param strong whether it is drawn in a tone of its own, over the others
   */
  public record Line(String label, List<Double> places, boolean strong) {
    public Line {
      places = List.copyOf(places);
    }
  }

  /** Draws the plot, strong lines last. */
  public static String svg(String description, List<Axis> axes, List<Line> lines) {
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            Locale.ROOT,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>%n<svg xmlns=\"http://www.w3.org/2000/svg\""
                + " viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\""
                + " font-family=\"sans-serif\" font-size=\"12\" fill=\"none\">%n",
            WIDTH,
            HEIGHT,
            Html.escape(description)));
    for (boolean strong : new boolean[] {false, true}) {
      for (int i = 0; i < lines.size(); i++) {
        if (lines.get(i).strong == strong) {
          line(out, lines.get(i), i);
        }
      }
    }
    for (int i = 0; i < axes.size(); i++) {
      axis(out, axes.get(i), x(i, axes.size()), i % 2 == 1);
    }
    return out.append("</svg>\n").toString();
  }

  private static double x(int i, int count) {
    return count == 1 ? WIDTH / 2.0 : SIDE + i * (WIDTH - 2.0 * SIDE) / (count - 1);
  }

  private static double y(double place) {
    return HEIGHT - BOTTOM - place * (HEIGHT - BOTTOM - TOP);
  }

  private static void line(StringBuilder out, Line line, int number) {
    out.append(
        String.format(
            Locale.ROOT,
            "<polyline stroke=\"%s\" stroke-width=\"%s\" stroke-opacity=\"%s\" points=\"",
            line.strong ? ArrowPlot.tone(number) : "#888888",
            line.strong ? "2.5" : "1",
            line.strong ? "1" : "0.5"));
    for (int i = 0; i < line.places.size(); i++) {
      out.append(
          String.format(
              Locale.ROOT, "%.1f,%.1f ", x(i, line.places.size()), y(line.places.get(i))));
    }
    out.append("\"><title>").append(Html.escape(line.label)).append("</title></polyline>\n");
  }

  /** Titles of neighbours stand on two lines, since keys are long. */
  private static void axis(StringBuilder out, Axis axis, double x, boolean lower) {
    out.append(
        String.format(
            Locale.ROOT,
            "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#888888\"/>%n",
            x,
            x,
            TOP,
            HEIGHT - BOTTOM));
    text(out, axis.high, x, TOP - 8);
    text(out, axis.low, x, HEIGHT - BOTTOM + 16);
    text(out, axis.title, x, HEIGHT - BOTTOM + (lower ? 52 : 35));
  }

  private static void text(StringBuilder out, String text, double x, int y) {
    out.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#888888\">%s</text>%n",
            x,
            y,
            Html.escape(text)));
  }
}
