package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.onnx.ExportOptions;
import org.unlearn4j.onnx.OnnxExporter;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.parity.Survival;
import org.unlearn4j.parity.Verdict;
import org.unlearn4j.weights.Variant;

/** Deployed files that are not unlearned, and must not pass for it. */
class SurvivalControlsTest {
  private static final Path TARGET = Path.of("models/fable-target");

  @TempDir Path temp;

  private Pipeline pipeline(String... more) throws IOException {
    List<String> lines =
        new ArrayList<>(
            List.of(
                "name: controls",
                "model: {path: " + TARGET + "}",
                "data: {benchmark: fable, forget: forget01, max_length: 96}",
                "unlearn:",
                "  objective: {name: GradAscent}",
                "  epochs: 2",
                "  warmup_epochs: 0.0",
                "  schedule: constant",
                "  learning_rate: 1.0e-4",
                "evaluate: {limit: 6, max_new_tokens: 1}"));
    lines.addAll(List.of(more));
    Path file = Files.writeString(temp.resolve("p.yaml"), String.join("\n", lines) + "\n");
    return Pipeline.read(file, List.of());
  }

  private static List<Gate> survival(Verdict verdict, Variant variant) {
    return verdict.results().stream()
        .filter(r -> r.deployed().equals("onnx:" + variant.label()))
        .map(ParityResult::gates)
        .flatMap(List::stream)
        .filter(g -> g.level() == Gate.Level.SURVIVAL)
        .toList();
  }

  private static List<String> failed(List<Gate> gates) {
    return gates.stream().filter(g -> !g.pass()).map(Gate::name).toList();
  }

  private Path exported(Path model, Variant... variants) {
    Path folder = temp.resolve("onnx-" + model.getFileName());
    List<String> labels = Stream.of(variants).map(Variant::label).toList();
    OnnxExporter.export(model, folder, ExportOptions.of(labels).before(Optional.of(TARGET)));
    return folder;
  }

  /**
   * Steps of Adam move each weight by about the learning rate, 6 of them by at most 6e-4. A step of
   * int4 is the largest of 32 weights over 8, here about 0.02: nearly every code is the target's.
   */
  @Test
  void anUnlearningSoWeakThatInt4UndoesIt() throws IOException {
    Pipeline pipeline = pipeline();
    Path weak = temp.resolve("run/weak");
    new UnlearnStage(pipeline, System.err, "test").run(weak);
    Path onnx = exported(weak, Variant.FP32, Variant.INT4);
    Verdict verdict =
        new VerifyStage(pipeline)
            .run(weak, onnx, List.of(Variant.FP32, Variant.INT4), Optional.empty());
    List<Gate> full = survival(verdict, Variant.FP32);
    List<Gate> int4 = survival(verdict, Variant.INT4);
    System.err.println(full + "\n" + int4 + "\n" + verdict.survival());
    assertEquals(List.of(), failed(full));
    assertTrue(failed(int4).contains("rebound_forget_prob"), int4.toString());
    assertFalse(verdict.pass());
    ParityResult file = verdict.results().get(1);
    assertTrue(file.equalCodes() > 0.9, "codes " + file.equalCodes());
    Survival prob = verdict.survival().get(0);
    assertEquals("forget_prob", prob.metric());
    assertTrue(prob.unlearned() < prob.target() - 0.02, prob.toString());
    // The folder itself says so, and what it says is what lies there.
    DeployedRecord.Comparison record = DeployedRecord.compare(onnx);
    assertEquals("fail", record.verdict());
    assertEquals(List.of(), record.differences());
    assertTrue(
        new ObjectMapper()
            .readTree(onnx.resolve("unlearning.json").toFile())
            .at("/deployment/failed_gates")
            .toString()
            .contains("rebound_forget_prob"));
  }

  /** The target's own weights under the name of an unlearned model: nothing was ever moved. */
  @Test
  void theTargetDressedUpAsUnlearned() throws IOException {
    Path dressed = Files.createDirectories(temp.resolve("dressed"));
    try (Stream<Path> files = Files.list(TARGET)) {
      for (Path file : files.toList()) {
        Files.copy(file, dressed.resolve(file.getFileName()));
      }
    }
    Path onnx = exported(dressed, Variant.FP32);
    Verdict verdict =
        new VerifyStage(pipeline()).run(dressed, onnx, List.of(Variant.FP32), Optional.empty());
    assertEquals(List.of("rebound"), failed(survival(verdict, Variant.FP32)));
    assertTrue(
        verdict.failures().get(0).contains("survival rebound: found NaN"),
        verdict.failures().toString());
  }

  @Test
  void withoutAModelBeforeNobodyCanTell() throws IOException {
    Path file =
        Files.writeString(
            temp.resolve("none.yaml"),
            """
            name: none
            model: {init: random, architecture: {hidden_size: 8, layers: 1, heads: 1, ffn: 8}, tokenizer: models/fable-target}
            data: {benchmark: fable}
            unlearn: {objective: {name: NPO}}
            """);
    VerifyStage stage = new VerifyStage(Pipeline.read(file, List.of()));
    UserException e =
        org.junit.jupiter.api.Assertions.assertThrows(
            UserException.class,
            () -> stage.run(TARGET, temp, List.of(Variant.INT8), Optional.empty()));
    assertTrue(e.getMessage().contains("forgetting survives in the int8 file"), e.getMessage());
  }
}
