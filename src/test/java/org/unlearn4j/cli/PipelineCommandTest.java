package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.PipelineTable;

class PipelineCommandTest {
  @TempDir Path folder;

  private String pipeline() throws IOException {
    return Files.writeString(
            folder.resolve("p.yaml"),
            "name: a\nmodel: {path: .}\ndata: {benchmark: fable}\nunlearn: {objective: {name: NPO}}\n")
        .toString();
  }

  @Test
  void printsOrWritesTheResolvedPipeline() throws IOException {
    CommandRun printed =
        CommandRun.of("pipeline", "--pipeline", pipeline(), "--set", "unlearn.epochs=3");
    assertEquals(0, printed.code(), printed.err());
    assertTrue(printed.out().contains("\n  epochs: 3\n"), printed.out());
    Path out = folder.resolve("runs/a/pipeline.yaml");
    CommandRun written =
        CommandRun.of(
            "pipeline",
            "--pipeline",
            pipeline(),
            "--set",
            "unlearn.epochs=3",
            "--out",
            out.toString());
    assertEquals(new CommandRun(0, "", ""), written);
    assertEquals(printed.out(), Files.readString(out));
    assertEquals(3, Pipeline.readRecord(out).unlearn().loop().epochs());
  }

  @Test
  void printsTheKeys() {
    assertEquals(
        new CommandRun(0, PipelineTable.markdown(), ""), CommandRun.of("pipeline", "--keys"));
  }

  @Test
  void aMistakeLeavesNothingBehind() throws IOException {
    Path out = folder.resolve("out.yaml");
    CommandRun r =
        CommandRun.of(
            "pipeline",
            "--pipeline",
            pipeline(),
            "--set",
            "unlearn.epochs=0",
            "--out",
            out.toString());
    assertEquals(ExitCode.USER, r.code());
    assertEquals("--set unlearn.epochs=0: found 0, expected an integer of at least 1.\n", r.err());
    assertTrue(Files.notExists(out));
    assertEquals(ExitCode.USER, CommandRun.of("pipeline").code());
  }
}
