package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.base.UserException;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.ForwardChecks;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.onnx.ExportOptions;
import org.unlearn4j.onnx.OnnxExporter;
import org.unlearn4j.onnx.OrtModel;
import org.unlearn4j.weights.CheckpointLayout;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.SafeTensorsWriter;
import org.unlearn4j.weights.TensorInfo;

/** A text model inside a multimodal one: read for itself, written back with the rest as it was. */
class MultimodalFolderTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Parts that see, in formats of their own. */
  private static final List<TensorInfo> SEEING =
      List.of(
          new TensorInfo("vision_tower.encoder.layers.0.weight", DType.BF16, List.of(3, 5)),
          new TensorInfo("multi_modal_projector.weight", DType.F32, List.of(7)));

  @TempDir Path temp;

  /** The names that published files give a parameter of the text model: first older, then newer. */
  private static String wrapped(String name, boolean older) {
    return older
        ? "language_model." + name
        : name.replaceFirst("^model\\.", "model.language_model.");
  }

  private Path wrap(String fixture, String type, boolean older) throws IOException {
    Path from = Fixture.named(fixture).folder();
    Path folder = Files.createDirectories(temp.resolve("wrapped"));
    ObjectNode text = (ObjectNode) JSON.readTree(from.resolve("config.json").toFile());
    ObjectNode whole = JSON.createObjectNode().put("model_type", type).put("image_token_index", 5);
    whole.set("eos_token_id", text.remove("eos_token_id"));
    text.remove("architectures");
    whole.set("text_config", text);
    whole.putObject("vision_config").put("hidden_size", 5);
    JSON.writeValue(folder.resolve("config.json").toFile(), whole);
    Files.writeString(folder.resolve("preprocessor_config.json"), "{}");
    try (SafeTensors weights = SafeTensors.open(from)) {
      Map<String, FloatBuffer> values = new LinkedHashMap<>();
      List<TensorInfo> infos = new ArrayList<>();
      for (String name : weights.names()) {
        TensorInfo info = weights.info(name);
        infos.add(new TensorInfo(wrapped(name, older), info.dtype(), info.shape()));
        values.put(wrapped(name, older), FloatBuffer.wrap(weights.floats(name)));
      }
      for (TensorInfo t : SEEING) {
        TensorInfo info = new TensorInfo((older ? "" : "model.") + t.name(), t.dtype(), t.shape());
        infos.add(info);
        float[] some = new float[(int) t.size()];
        for (int i = 0; i < some.length; i++) {
          some[i] = i - 2.5f; // exact in bfloat16
        }
        values.put(info.name(), FloatBuffer.wrap(some));
      }
      SafeTensorsWriter.write(
          folder.resolve("model.safetensors"), infos, t -> values.get(t.name()), Map.of());
    }
    return folder;
  }

  @ParameterizedTest
  @CsvSource({
    "gemma3_text, gemma3, true",
    "gemma3_text, gemma3, false",
    "mistral, mistral3, true",
    "mistral, mistral3, false"
  })
  void theTextModelIsExportedAlone(String fixture, String type, boolean older) throws IOException {
    Path folder = wrap(fixture, type, older);
    Path onnx = temp.resolve("onnx");
    OnnxExporter.export(folder, onnx, ExportOptions.defaults());
    try (OrtModel model = OrtModel.open(onnx)) {
      ForwardChecks.logits(Fixture.named(fixture), model, 0);
      ForwardChecks.greedy(Fixture.named(fixture), model);
    }
    ModelConfig alone = ModelConfig.read(onnx);
    assertEquals(fixture, alone.json().path("model_type").asText());
    assertEquals(List.of(2), alone.eosTokenIds());
    assertFalse(alone.json().has("vision_config"));
  }

  @ParameterizedTest
  @CsvSource({"gemma3_text, gemma3, true", "mistral, mistral3, false"})
  void everythingElseIsWrittenBackUntouched(String fixture, String type, boolean older)
      throws IOException {
    Path folder = wrap(fixture, type, older);
    Path out = temp.resolve("out");
    Decoder decoder = Decoder.of(ModelConfig.read(folder));
    try (SafeTensors weights = SafeTensors.open(folder)) {
      CheckpointLayout layout =
          weights.layout(decoder.parameters().stream().map(Parameter::name).toList());
      assertTrue(layout.wraps());
      // What is learned here: every parameter of the text model changes its sign.
      ModelFolder.write(
          out,
          decoder,
          layout,
          (p, pieces) -> pieces.accept(negated(weights.floats(p.name()))),
          folder,
          Optional.empty());
      try (SafeTensors written = SafeTensors.open(out)) {
        assertEquals(weights.names(), written.names());
        for (String name : weights.names()) {
          assertEquals(weights.info(name), written.info(name));
          boolean learned = name.contains("language_model") || name.startsWith("lm_head");
          float[] due = weights.floats(name);
          assertArrayEquals(learned ? negated(due).array() : due, written.floats(name), 0, name);
        }
      }
    }
    assertEquals(
        JSON.readTree(folder.resolve("config.json").toFile()),
        JSON.readTree(out.resolve("config.json").toFile()));
    assertTrue(Files.isRegularFile(out.resolve("preprocessor_config.json")));
  }

  private static FloatBuffer negated(float[] values) {
    float[] other = new float[values.length];
    for (int i = 0; i < other.length; i++) {
      other[i] = -values[i];
    }
    return FloatBuffer.wrap(other);
  }

  /** Only inside a multimodal model are such tensors anything else than superfluous. */
  @Test
  void aTextModelHasNoPlaceForAVisionTower() throws IOException {
    Path folder = wrap("mistral", "mistral3", true);
    Map<String, List<Integer>> none = Map.of();
    try (SafeTensors weights = SafeTensors.open(folder)) {
      String message = assertThrows(UserException.class, () -> weights.require(none)).getMessage();
      assertFalse(message.contains("vision_tower"), message);
    }
    Path alone = temp.resolve("alone.safetensors");
    SafeTensorsWriter.write(alone, SEEING, t -> FloatBuffer.allocate((int) t.size()), Map.of());
    try (SafeTensors weights = SafeTensors.open(alone)) {
      String message = assertThrows(UserException.class, () -> weights.require(none)).getMessage();
      assertTrue(message.contains("vision_tower"), message);
    }
  }

  @Test
  void mistakesAreNamedByTheirPlaceInTheFile() {
    ObjectNode whole = JSON.createObjectNode().put("model_type", "mistral3");
    whole.putObject("text_config").put("model_type", "ministral3");
    String message = assertThrows(UserException.class, () -> ModelConfig.of(whole)).getMessage();
    assertTrue(
        message.startsWith("config.json, text_config.model_type: found \"ministral3\""), message);
    whole.putObject("text_config").put("hidden_size", "wide");
    message = assertThrows(UserException.class, () -> ModelConfig.of(whole)).getMessage();
    assertTrue(message.contains("config.json, text_config.hidden_size: found \"wide\""), message);
  }
}
