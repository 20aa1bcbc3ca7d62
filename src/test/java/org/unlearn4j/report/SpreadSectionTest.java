package org.unlearn4j.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Median;
import org.unlearn4j.eval.Bootstrap;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.RowResult;

class SpreadSectionTest {
  @TempDir Path folder;

  /** Of four numbers the mean of the two in the middle. */
  @Test
  void theMedianIsInTheMiddle() {
    assertEquals(2, Median.of(9, 1, 2));
    assertEquals(2.5, Median.of(3, 9, 1, 2));
  }

  private static double mean(EvaluationResult result) {
    return result.rows("forget").stream()
        .mapToDouble((RowResult r) -> r.value("prob").orElseThrow())
        .average()
        .orElseThrow();
  }

  /** The mean of what is drawn is that of the runs' means, and the interval is around it. */
  @Test
  void theIntervalIsOfTheMeanOverRows() {
    EvaluationResult run =
        EvaluationResult.read(ExampleRun.bare(folder).evaluation("unlearned", "tf"));
    Bootstrap.Interval of = SpreadSection.interval(List.of(run, run), "forget_prob").orElseThrow();
    assertEquals(mean(run), of.mean(), 1e-12);
    assertTrue(of.low() < of.mean() && of.mean() < of.high(), of.toString());
    assertEquals(Optional.empty(), SpreadSection.interval(List.of(run, run), "forget_quality"));
  }

  @Test
  void thePageShowsItOfSeveralRunsOnly() throws IOException {
    RunFolder run = ExampleRun.bare(folder);
    assertFalse(page(run).contains("id=\"spread\""));
    Files.copy(run.evaluation("unlearned", "tf"), run.evaluation("seed-0", "tf"));
    assertFalse(page(run).contains("id=\"spread\""), "one run has no spread");
    Files.copy(run.evaluation("unlearned", "tf"), run.evaluation("seed-1", "tf"));
    String page = page(run);
    assertTrue(page.contains("2 runs differ in their seed alone"), "the spread");
    Files.writeString(run.pipeline(), "name: x\nunlearn: {seed: 0, seeds: 2}\n");
    Files.copy(run.evaluation("unlearned", "tf"), run.evaluation("seed-2", "tf"));
    assertTrue(page(run).contains("2 runs differ in their seed alone"), "not an older run's");
    Files.writeString(run.pipeline(), "name: x\nunlearn: {seed: 0, seeds: 1}\n");
    assertFalse(page(run).contains("id=\"spread\""), "no older spread");
  }

  private static String page(RunFolder run) throws IOException {
    return Files.readString(Report.write(run).get(0));
  }
}
