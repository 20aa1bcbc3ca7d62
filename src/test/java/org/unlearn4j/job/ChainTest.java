package org.unlearn4j.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.report.RunFolder;
import org.unlearn4j.run.EvaluateStage;
import org.unlearn4j.stage.Stage;

/** Which stages a pipeline has, however its file is written. */
class ChainTest {
  @TempDir Path temp;

  private Pipeline pipeline(String... lines) throws IOException {
    Path file = Files.writeString(temp.resolve("p.yaml"), String.join("\n", lines) + "\n");
    return Pipeline.read(file, List.of());
  }

  private List<String> names(Pipeline pipeline) {
    return Chain.of(pipeline, new RunFolder(temp.resolve("run")), Context.of(System.err)).stream()
        .map(Stage::name)
        .toList();
  }

  private static final String MODEL =
      "model: {path: models/fable-target, reference: models/fable-retain}";

  /** A list in YAML's other style is a list; a quoted name is a name. */
  @Test
  void everyVariantIsEvaluatedHoweverTheListIsWritten() throws IOException {
    Pipeline pipeline =
        pipeline(
            "name: \"mine\"",
            MODEL,
            "data: {benchmark: fable}",
            "unlearn: {objective: {name: NPO}}",
            "export:",
            "  variants:",
            "    - fp32",
            "    - int8   # smaller",
            "    - int4");
    assertEquals(
        List.of(
            "evaluate retain.tf",
            "evaluate target.tf",
            "unlearn",
            "evaluate unlearned.tf",
            "export",
            "evaluate unlearned.onnx",
            "evaluate unlearned.onnx-int8",
            "evaluate unlearned.onnx-int4",
            "verify",
            "report"),
        names(pipeline));
    assertEquals(Path.of("runs/mine"), Job.of(pipeline).folder().root());
  }

  @Test
  void blocksDecideWhichStagesThereAre() throws IOException {
    Pipeline plain =
        pipeline(
            "name: x",
            "model: {path: models/fable-target}",
            "data: {benchmark: fable}",
            "unlearn: {objective: {name: NPO}}");
    assertTrue(names(plain).stream().noneMatch(n -> n.contains("retain")), "" + names(plain));
    Pipeline all = plain.with("finetune.epochs=1", "relearn.share=0.5", "attack.seed=1");
    assertEquals(
        List.of("finetune target", "finetune retain", "evaluate retain.tf", "evaluate target.tf"),
        names(all).subList(0, 4));
    assertEquals(List.of("verify", "relearn", "attack", "report"), names(all).subList(8, 12));
    List<Stage> stages = Chain.of(all, new RunFolder(temp.resolve("run")), Context.of(System.err));
    assertTrue(stages.get(4).after().contains("finetune target"), "what unlearning starts from");
  }

  /** Each seed unlearns and is evaluated; what is exported and judged is the one delivered. */
  @Test
  void severalSeedsAreRunsOfWhichOneIsDelivered() throws IOException {
    Pipeline pipeline =
        pipeline(
            "name: x",
            MODEL,
            "data: {benchmark: fable}",
            "unlearn: {objective: {name: NPO}, seed: 4, seeds: 2, choose: {}}",
            "export: {variants: [fp32]}");
    List<Stage> stages =
        Chain.of(pipeline, new RunFolder(temp.resolve("run")), Context.of(System.err));
    assertEquals(
        List.of(
            "evaluate retain.tf",
            "evaluate target.tf",
            "unlearn seed-4",
            "unlearn seed-5",
            "unlearn",
            "evaluate seed-4.tf",
            "evaluate seed-5.tf",
            "evaluate unlearned.tf",
            "export",
            "evaluate unlearned.onnx",
            "verify",
            "report"),
        stages.stream().map(Stage::name).toList());
    assertEquals(List.of("unlearn seed-4", "unlearn seed-5"), stages.get(4).after());
    assertTrue(
        stages.get(10).after().stream().noneMatch(n -> n.contains("seed")), "not of the verdict");
    assertTrue(stages.get(11).after().contains("evaluate seed-5.tf"), "of the report");
  }

  @Test
  void aStageThatIsMeantWronglyIsNamed() throws IOException {
    Job job =
        Job.of(
                pipeline(
                    "name: x",
                    MODEL,
                    "data: {benchmark: fable}",
                    "unlearn: {objective: {name: NPO}}"))
            .in(temp.resolve("run"));
    UserException e =
        assertThrows(
            UserException.class, () -> job.plan(new Job.Options(List.of("exprot"), List.of(), 1)));
    assertTrue(e.getMessage().startsWith("--until: found exprot, expected a stage of"), "" + e);
    assertEquals(
        List.of(), job.plan(new Job.Options(List.of("relearn"), List.of(), 1)), "has none");
    assertEquals(1, job.plan(new Job.Options(List.of("unlearn"), List.of(), 1)).size());
  }

  /** A result is never written over what it is made from. */
  @Test
  void anOutputThatIsAnInputIsRefused() throws IOException {
    Path data = Files.createDirectories(temp.resolve("data"));
    Files.writeString(data.resolve("forget.jsonl"), "{}");
    Files.writeString(data.resolve("keep.jsonl"), "{}");
    Pipeline pipeline =
        pipeline(
            "name: x",
            MODEL,
            "data: {benchmark: jsonl, path: " + data + ", forget: forget, retain: keep.jsonl}",
            "unlearn: {objective: {name: NPO}}");
    PipelineStages stages = new PipelineStages(pipeline, Context.of(System.err));
    Path target = Path.of("models/fable-target");
    EvaluateStage.Request request =
        new EvaluateStage.Request("target", target, "tf", java.util.Optional.empty());
    for (Path out :
        List.of(
            target.resolve("config.json"),
            Path.of("models/fable-retain/new.json"),
            data.resolve("forget.jsonl"),
            data.resolve("../data/keep.jsonl"),
            Files.writeString(data.resolve("holdout.jsonl"), "{}"))) {
      UserException e =
          assertThrows(UserException.class, () -> stages.evaluate("evaluate x", request, out));
      assertTrue(e.getMessage().startsWith(out.toString()), e.getMessage());
    }
    Stage beside = stages.evaluate("evaluate x", request, data.resolve("target.json"));
    assertEquals(data.resolve("target.json"), beside.output());
  }
}
