package org.unlearn4j.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.job.Context;
import org.unlearn4j.job.Job;
import org.unlearn4j.job.PipelineStages;

/** A report made again deletes plots that it had made and no longer has, and nothing else. */
class ReportStageTest {
  @TempDir Path folder;

  private void report(RunFolder run) {
    Context context = Context.of(System.err);
    PrintStream nobody = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
    assertTrue(Job.run(List.of(PipelineStages.report("report", run, context)), context, nobody));
  }

  @Test
  void whatSomebodyPutBesideThePlotsStays() throws IOException {
    Assumptions.assumeTrue(Charts.available(), "this Java has no fonts, so there are no plots");
    RunFolder run = ExampleRun.complete(folder);
    Files.createDirectories(run.plots());
    Path mine = Files.writeString(run.plots().resolve("mine.svg"), "<svg/>");
    report(run);
    Path curve = run.plots().resolve("train-total.svg");
    assertTrue(Files.exists(curve));
    Files.delete(run.trainLog());
    report(run);
    assertFalse(Files.exists(curve), "its training is gone");
    assertEquals("<svg/>", Files.readString(mine));
  }
}
