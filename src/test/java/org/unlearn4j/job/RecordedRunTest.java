package org.unlearn4j.job;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.report.RunFolder;
import org.unlearn4j.run.EvaluationFiles;
import org.unlearn4j.stage.Inputs;
import org.unlearn4j.stage.Stage;
import org.unlearn4j.stage.StageGraph;

/** A verdict is of the evaluations that lie beside it, or it is said that it is not. */
class RecordedRunTest {
  @TempDir Path temp;

  private static final String EVALUATION = "{\"metrics\": {\"forget_prob\": %s}, \"seconds\": %s}";

  /** Runs a stage that writes a text, and so its record. */
  private void made(Path out, String text, Map<String, String> content) {
    Context context = Context.of(System.err);
    Inputs.Builder inputs = new Inputs.Builder();
    content.forEach(inputs::content);
    Stage stage =
        new Stage(
            "evaluate " + out.getFileName(),
            List.of(),
            out,
            (hashes, earlier) -> inputs.build(),
            () -> 0L,
            () -> {
              AtomicFiles.writeString(out, text);
              return Stage.Done.wrote(List.of(out), Map.of());
            });
    boolean ignored =
        new StageGraph(List.of(stage), context.hashes(), Map.of())
            .run(stage, true, new SingleStage(stage.name(), System.out, System.err));
  }

  @Test
  void aVerdictOfOtherEvaluationsIsNamed() throws IOException {
    RunFolder run = new RunFolder(temp.resolve("run"));
    Path evaluation = run.evaluation("unlearned.tf.json");
    made(evaluation, EVALUATION.formatted(0.5, 1), Map.of());
    String of = EvaluationFiles.meaning(evaluation, FileHashes.inMemory());
    made(run.verdict(), "{\"verdict\": \"pass\"}", Map.of("eval/unlearned.tf.json", of));
    assertEquals(List.of(), RecordedRun.differences(run));
    made(evaluation, EVALUATION.formatted(0.5, 2), Map.of());
    assertEquals(List.of(), RecordedRun.differences(run), "as before, at another speed");
    made(evaluation, EVALUATION.formatted(0.6, 2), Map.of());
    String other = run.verdict() + ": is of another unlearned.tf.json than lies there.";
    assertEquals(List.of(other), RecordedRun.differences(run));
    Files.writeString(evaluation, EVALUATION.formatted(0.5, 2));
    Path foreign = run.evaluation("target.tf.json");
    Files.writeString(foreign, EVALUATION.formatted(0.5, 2));
    List<String> expected =
        new ArrayList<>(List.of(foreign + ": found no record of what it was made from."));
    expected.add(evaluation + ": unlearned.tf.json was changed after it was written.");
    assertEquals(expected, RecordedRun.differences(run));
  }
}
