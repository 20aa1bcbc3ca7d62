package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/**
 * Lines over whole numbers, as a standalone SVG that can be read on white and on black. Each line
 * has its name at its end.
 */
public final class LinePlot {
  private static final int WIDTH = 680;
  private static final int HEIGHT = 360;
  private static final int LEFT = 64;
  private static final int RIGHT = 150;
  private static final int TOP = 18;
  private static final int BOTTOM = 56;
  private static final int LETTERS = 15;
  private static final int MOST_TICKS = 12;

  private LinePlot() {}

  /**
   * A line.
   *
   * @param from where on the horizontal axis its first value is
   * @param values NaN: nothing is drawn there
   */
  public record Line(String name, int from, List<Double> values) {
    public Line {
      values = List.copyOf(values);
    }
  }

  /** A level that means something. */
  public record Level(String name, double value) {}

  /**
   * Words around the plot.
   *
   * @param description for those who cannot see it
   */
  public record Frame(String description, String xTitle, String yTitle) {}

  /** Draws the plot. */
  public static String svg(Frame frame, List<Line> lines, List<Level> levels) {
    double[] all =
        DoubleStream.concat(
                lines.stream().flatMap(l -> l.values.stream()).mapToDouble(Double::doubleValue),
                levels.stream().mapToDouble(Level::value))
            .filter(Double::isFinite)
            .toArray();
    double low = DoubleStream.of(all).min().orElse(0);
    double high = DoubleStream.of(all).max().orElse(1);
    double step = step(Math.max(high - low, 1e-3) / 4);
    low = Math.floor(low / step) * step;
    high = Math.max(low + step, Math.ceil(high / step) * step);
    int last = lines.stream().mapToInt(l -> l.from + l.values.size() - 1).max().orElse(1);
    Place place = new Place(low, high, Math.max(1, last));
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            Locale.ROOT,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>%n<svg xmlns=\"http://www.w3.org/2000/svg\""
                + " viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\""
                + " font-family=\"sans-serif\" font-size=\"13\" fill=\"none\">%n",
            WIDTH,
            HEIGHT,
            Html.escape(frame.description)));
    axes(out, frame, place, step);
    for (Level level : levels) {
      double y = place.y(level.value);
      path(
          out,
          Ink.TEXT.standalone(),
          1.5,
          "5 4",
          "M" + LEFT + " " + at(y) + " H" + (WIDTH - RIGHT));
      text(out, Ink.TEXT.standalone(), "start", WIDTH - RIGHT + 8, y + 4, level.name);
    }
    List<Double> taken = new ArrayList<>();
    levels.forEach(l -> taken.add(place.y(l.value)));
    for (int i = 0; i < lines.size(); i++) {
      line(out, lines.get(i), ArrowPlot.tone(i), place, taken);
    }
    return out.append("</svg>\n").toString();
  }

  private record Place(double low, double high, int last) {
    double x(double value) {
      return LEFT + value / last * (WIDTH - RIGHT - LEFT);
    }

    double y(double value) {
      return HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - BOTTOM - TOP);
    }
  }

  private static void axes(StringBuilder out, Frame frame, Place place, double step) {
    String ink = Ink.TEXT.standalone();
    int decimals = (int) Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
    long ticks = Math.round((place.high - place.low) / step);
    for (int i = 0; i <= ticks; i++) {
      double value = place.low + i * step;
      double y = place.y(value);
      path(out, ink, 0.4, "", "M" + LEFT + " " + at(y) + " H" + (WIDTH - RIGHT));
      String name = String.format(Locale.ROOT, "%." + decimals + "f", value).replace('-', '−');
      text(out, ink, "end", LEFT - 8, y + 4, name);
    }
    int every = Math.max(1, (place.last + MOST_TICKS - 1) / MOST_TICKS);
    for (int i = 0; i <= place.last; i += every) {
      text(out, ink, "middle", place.x(i), HEIGHT - BOTTOM + 20, Integer.toString(i));
    }
    double middle = (LEFT + WIDTH - RIGHT) / 2.0;
    text(out, ink, "middle", middle, HEIGHT - BOTTOM + 44, frame.xTitle);
    out.append(
        String.format(
            Locale.ROOT,
            "<text fill=\"%s\" text-anchor=\"middle\" transform=\"translate(14 %d) rotate(-90)\">"
                + "%s</text>%n",
            ink,
            (TOP + HEIGHT - BOTTOM) / 2,
            Html.escape(frame.yTitle)));
  }

  private static void line(
      StringBuilder out, Line line, String tone, Place place, List<Double> taken) {
    StringBuilder d = new StringBuilder();
    boolean pen = false;
    double end = Double.NaN;
    for (int i = 0; i < line.values.size(); i++) {
      double value = line.values.get(i);
      if (!Double.isFinite(value)) {
        pen = false;
        continue;
      }
      double x = place.x(line.from + i);
      end = place.y(value);
      d.append(pen ? " L" : " M").append(at(x)).append(' ').append(at(end));
      pen = true;
      out.append(
          String.format(
              Locale.ROOT,
              "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>%n",
              x,
              end,
              tone));
    }
    if (d.length() == 0) {
      return;
    }
    path(out, tone, 2, "", d.toString().strip());
    double at = end;
    while (near(taken, at)) { // names do not lie on each other
      at += 1;
    }
    taken.add(at);
    text(out, tone, "start", WIDTH - RIGHT + 8, at + 4, line.name);
  }

  private static boolean near(List<Double> taken, double y) {
    return taken.stream().anyMatch(t -> Math.abs(t - y) < LETTERS);
  }

  private static void path(StringBuilder out, String tone, double width, String dash, String d) {
    out.append(
        String.format(
            Locale.ROOT,
            "<path stroke=\"%s\" stroke-width=\"%.1f\"%s d=\"%s\"/>%n",
            tone,
            width,
            dash.isEmpty() ? "" : " stroke-dasharray=\"" + dash + "\"",
            d));
  }

  private static void text(
      StringBuilder out, String tone, String anchor, double x, double y, String words) {
    out.append(
        String.format(
            Locale.ROOT,
            "<text fill=\"%s\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>%n",
            tone,
            anchor,
            x,
            y,
            Html.escape(words)));
  }

  private static String at(double pixel) {
    return String.format(Locale.ROOT, "%.1f", pixel);
  }

  /** 1, 2 or 5 times a power of ten, at least {@code least}. */
  private static double step(double least) {
    double ten = Math.pow(10, Math.floor(Math.log10(least)));
    return DoubleStream.of(1, 2, 5, 10)
        .map(m -> m * ten)
        .filter(s -> s >= least)
        .findFirst()
        .orElse(10 * ten);
  }
}
