package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.onnx.ExportOptions;
import org.unlearn4j.onnx.OnnxExporter;
import org.unlearn4j.onnx.OrtModel;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.Values;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;
import org.unlearn4j.weights.CheckpointLayout;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.SafeTensorsWriter;
import org.unlearn4j.weights.TensorInfo;

/** A generated checkpoint of gpt-oss in MXFP4: read, trained for a step, written in bfloat16. */
class PackedExpertsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int WIDTH = 32;
  private static final float[] NUMBERS = {
    0, 0.5f, 1, 1.5f, 2, 3, 4, 6, 0, -0.5f, -1, -1.5f, -2, -3, -4, -6
  };

  @TempDir Path temp;

  private final Map<String, float[]> stored = new HashMap<>();

  /** Hidden and expert width are 32, a block each. */
  private Path packed() throws IOException {
    Path folder = Files.createDirectory(temp.resolve("packed"));
    ObjectNode config = (ObjectNode) Fixture.named("gpt_oss").json("config.legacy.json");
    config.put("hidden_size", WIDTH).put("intermediate_size", WIDTH).put("torch_dtype", "bfloat16");
    config.putObject("quantization_config").put("quant_method", "mxfp4");
    JSON.writeValue(folder.resolve("config.json").toFile(), config);
    Decoder decoder = Decoder.of(ModelConfig.read(folder));
    List<TensorInfo> tensors = new ArrayList<>();
    for (CheckpointLayout.Entry e :
        ModelFolder.fresh(decoder, DType.BF16).files().values().iterator().next()) {
      TensorInfo t = e.stored();
      if (t.name().matches(".*experts\\.(gate_up|down)_proj")) {
        List<Integer> s = t.shape(); // [experts, in, out] becomes [experts, out, in / 32, 16]
        int blocks = s.get(1) / 32;
        tensors.add(
            new TensorInfo(
                t.name() + "_blocks", DType.U8, List.of(s.get(0), s.get(2), blocks, 16)));
        tensors.add(
            new TensorInfo(t.name() + "_scales", DType.U8, List.of(s.get(0), s.get(2), blocks)));
      } else {
        tensors.add(t);
      }
    }
    Random random = new Random(7);
    for (TensorInfo t : tensors) {
      float[] values = new float[(int) t.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] =
            t.name().endsWith("_scales")
                ? 120 + random.nextInt(8)
                : t.dtype() == DType.U8 ? random.nextInt(256) : random.nextInt(256) / 256f - 0.4f;
      }
      stored.put(t.name(), values);
    }
    SafeTensorsWriter.write(
        folder.resolve("model.safetensors"),
        tensors,
        t -> FloatBuffer.wrap(stored.get(t.name())),
        Map.of());
    return folder;
  }

  /** Value (o, i) of expert 1 of layer 2, by its place among the bytes. */
  private float number(String tensor, int o, int i, int outs) {
    String name = "model.layers.2.mlp.experts." + tensor;
    int block = outs + o; // of expert 1; one block a row
    int both = (int) stored.get(name + "_blocks")[block * 16 + i / 2];
    int code = i % 2 == 0 ? both % 16 : both / 16;
    return (float) (NUMBERS[code] * Math.pow(2, stored.get(name + "_scales")[block] - 127));
  }

  @Test
  void isReadTrainedAndWrittenInBfloat16() throws IOException {
    Path folder = packed();
    Decoder decoder = Decoder.of(ModelConfig.read(folder));
    Path out = temp.resolve("out");
    Map<Parameter, float[]> trained = new HashMap<>();
    Objective objective =
        Objectives.of(Pipeline.defaults("GradDiff", List.of()).unlearn(), decoder);
    StepGraph graph = new StepGraph(decoder, objective, Computations.FP32);
    try (TrainingStep step = new TrainingStep(graph, OptimizerSettings.adamW(0.01, 1), 1);
        SafeTensors weights = SafeTensors.open(folder)) {
      Map<String, List<Integer>> shapes = new HashMap<>();
      decoder.parameters().forEach(p -> shapes.put(p.name(), p.shape()));
      weights.require(shapes);
      String expert = "model.layers.2.mlp.experts.gate_up_proj.1.";
      float[] gate = weights.floats(expert + "gate_proj.weight");
      float[] up = weights.floats(expert + "up_proj.weight");
      float[] down = weights.floats("model.layers.2.mlp.experts.down_proj.1.down_proj.weight");
      for (int o = 0; o < WIDTH; o++) {
        for (int i = 0; i < WIDTH; i++) {
          int at = o * WIDTH + i;
          assertEquals(number("gate_up_proj", 2 * o, i, 2 * WIDTH), gate[at], 0f);
          assertEquals(number("gate_up_proj", 2 * o + 1, i, 2 * WIDTH), up[at], 0f);
          assertEquals(number("down_proj", o, i, WIDTH), down[at], 0f);
        }
      }
      graph.variables().assign(TfRuntime.checkpoint(weights, decoder.parameters()));
      step.reset();
      step.run(
          1,
          List.of(StepFixture.ofAnyFamily("gpt_oss").batch(objective)),
          1e-2,
          new StepControl(1, 0, new StepControl.ViewSeed(0, 0, 0)));
      CheckpointLayout layout =
          weights.layout(decoder.parameters().stream().map(Parameter::name).toList());
      try (Values values = graph.variables().values()) {
        decoder.parameters().forEach(p -> trained.put(p, bfloat16(values.of(p).array())));
        ModelFolder.write(out, decoder, layout, values::read, folder, Optional.empty());
      }
      assertFalse(
          Arrays.equals(gate, trained.get(parameter(decoder, expert + "gate_proj.weight"))),
          "the step changed nothing");
    }
    ObjectNode config = (ObjectNode) JSON.readTree(out.resolve("config.json").toFile());
    assertFalse(config.has("quantization_config"));
    assertEquals("bfloat16", config.path("torch_dtype").asText());
    try (SafeTensors again = SafeTensors.open(out)) {
      assertTrue(again.names().stream().noneMatch(n -> n.endsWith("_blocks")), "codes are left");
      TensorInfo whole = again.info("model.layers.2.mlp.experts.down_proj");
      assertEquals(DType.BF16, whole.dtype());
      assertEquals(List.of(4, WIDTH, WIDTH), whole.shape());
      trained.forEach((p, v) -> assertArrayEquals(v, again.floats(p.name()), p.name()));
    }
  }

  /** On ONNX Runtime: codes, and the numbers that are written in their place. */
  @Test
  void anExportOfCodesIsThatOfTheirNumbers() throws IOException {
    Path folder = packed();
    Decoder decoder = Decoder.of(ModelConfig.read(folder));
    Path numbers = temp.resolve("numbers");
    try (SafeTensors weights = SafeTensors.open(folder)) {
      ModelFolder.write(
          numbers,
          decoder,
          weights.layout(decoder.parameters().stream().map(Parameter::name).toList()),
          (p, pieces) -> pieces.accept(FloatBuffer.wrap(weights.floats(p.name()))),
          folder,
          Optional.empty());
    }
    float[][][] ofCodes = logits(folder, "codes");
    float[][][] ofNumbers = logits(numbers, "plain");
    for (int r = 0; r < ofCodes.length; r++) {
      for (int t = 0; t < ofCodes[r].length; t++) {
        assertArrayEquals(ofNumbers[r][t], ofCodes[r][t], "row " + r + ", token " + t);
      }
    }
    assertTrue(Float.isFinite(ofCodes[0][0][0]) && ofCodes[0][0][0] != ofCodes[0][0][1]);
  }

  private float[][][] logits(Path model, String name) throws IOException {
    Path onnx = temp.resolve(name);
    OnnxExporter.export(model, onnx, ExportOptions.defaults());
    assertFalse(JSON.readTree(onnx.resolve("config.json").toFile()).has("quantization_config"));
    try (OrtModel runtime = OrtModel.open(onnx)) {
      return runtime.logits(Fixture.rows(Fixture.named("gpt_oss").expected()));
    }
  }

  private static Parameter parameter(Decoder decoder, String name) {
    return decoder.parameters().stream()
        .filter(p -> p.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** To nearest, ties to even. */
  private static float[] bfloat16(float[] values) {
    float[] rounded = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      int bits = Float.floatToIntBits(values[i]);
      int up = 0x7fff + (bits >>> 16 & 1);
      rounded[i] = Float.intBitsToFloat(bits + up & 0xffff0000);
    }
    return rounded;
  }
}
