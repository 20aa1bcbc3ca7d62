package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.unlearn4j.eval.MembershipAttack;
import org.unlearn4j.eval.MetricInfo;
import org.unlearn4j.eval.RocCurve;
import org.unlearn4j.report.ReportData.Measured;
import org.unlearn4j.report.ReportData.Role;

/** Can one tell what was forgotten from what was never seen? One panel an attack, one table. */
final class Attacks {
  private static final int SIZE = 220;
  private static final int LEFT = 34;
  private static final int RIGHT = 10;
  private static final int TOP = 10;
  private static final int BOTTOM = 36;

  private Attacks() {}

  /** An attack in words. */
  static String name(MembershipAttack attack) {
    return switch (attack) {
      case LOSS -> "Loss";
      case ZLIB -> "Loss over zlib";
      case MIN_K_20 -> "Min-k, 20 %";
      case MIN_K_40 -> "Min-k, 40 %";
      case MIN_K_PP_20 -> "Min-k++, 20 %";
      case MIN_K_PP_40 -> "Min-k++, 40 %";
      case REFERENCE -> "Reference";
      case GRADNORM -> "Gradient norm";
    };
  }

  /** Whether a metric is shown here. */
  static boolean isMembership(String metric) {
    return MetricInfo.of(metric).filter(i -> i.about() == MetricInfo.About.MEMBERSHIP).isPresent();
  }

  static Optional<Section> section(ReportData data, Figures figures) {
    List<MembershipAttack> attacks =
        Arrays.stream(MembershipAttack.values())
            .filter(a -> data.unlearned().metric(a.auc()).isPresent())
            .toList();
    List<String> names = MetricSection.names(data).stream().filter(Attacks::isMembership).toList();
    if (names.isEmpty()) {
      return Optional.empty();
    }
    Section section =
        Section.of("attacks", "Attacks", "Membership attacks")
            .add(
                Html.tag(
                    "p",
                    "Each attack tries to tell answers that the target was taught, and that were"
                        + " to be forgotten, from answers that no model ever saw. A diagonal is"
                        + " guessing. A curve above it finds the forgotten ones because they are"
                        + " still too likely; one below it because they have become too unlikely."
                        + " The aim is the retain-only model’s curve."));
    Html panels = Html.tag("div").css("grid panels");
    for (MembershipAttack attack : attacks) {
      panel(data, attack)
          .ifPresent(plot -> panels.add(figures.figure(plot, caption(data, attack))));
    }
    if (!panels.isEmpty()) {
      section.add(
          Figures.key(data.firsts().stream().map(Measured::role).toList()),
          panels,
          Html.tag(
                  "p",
                  "Dots: the share of forgotten answers that a threshold finds (TPR) when it takes 1 %"
                      + " or 5 % of unseen answers for forgotten ones (FPR).")
              .css("note"));
    }
    if (!attacks.isEmpty()) {
      section.add(table(data, attacks));
    }
    return Optional.of(
        section.add(
            Html.tag("details")
                .add(Html.tag("summary", "Every number, deployed files too"))
                .add(MetricSection.table(data, names))));
  }

  private static Html caption(ReportData data, MembershipAttack attack) {
    Html caption = Html.tag("figcaption").add(Html.tag("strong", Numbers.together(name(attack))));
    List<String> areas = new ArrayList<>();
    for (Measured m : data.firsts()) {
      m.result()
          .metric(attack.auc())
          .ifPresent(v -> areas.add(m.role().label() + " " + Numbers.pretty(v)));
    }
    return caption.add(Html.tag("small", "AUC " + String.join(", ", areas)));
  }

  /** The curves of every model that has one. */
  static Map<Role, RocCurve> curves(ReportData data, MembershipAttack attack) {
    Map<Role, RocCurve> curves = new LinkedHashMap<>();
    for (Measured m : data.firsts()) {
      attack
          .curve(m.result())
          .filter(c -> !c.points().isEmpty())
          .ifPresent(c -> curves.put(m.role(), c));
    }
    return curves;
  }

