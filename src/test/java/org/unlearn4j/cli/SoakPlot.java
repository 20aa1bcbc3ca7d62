package org.unlearn4j.cli;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * Memory over the minutes of a soak, as a small SVG in tones that can be read on white and black.
 */
final class SoakPlot {
  private static final int WIDTH = 640;
  private static final int HEIGHT = 220;
  private static final int LEFT = 52;
  private static final int TOP = 14;
  private static final int BOTTOM = 30;

  private final List<SoakSample> samples;
  private final double minutes;
  private final double most;

  private SoakPlot(List<SoakSample> samples) {
    this.samples = samples;
    this.minutes = samples.get(samples.size() - 1).seconds() / 60;
    double highest = samples.stream().mapToDouble(SoakSample::resident).max().orElse(0);
    this.most = 100 * Math.ceil(highest / 100);
  }

  static String svg(List<SoakSample> samples) {
    SoakPlot plot = new SoakPlot(samples);
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\""
                + " font-family=\"sans-serif\" font-size=\"12\" fill=\"#888\" aria-label=\"memory"
                + " over the minutes of a soak\">\n",
            WIDTH,
            HEIGHT));
    for (double mib = 0; mib <= plot.most; mib += 100) {
      double y = plot.y(mib);
      out.append(
          String.format(Locale.ROOT, "<path d=\"M%d %.1fH%d\" stroke=\"#8884\"/>", LEFT, y, WIDTH));
      out.append(
          String.format(
              Locale.ROOT,
              "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.0f</text>\n",
              LEFT - 6,
              y + 4,
              mib));
    }
    for (int i = 0; i <= 4; i++) {
      double at = plot.minutes * i / 4;
      String anchor = i == 4 ? "end" : "middle";
      out.append(
          String.format(
              Locale.ROOT,
              "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%.0f min</text>\n",
              plot.x(at * 60),
              HEIGHT - 8,
              anchor,
              at));
    }
    out.append(plot.line("#4f93d6", "resident, MiB", SoakSample::resident));
    out.append(plot.line("#d4603c", "Java heap in use", SoakSample::heap));
    return out.append("</svg>\n").toString();
  }

  private String line(String tone, String label, ToDoubleFunction<SoakSample> what) {
    StringBuilder points = new StringBuilder();
    samples.forEach(
        s ->
            points.append(
                String.format(
                    Locale.ROOT, "%.1f,%.1f ", x(s.seconds()), y(what.applyAsDouble(s)))));
    double end = what.applyAsDouble(samples.get(samples.size() - 1));
    return String.format(
        Locale.ROOT,
        "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"%s\" points=\"%s\"/>"
            + "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\" fill=\"%s\">%s</text>\n",
        tone,
        points.toString().strip(),
        WIDTH - 8,
        y(end) - 8,
        tone,
        label);
  }

  private double x(double seconds) {
    return LEFT + (WIDTH - LEFT - 8) * seconds / 60 / minutes;
  }

  private double y(double mib) {
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - mib / most);
  }
}
