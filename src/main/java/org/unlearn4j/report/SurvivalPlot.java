package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.GateSubject;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.parity.Survival;
import org.unlearn4j.parity.Verdict;

/**
 * How far each deployed file went back: a line a metric and file, from the unlearned model to the
 * target, the same length for every metric, and a dot on it.
 */
final class SurvivalPlot {
  private static final int WIDTH = 640;
  private static final int LEFT = 150;
  private static final int RIGHT = 70;
  private static final int TOP = 34;
  private static final int LINE = 24;
  private static final int TITLE = 30;
  private static final int BOTTOM = 8;

  /** The axis ends here; what lies further is drawn at its end, with its number. */
  private static final double LEAST = -0.25;

  private static final double MOST = 1.1;

  private SurvivalPlot() {}

  /** Empty where no metric has a way to go back. */
  static Optional<Plot> of(Verdict verdict) {
    List<Survival> rows =
        verdict.survival().stream()
            .filter(Survival::judged)
            .filter(
                r -> r.deployed().keySet().stream().anyMatch(f -> Double.isFinite(r.rebound(f))))
            .toList();
    if (rows.isEmpty()) {
      return Optional.empty();
    }
    int files = rows.get(0).deployed().size();
    int height = TOP + rows.size() * (TITLE + files * LINE) + BOTTOM;
    Axis x = new Axis(LEAST, MOST, LEFT, WIDTH - RIGHT);
    Drawing d = new Drawing(WIDTH, height);
    d.text(Ink.UNLEARNED, "middle", x.at(0), 14, "unlearned");
    d.text(Ink.TARGET, "middle", x.at(1), 14, "target");
    double y = TOP;
    for (Survival row : rows) {
      y += TITLE;
      d.text(Ink.TEXT, "start", 0, y - 14, row.metric().replace('_', ' '));
      double top = y - LINE / 2.0 + 2;
      limit(verdict, row.metric())
          .ifPresent(
              l ->
                  d.bar(
                      Ink.UNLEARNED,
                      0.12,
                      x.at(LEAST),
                      top,
                      x.at(Math.min(l, MOST)) - x.at(LEAST),
                      files * LINE - 4));
      for (String file : row.deployed().keySet()) {
        line(d, x, y, row, file, holds(verdict, row.metric(), file));
        y += LINE;
      }
    }
    return Optional.of(d.plot("survival", description(rows)));
  }

  private static void line(Drawing d, Axis x, double y, Survival row, String file, boolean holds) {
    d.text(Ink.TEXT, "end", LEFT - 12, y + 4, ReportData.runtime(file));
    d.line(Ink.TEXT, 0.35, 1, x.at(LEAST), y, x.at(MOST), y);
    d.line(Ink.UNLEARNED, 0.9, 1.6, x.at(0), y - 5, x.at(0), y + 5);
    d.line(Ink.TARGET, 0.9, 1.6, x.at(1), y - 5, x.at(1), y + 5);
    double rebound = row.rebound(file);
    if (!Double.isFinite(rebound)) {
      return;
    }
    double at = x.at(Math.max(LEAST, Math.min(MOST, rebound)));
    if (holds) {
      d.dot(Ink.UNLEARNED, at, y, 4.5);
    } else {
      d.ring(Ink.TARGET, at, y, 5);
    }
    d.text(
        holds ? Ink.TEXT : Ink.TARGET,
        "start",
        WIDTH - RIGHT + 10,
        y + 4,
        (rebound > 0 ? "+" : "") + Numbers.percent(rebound));
  }

  private static List<Gate> gates(Verdict verdict, String metric, Optional<String> file) {
    List<Gate> gates = new ArrayList<>();
    for (ParityResult result : verdict.results()) {
      if (file.isEmpty() || file.get().equals(result.deployed())) {
        result.gates().stream()
            .filter(g -> g.subject().equals(GateSubject.Rebound.of(metric)))
            .forEach(gates::add);
      }
    }
    return gates;
  }

  private static Optional<Double> limit(Verdict verdict, String metric) {
    return gates(verdict, metric, Optional.empty()).stream().findFirst().map(Gate::limit);
  }

  private static boolean holds(Verdict verdict, String metric, String file) {
    return gates(verdict, metric, Optional.of(file)).stream().allMatch(Gate::pass);
  }

  private static String description(List<Survival> rows) {
    StringBuilder words = new StringBuilder("how far deployed files went back to the target:");
    for (Survival row : rows) {
      for (String file : row.deployed().keySet()) {
        words
            .append(' ')
            .append(row.metric().replace('_', ' '))
            .append(' ')
            .append(ReportData.runtime(file))
            .append(' ')
            .append(Numbers.percent(row.rebound(file)))
            .append(';');
      }
    }
    return words.toString();
  }
}
