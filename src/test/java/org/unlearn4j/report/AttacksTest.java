package org.unlearn4j.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.eval.MembershipAttack;
import org.unlearn4j.eval.RocCurve;
import org.unlearn4j.report.ReportData.Role;

class AttacksTest {
  @TempDir Path folder;

  private static RocCurve.Point p(double x, double y) {
    return new RocCurve.Point(x, y);
  }

  /** Along the left edge up in two steps, over to the right in two, then slanted: four turns. */
  @Test
  void onlyTurningPointsAreDrawn() {
    List<RocCurve.Point> corners =
        Attacks.corners(
            List.of(p(0, 0), p(0, 0.25), p(0, 0.5), p(0.5, 0.5), p(0.75, 0.5), p(1, 1)));
    assertEquals(List.of(p(0, 0), p(0, 0.5), p(0.75, 0.5), p(1, 1)), corners);
    List<RocCurve.Point> bent = List.of(p(0, 0), p(0.1, 0.2), p(0.2, 0.5), p(1, 1));
    assertEquals(bent, Attacks.corners(bent), "nothing that turns is lost");
  }

  /**
   * Members 1, 2 score below non-members 3, 4, so the curve goes up first: AUC 1; no area is lost.
   */
  @Test
  void cornersKeepTheArea() {
    RocCurve curve =
        RocCurve.ofAttack(new double[] {1, 3, 2, 6}, new double[] {3, 4, 5, 7, 8, 9, 1.5});
    assertEquals(curve.auc(), new RocCurve(Attacks.corners(curve.points())).auc(), 1e-12);
    assertTrue(Attacks.corners(curve.points()).size() < curve.points().size());
  }

  /** What the page draws is what the metrics say. */
  @Test
  void curvesAndTableAgreeWithTheMetrics() throws Exception {
    RunFolder run = ExampleRun.complete(folder);
    ReportData data = ReportData.read(run);
    int curves = 0;
    for (MembershipAttack attack : MembershipAttack.values()) {
      Map<Role, RocCurve> drawn = Attacks.curves(data, attack);
      for (Map.Entry<Role, RocCurve> entry : drawn.entrySet()) {
        String of = entry.getKey() + " " + attack;
        curves++;
        assertEquals(
            data.first(entry.getKey()).orElseThrow().metric(attack.auc()).orElseThrow(),
            entry.getValue().auc(),
            1e-12,
            of);
      }
    }
    // six attacks on three models, and the reference attack on the two that are not the reference
    assertEquals(6 * 3 + 2, curves);
    Figures figures = new Figures(false);
    String page = Attacks.section(data, figures).orElseThrow().body().markup();
    assertEquals(
        List.of(
            "roc-loss",
            "roc-min-k-20",
            "roc-min-k-40",
            "roc-min-k-pp-20",
            "roc-min-k-pp-40",
            "roc-reference",
            "roc-zlib"),
        figures.drawn().stream().map(Plot::name).sorted().toList());
    for (String words : List.of("TPR at 1 %", "TPR at 5 %", "AUC target")) {
      assertTrue(page.contains(words), words);
    }
    for (MembershipAttack attack :
        Arrays.stream(MembershipAttack.values())
            .filter(a -> a != MembershipAttack.GRADNORM)
            .collect(Collectors.toSet())) {
      double found = data.unlearned().metric(attack.truePositivesAt(5)).orElseThrow();
      assertTrue(page.contains("data-value=\"" + found + "\""), attack + " at 5 %");
    }
  }
}
