package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.onnx.ExportOptions;
import org.unlearn4j.onnx.OnnxExporter;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.parity.Verdict;
import org.unlearn4j.weights.CheckpointLayout;
import org.unlearn4j.weights.QuantizedRows;
import org.unlearn4j.weights.RowQuantizer;
import org.unlearn4j.weights.SafeTensors;
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
   * Six steps of Adam move each weight by at most 6e-4, where a step of int4 is about 0.01. What
   * crosses to another code all the same, or moves a scale, is put back: every weight has moved,
   * and int4 sees none of it.
   */
  @Test
  void anUnlearningSoWeakThatInt4UndoesIt() throws IOException {
    Pipeline pipeline = pipeline();
    Path weak = temp.resolve("run/weak");
    new UnlearnStage(pipeline, System.err, "test").run(weak);
    keepCodes(weak);
    Path onnx = exported(weak, Variant.FP32, Variant.INT4);
    Verdict verdict =
        new VerifyStage(pipeline)
            .run(weak, onnx, List.of(Variant.FP32, Variant.INT4), Map.of())
            .verdict();
    List<Gate> full = survival(verdict, Variant.FP32);
    List<Gate> int4 = survival(verdict, Variant.INT4);
    assertEquals(List.of(), failed(full));
    Gate sources = verdict.results().get(1).gates().get(0);
    assertEquals("source_weights", sources.name());
    assertTrue(sources.pass(), sources.sentence());
    assertTrue(failed(int4).contains("rebound_forget_truth_ratio"), int4.toString());
    assertFalse(verdict.pass());
    ParityResult file = verdict.results().get(1);
    assertEquals(1, file.equalCodes());
    assertTrue(int4.get(0).value() > 0.5, "most of the way back: " + int4);
    // The folder itself says so, and what it says is what lies there.
    DeployedRecord.Comparison record = DeployedRecord.compare(onnx);
    assertEquals("fail", record.verdict());
    assertEquals(List.of(), record.differences());
    assertTrue(
        new ObjectMapper()
            .readTree(onnx.resolve("unlearning.json").toFile())
            .at("/deployment/variants/onnx:int4/failed_gates")
            .toString()
            .contains("rebound_forget_truth_ratio"));
  }

  /** Takes back of an unlearning what int4 would see. */
  private void keepCodes(Path weak) throws IOException {
    Decoder decoder = Decoder.of(ModelConfig.read(TARGET));
    Map<String, float[]> values = new HashMap<>();
    try (SafeTensors before = SafeTensors.open(TARGET);
        SafeTensors after = SafeTensors.open(weak)) {
      for (Parameter p : decoder.parameters()) {
        float[] old = before.floats(p.name());
        boolean linear = p.name().endsWith("_proj.weight");
        values.put(p.name(), linear ? kept(old, after.floats(p.name()), p.shape()) : old);
      }
    }
    Path file = weak.resolve("model.safetensors");
    CheckpointLayout layout = StageSupport.layout(TARGET, decoder);
    Files.delete(file);
    layout.write(weak, (name, pieces) -> pieces.accept(FloatBuffer.wrap(values.get(name))));
  }

  /** Each block of 32 weights of a row by itself, as int4 has them. */
  private static float[] kept(float[] old, float[] moved, List<Integer> shape) {
    RowQuantizer q = Variant.INT4.codes().orElseThrow().of("model.layers.0.mlp.up_proj.weight");
    int width = shape.get(1);
    float[] kept = moved.clone();
    for (int row = 0; row < shape.get(0); row++) {
      QuantizedRows before = new QuantizedRows(q, width, 1);
      q.quantize(old, row * width, before, 0);
      byte[] was = before.codes();
      float[] scales = before.scales();
      QuantizedRows after = new QuantizedRows(q, width, 1);
      byte[] is = after.codes();
      float[] now = after.scales();
      for (int pass = 0; pass < 2; pass++) {
        q.quantize(kept, row * width, after, 0);
        for (int i = 0; i < width; i++) {
          int block = i / 32;
          // A scale hangs on its block's largest weight, whose code is at the end of the range.
          boolean scale = now[block] != scales[block];
          if (is[i] != was[i] || (scale && (pass == 1 || was[i] == -8))) {
            kept[row * width + i] = old[row * width + i];
          }
        }
      }
      q.quantize(kept, row * width, after, 0);
      assertArrayEquals(was, is);
      assertArrayEquals(scales, now);
    }
    return kept;
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
    Files.writeString(dressed.resolve("unlearning.json"), "{\"objective\": {\"name\": \"NPO\"}}");
    Path onnx = exported(dressed, Variant.FP32);
    nudge(dressed.resolve("model.safetensors"));
    Verdict verdict =
        new VerifyStage(pipeline()).run(dressed, onnx, List.of(Variant.FP32), Map.of()).verdict();
    assertEquals(List.of("rebound"), failed(survival(verdict, Variant.FP32)));
    // Made from other weights, whose values it still has, and not unlearned.
    List<String> expected =
        List.of(
            "numeric source_weights: found 1",
            "weights changed_weights: found",
            "weights changed_constants: found",
            "survival rebound: found no number, expected at most 0.05000: unlearning moved no metric");
    assertEquals(expected.size(), verdict.failures().size(), verdict.failures().toString());
    for (int i = 0; i < expected.size(); i++) {
      assertTrue(
          verdict.failures().get(i).contains(expected.get(i)), verdict.failures().toString());
    }
    List<String> differences = DeployedRecord.compare(onnx).differences();
    assertEquals(1, differences.size(), differences.toString());
    assertTrue(differences.get(0).contains("as the SHA-256 of the weights it was made from"));
  }

  /**
   * The last bit of one entry of the last token's embedding, 0.0005 of itself at most: one logit of
   * 2048 moves a little, far below every limit, but the file is of other weights now.
   */
  private static void nudge(Path safetensors) throws IOException {
    byte[] bytes = Files.readAllBytes(safetensors);
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int header = (int) buffer.getLong(0);
    int end =
        new ObjectMapper()
            .readTree(bytes, 8, header)
            .at("/model.embed_tokens.weight/data_offsets/1")
            .intValue();
    assertTrue(end > 0);
    bytes[8 + header + end - 2] ^= 1; // float16, low byte first
    Files.write(safetensors, bytes);
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
            UserException.class, () -> stage.run(TARGET, temp, List.of(Variant.INT8), Map.of()));
    assertTrue(e.getMessage().contains("forgetting survives in the int8 file"), e.getMessage());
  }
}
