package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.onnx.AdapterFactor;
import org.unlearn4j.onnx.AdapterFile;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.parity.Verdict;
import org.unlearn4j.weights.Variant;

/** An unlearning that is deployed as a base and an adapter, judged as that pair. */
class SeparateVerdictTest {
  private static final List<Variant> FILES = List.of(Variant.FP32, Variant.INT4);

  @TempDir Path temp;

  private Pipeline pipeline() throws IOException {
    Path file = temp.resolve("p.yaml");
    Files.writeString(
        file,
        """
        name: separate
        model: {path: models/fable-target}
        data: {benchmark: fable, forget: forget01, max_length: 96}
        unlearn:
          objective: {name: GradAscent}
          epochs: 2
          warmup_epochs: 0.0
          schedule: constant
          learning_rate: 2.0e-3
          watch: 0
          adapter: {rank: 4}
        export: {variants: [fp32, int4], adapter: separate}
        evaluate: {limit: 4, max_new_tokens: 1}
        """);
    return Pipeline.read(file, List.of());
  }

  private static Gate gate(ParityResult result, String name) {
    return result.gates().stream().filter(g -> g.name().equals(name)).findFirst().orElseThrow();
  }

  private static List<String> failed(ParityResult result) {
    // Whether six weak steps survive int4 is the unlearning's business, not the form's.
    return result.gates().stream()
        .filter(g -> !g.pass() && g.level() != Gate.Level.SURVIVAL)
        .map(Gate::name)
        .toList();
  }

  @Test
  void thePairIsJudgedAndItsBaseToo() throws IOException {
    Pipeline pipeline = pipeline();
    Path model = temp.resolve("run/unlearned");
    Path onnx = temp.resolve("run/onnx");
    new UnlearnStage(pipeline, System.err, "test").run(model);
    new ExportStage(pipeline, System.err, FileHashes.inMemory()).run(model, onnx, FILES);
    VerifyStage verify = new VerifyStage(pipeline);
    Verdict verdict = verify.run(model, onnx, FILES, Map.of()).verdict();
    assertTrue(verdict.results().get(0).pass(), "fp32, survival too");
    for (ParityResult result : verdict.results()) {
      assertEquals(List.of(), failed(result), result.deployed());
      assertTrue(gate(result, "adapter_off").value() < 1e-5, "the base of " + result.deployed());
      assertEquals(0, gate(result, "changed_weights").value());
      assertEquals(AdapterFile.NAME, result.session().get("adapter"));
    }
    JsonNode record =
        new ObjectMapper().readTree(onnx.resolve("unlearning.json").toFile()).path("deployment");
    assertEquals("base and adapter", record.path("form").asText());
    assertEquals(List.of(), DeployedRecord.compare(onnx).differences());

    // The mistake of a writer that forgets the scale, here 2, is found wherever it is looked for.
    Path file = onnx.resolve("onnx").resolve(AdapterFile.NAME);
    AdapterFile right = AdapterFile.read(file);
    AdapterFile.write(
        file,
        right.modelVersion(),
        right.factors().values().stream().map(SeparateVerdictTest::halved).toList());
    Verdict wrong = verify.run(model, onnx, List.of(Variant.FP32), Map.of()).verdict();
    assertFalse(wrong.pass());
    ParityResult full = wrong.results().get(0);
    assertTrue(failed(full).contains("changed_weights"), failed(full).toString());
    assertTrue(failed(full).contains("logit_max_abs"), failed(full).toString());
    assertTrue(gate(full, "graph_logit_max_abs").pass(), "the graph is right");
    assertTrue(gate(full, "adapter_off").pass(), "and so is the base");
  }

  private static AdapterFactor halved(AdapterFactor f) {
    float[] values = f.values().get();
    for (int i = 0; i < values.length && f.name().endsWith("B"); i++) {
      values[i] /= 2;
    }
    return new AdapterFactor(f.name(), f.rows(), f.columns(), () -> values);
  }
}
