package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;

class RelearnMetricsTest {
  @TempDir Path folder;

  /** Three forget rows of probability 0.2, 0.4 and 0.9. */
  private static EvaluationResult tofu() {
    List<RowResult> rows = new ArrayList<>();
    double[][] values = {{0.2, 0.5, 0.1}, {0.4, 2, 0.3}, {0.9, 1, 0.8}};
    for (double[] v : values) {
      rows.add(
          new RowResult(
              rows.size(),
              "q",
              "a",
              "",
              Map.of("prob", v[0], "truth_ratio", v[1], "extraction_strength", v[2])));
    }
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put("forget_prob", 0.5);
    metrics.put("forget_truth_ratio", 2.0 / 3);
    metrics.put("extraction_strength", 0.4);
    metrics.put("forget_quality", 0.1);
    metrics.put("retain_prob", 0.8);
    metrics.put("retain_truth_ratio", 0.4);
    metrics.put("model_utility", 0.6);
    return Evaluations.of(
        "unlearned",
        "tf",
        "tofu",
        metrics,
        Map.of("forget", rows),
        Map.of(),
        Optional.empty(),
        1,
        1);
  }

  /**
   * Rows 0 and 2: mean probability 0.55, extraction strength 0.45; truth ratios 0.5 and 1 give
   * min(tr, 1/tr) of 0.5 and 1. Harmonic mean of 0.8 and 0.4: 2 / (1.25 + 2.5).
   */
  @Test
  void rowsThatWereNotTaughtAreCountedApart() {
    Map<String, Double> m = RelearnMetrics.of(tofu(), Map.of("forget", Set.of(0, 2)));
    assertEquals(
        List.of(
            "forget_prob",
            "forget_prob_untaught",
            "forget_truth_ratio",
            "forget_truth_ratio_untaught",
            "extraction_strength",
            "extraction_strength_untaught",
            "retain_prob",
            "retain_truth_ratio",
            "model_utility",
            "utility_without_rouge"),
        List.copyOf(m.keySet()));
    Near.absolute(0.5, m.get("forget_prob"), 0, "all rows");
    Near.absolute(0.55, m.get("forget_prob_untaught"), 1e-12, "others");
    Near.absolute(0.75, m.get("forget_truth_ratio_untaught"), 1e-9, "truth ratio");
    Near.absolute(0.45, m.get("extraction_strength_untaught"), 1e-12, "extraction");
    Near.absolute(2 / 3.75, m.get("utility_without_rouge"), 1e-12, "without model_utility itself");
    Map<String, Double> everything = RelearnMetrics.of(tofu(), Map.of("forget", Set.of(0, 1, 2)));
    Near.absolute(0.5, everything.get("forget_prob_untaught"), 1e-12, "the suite's own mean");
    Near.absolute(2.0 / 3, everything.get("forget_truth_ratio_untaught"), 1e-9, "and its own");
    assertFalse(RelearnMetrics.of(tofu(), Map.of()).containsKey("forget_prob_untaught"));
  }

  @Test
  void theWayBackIsAShareOfTheWay() {
    Map<String, Double> target = Map.of("a", 0.9, "b", 0.515, "c", Double.NaN, "d", 0.1);
    Map<String, Double> before = Map.of("a", 0.1, "b", 0.5, "c", 0.5, "d", 0.5);
    Map<String, Double> after = Map.of("a", 0.3, "b", 0.51, "c", 0.6, "d", 0.6);
    Map<String, OptionalDouble> way = RelearnResult.Course.towards(target, before, after).wayBack();
    Near.absolute(0.25, way.get("a").orElseThrow(), 1e-12, "a quarter");
    assertTrue(way.get("b").isEmpty(), "two thirds of nothing");
    assertTrue(way.get("c").isEmpty());
    Near.absolute(-0.25, way.get("d").orElseThrow(), 1e-12, "further away");
  }

  /** Unlearned 0.1 -> 0.3, retain-only 0.2 -> 0.25: 0.2 - 0.05 = 0.15 more. */
  @Test
  void theGainIsHeldAgainstTheRetainOnlyModels() {
    Map<String, RelearnResult.Course> both =
        Map.of("unlearned", course(0.1, 0.3), "retain_only", course(0.2, 0.25));
    Near.absolute(0.15, judged(0.15, both).gain().orElseThrow(), 1e-12, "less what anybody learns");
    assertTrue(judged(0.1501, both).pass());
    assertFalse(judged(0.1499, both).pass());
    Map<String, RelearnResult.Course> alone = Map.of("unlearned", course(0.1, 0.3));
    Near.absolute(0.2, judged(0.15, alone).gain().orElseThrow(), 1e-12, "all of it");
    assertFalse(judged(0.15, alone).pass());
  }

  @Test
  void aGainThatIsNotKnownDoesNotPassItsGate() {
    assertFalse(judged(1, Map.of()).pass());
    assertFalse(judged(1, Map.of("unlearned", course(0.1, Double.NaN))).pass());
  }

  private static RelearnResult.Course course(double before, double after) {
    String metric = "forget_prob_untaught";
    return RelearnResult.Course.towards(
        Map.of(metric, 0.9), Map.of(metric, before), Map.of(metric, after));
  }

  private static RelearnResult judged(double most, Map<String, RelearnResult.Course> models) {
    return new RelearnResult(
        0.1,
        1,
        5e-4,
        OptionalDouble.of(most),
        List.of("forget_prob_untaught"),
        Map.of("forget_prob_untaught", 0.9),
        List.of(new RelearnResult.Arm("forget", 18, models)));
  }

  @Test
  void theFileReadsBack() throws IOException {
    RelearnResult.Course course =
        RelearnResult.Course.towards(
            Map.of("a", 0.9, "b", 0.5), Map.of("a", 0.1, "b", 0.5), Map.of("a", 0.3, "b", 0.25));
    RelearnResult result =
        new RelearnResult(
            0.1,
            1,
            5e-4,
            OptionalDouble.of(0.25),
            List.of("a", "b"),
            Map.of("a", 0.9, "b", 0.5),
            List.of(new RelearnResult.Arm("forget", 18, Map.of("unlearned", course))));
    Path file = folder.resolve("relearn.json");
    result.write(file);
    assertEquals(result, RelearnResult.read(file));
    assertTrue(Files.readString(file).replace(" ", "").contains("\"b\":null"));
    Files.writeString(file, "{\"share\": \"a lot\"}");
    UserException e = assertThrows(UserException.class, () -> RelearnResult.read(file));
    assertTrue(
        e.getMessage().contains("share: found \"a lot\", expected a number"), e.getMessage());
  }
}
