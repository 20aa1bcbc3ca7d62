package org.unlearn4j.report;

import java.util.OptionalDouble;
import org.unlearn4j.eval.MetricInfo;
import org.unlearn4j.report.ReportData.Measured;
import org.unlearn4j.report.ReportData.Role;

/** Where the models stand in a metric's range: a line with a mark for each. */
final class Strip {
  private static final int WIDTH = 132;
  private static final int HEIGHT = 18;
  private static final int EDGE = 7;

  private Strip() {}

  /** Nothing where the range has no end. */
  static Html of(ReportData data, String metric) {
    MetricInfo info = MetricInfo.of(metric).orElse(null);
    if (info == null || Double.isInfinite(info.low()) || Double.isInfinite(info.high())) {
      return Html.group();
    }
    Axis x = new Axis(info.low(), info.high(), EDGE, WIDTH - EDGE);
    double middle = HEIGHT / 2.0;
    Drawing drawing = new Drawing(WIDTH, HEIGHT);
    drawing.line(Ink.TEXT, 0.35, 1, EDGE, middle, WIDTH - EDGE, middle);
    for (Measured m : data.firsts()) {
      OptionalDouble value = m.result().metric(metric);
      if (value.isPresent() && Double.isFinite(value.getAsDouble())) {
        mark(drawing, m.role(), x.at(value.getAsDouble()), middle);
      }
    }
    return Html.group()
        .raw(drawing.plot("strip", metric.replace('_', ' ') + " in its range").inline());
  }

  private static void mark(Drawing drawing, Role role, double x, double y) {
    switch (role) {
      case TARGET -> drawing.ring(role.ink(), x, y, 4);
      case RETAIN_ONLY -> drawing.line(role.ink(), 1, 2.6, x, y - 7, x, y + 7);
      case UNLEARNED -> drawing.dot(role.ink(), x, y, 4.2);
    }
  }
}