  private static Optional<Plot> panel(ReportData data, MembershipAttack attack) {
    Map<Role, RocCurve> curves = curves(data, attack);
    if (!curves.containsKey(Role.UNLEARNED)) {
      return Optional.empty();
    }
    Axis x = new Axis(0, 1, LEFT, SIZE - RIGHT);
    Axis y = new Axis(0, 1, SIZE - BOTTOM, TOP);
    Drawing drawing = new Drawing(SIZE, SIZE);
    for (double tick : new double[] {0, 0.5, 1}) {
      drawing.line(Ink.TEXT, 0.2, 0.8, LEFT, y.at(tick), SIZE - RIGHT, y.at(tick));
      drawing.line(Ink.TEXT, 0.2, 0.8, x.at(tick), TOP, x.at(tick), SIZE - BOTTOM);
      drawing.text(Ink.TEXT, "end", LEFT - 5, y.at(tick) + 4, Numbers.tick(tick));
      drawing.text(Ink.TEXT, "middle", x.at(tick), SIZE - BOTTOM + 15, Numbers.tick(tick));
    }
    drawing.text(Ink.TEXT, "middle", x.at(0.5), SIZE - 4, "unseen answers let through");
    drawing.line(Ink.TEXT, 0.45, 1, x.at(0), y.at(0), x.at(1), y.at(1));
    curves.forEach(
        (role, curve) -> {
          drawing.path(role.ink(), 1, role == Role.UNLEARNED ? 2.2 : 1.6, path(curve, x, y));
          for (double share : new double[] {0.01, 0.05}) {
            drawing.dot(role.ink(), x.at(share), y.at(curve.truePositivesAt(share)), 2.6);
          }
        });
    return Optional.of(
        drawing.plot(
            "roc-" + attack.label().replace('_', '-'),
            "ROC curves of the attack " + name(attack) + " for each model"));
  }

  private static String path(RocCurve curve, Axis x, Axis y) {
    StringBuilder d = new StringBuilder();
    for (RocCurve.Point p : corners(curve.points())) {
      d.append(d.isEmpty() ? "M" : " L");
      d.append(Drawing.point(x.at(p.falsePositives()), y.at(p.truePositives())));
    }
    return d.toString();
  }

  /** The points at which a curve turns; what lies on a straight way between two is left out. */
  static List<RocCurve.Point> corners(List<RocCurve.Point> points) {
    List<RocCurve.Point> corners = new ArrayList<>();
    for (RocCurve.Point p : points) {
      int n = corners.size();
      if (n >= 2 && straight(corners.get(n - 2), corners.get(n - 1), p)) {
        corners.remove(n - 1);
      }
      corners.add(p);
    }
    return corners;
  }

  private static boolean straight(RocCurve.Point a, RocCurve.Point b, RocCurve.Point c) {
    double turn =
        (b.falsePositives() - a.falsePositives()) * (c.truePositives() - b.truePositives())
            - (b.truePositives() - a.truePositives()) * (c.falsePositives() - b.falsePositives());
    return Math.abs(turn) < 1e-12;
  }

  /** An attack a row: area, and the shares found at 1 % and 5 %, of every model. */
  private static Html table(ReportData data, List<MembershipAttack> attacks) {
    List<Measured> models = data.firsts();
    List<Html> headings = new ArrayList<>(List.of(Tables.words("attack")));
    for (String measure : List.of("AUC", "TPR at 1 %", "TPR at 5 %")) {
      for (Measured m : models) {
        headings.add(
            Html.tag("span")
                .css("number")
                .add(measure)
                .add(Html.tag("small", m.role().label()).css(m.role().css())));
      }
    }
    List<Html> rows = new ArrayList<>();
    for (MembershipAttack attack : attacks) {
      Html row = Html.tag("tr").add(Html.tag("th", name(attack)).attr("scope", "row"));
      for (String metric :
          List.of(attack.auc(), attack.truePositivesAt(1), attack.truePositivesAt(5))) {
        for (Measured m : models) {
          OptionalDouble value = m.result().metric(metric);
          row.add(value.isPresent() ? Tables.number(value.getAsDouble()) : Tables.nothing());
        }
      }
      rows.add(row);
    }
    return Tables.sortable(headings, rows);
  }

  /** The attack that tells best, by how far its area is from one half. */
  static Optional<MembershipAttack> strongest(ReportData data) {
    return Arrays.stream(MembershipAttack.values())
        .filter(a -> data.unlearned().metric(a.auc()).isPresent())
        .max(
            Comparator.comparingDouble(
                a -> Math.abs(data.unlearned().metric(a.auc()).orElseThrow() - 0.5)));
  }
}
