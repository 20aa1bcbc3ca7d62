package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.run.PairCheck;
import org.unlearn4j.run.PairData;
import org.unlearn4j.weights.Variant;

/**
 * Two models and nothing else: what is the same passes, whoever exported it, and each plausible
 * mistake is caught by the gate that the test names, with the limits that hold by default.
 */
class PairCheckTest {
  private static final Fixture LLAMA = Fixture.named("llama");

  @TempDir Path temp;

  private static PairCheck.Side tf(Path folder) {
    return new PairCheck.Side(folder, false);
  }

  private static PairCheck.Side onnx(Path path) {
    return new PairCheck.Side(path, true);
  }

  private static ParityResult compare(Fixture fixture, PairCheck.Side a, PairCheck.Side b) {
    PairCheck check = new PairCheck(Pipeline.defaults("NPO", List.of("evaluate.max_new_tokens=8")));
    PairCheck.Rows rows =
        shape -> PairData.ofIds(Fixture.rows(fixture.expected()), fixture.folder());
    return check.run(a, b, rows, Variant.FP32).results().get(0);
  }

  private static List<String> failed(ParityResult result) {
    return result.gates().stream().filter(g -> !g.pass()).map(Gate::name).toList();
  }

  private static double value(ParityResult result, String gate) {
    return result.gates().stream()
        .filter(g -> g.name().equals(gate))
        .mapToDouble(Gate::value)
        .findFirst()
        .orElseThrow();
  }

  private Path exported() {
    return Exports.inline("llama", temp.resolve("llama"));
  }

  private ParityResult spoiled(Consumer<GraphProto.Builder> change) {
    Path folder = exported();
    Exports.edit(folder, change);
    return compare(LLAMA, tf(LLAMA.folder()), onnx(folder));
  }

  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void anHonestExportPasses(String name) {
    Fixture fixture = Fixture.named(name);
    Path folder = Exports.inline(name, temp.resolve(name));
    ParityResult result = compare(fixture, tf(fixture.folder()), onnx(folder));
    assertEquals(List.of(), failed(result), result.numeric().toString());
    assertEquals("onnx:model", result.deployed());
    assertEquals("tf", result.trained());
    // Well below its limit: the gate does not hang on how a processor rounds.
    assertTrue(value(result, "logit_mean_relative") < 3e-6, result.numeric().toString());
  }

  /** A grouped query model and one with learned positions, as another exporter would write them. */
  @ParameterizedTest
  @CsvSource({"llama, false", "llama, true", "gpt2, false", "gpt2, true"})
  void anotherExportersFilePasses(String name, boolean bare) {
    Fixture fixture = Fixture.named(name);
    Path folder = Exports.inline(name, temp.resolve(name));
    Exports.edit(folder, ForeignFiles::rename);
    if (bare) {
      Exports.edit(folder, ForeignFiles::countPositions);
      Exports.edit(folder, ForeignFiles::dropCache);
    }
    ParityResult result = compare(fixture, tf(fixture.folder()), onnx(folder));
    assertEquals(List.of(), failed(result), result.numeric().toString());
    List<String> gates = result.gates().stream().map(Gate::name).toList();
    assertEquals(!bare, gates.contains("chunked_prefill"));
    // Learned positions that count padding cannot be padded on the left: not claimed, not tested.
    assertEquals(!bare || name.equals("llama"), gates.contains("left_padding"));
    assertTrue(gates.contains("identical_generations"));
  }

  @Test
  void oneWeightMatrixChangedByAHundredth() {
    ParityResult r =
        spoiled(g -> change(g, "model.layers.1.mlp.up_proj.weight", PairCheckTest::scaled));
    assertTrue(failed(r).contains("logit_mean_relative"), r.numeric().toString());
  }

  /** The largest entry of a matrix of each kind by itself, among 3840 or fewer others. */
  @Test
  void oneSingleWeightChangedByAHundredth() throws IOException {
    Path folder = exported();
    byte[] honest = Files.readAllBytes(Exports.model(folder));
    List<String> names =
        List.of(
            "lm_head.weight",
            "model.layers.0.self_attn.v_proj.weight",
            "model.layers.1.mlp.gate_proj.weight",
            "model.layers.2.self_attn.q_proj.weight",
            "model.layers.2.mlp.down_proj.weight");
    Path reference = Exports.inline("llama", temp.resolve("reference"));
    for (String name : names) {
      Files.write(Exports.model(folder), honest);
      Exports.edit(folder, g -> change(g, name, PairCheckTest::largestScaled));
      ParityResult r = compare(LLAMA, onnx(reference), onnx(folder));
      assertTrue(failed(r).contains("logit_mean_relative"), name + ": " + r.numeric());
    }
  }

  @Test
  void aSwappedPairOfTensors() {
    ParityResult r =
        spoiled(
            g ->
                swap(
                    g,
                    "model.layers.0.self_attn.k_proj.weight",
                    "model.layers.0.self_attn.v_proj.weight"));
    assertTrue(failed(r).containsAll(List.of("logit_max_abs", "kl_mean")), failed(r).toString());
  }

  @Test
  void aTransposedSquareMatrix() {
    ParityResult r =
        spoiled(
            g -> change(g, "model.layers.2.self_attn.q_proj.weight", PairCheckTest::transposed));
    assertTrue(failed(r).containsAll(List.of("logit_max_abs", "kl_mean")), failed(r).toString());
  }

  @Test
  void aWrongRopeBase() throws IOException {
    ObjectMapper json = new ObjectMapper();
    Path wrong = Files.createDirectories(temp.resolve("wrong"));
    Files.copy(LLAMA.folder().resolve("model.safetensors"), wrong.resolve("model.safetensors"));
    ObjectNode config = (ObjectNode) LLAMA.json("config.json");
    ((ObjectNode) config.path("rope_parameters")).put("rope_theta", 10000.0);
    json.writeValue(wrong.resolve("config.json").toFile(), config);
    Path folder = temp.resolve("onnx");
    OnnxExporter.export(wrong, folder, ExportOptions.defaults());
    ParityResult r = compare(LLAMA, tf(LLAMA.folder()), onnx(folder));
    assertTrue(failed(r).containsAll(List.of("logit_max_abs", "kl_mean")), failed(r).toString());
  }

  /** Causal attention never looks at padding on the right, so one pass shows nothing. */
  @ParameterizedTest
  @CsvSource({"false", "true"})
  void aMaskIgnoredOnPadding(boolean bare) {
    ParityResult r =
        spoiled(
            g -> {
              ForeignFiles.ignoreMask(g);
              if (bare) {
                ForeignFiles.countPositions(g);
                ForeignFiles.dropCache(g);
              }
            });
    assertTrue(failed(r).contains("left_padding"), failed(r).toString());
    assertFalse(failed(r).contains("logit_max_abs"), failed(r).toString());
  }

  @Test
  void oneSafetensorsFolderAgainstAnother() throws IOException {
    Path other = Files.createDirectories(temp.resolve("other"));
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(LLAMA.folder().resolve(file), other.resolve(file));
    }
    assertEquals(List.of(), failed(compare(LLAMA, tf(LLAMA.folder()), tf(other))));
    Files.copy(
        LLAMA.folder().resolve("reference.safetensors"),
        other.resolve("model.safetensors"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    List<String> failed = failed(compare(LLAMA, tf(LLAMA.folder()), tf(other)));
    assertTrue(
        failed.containsAll(List.of("logit_max_abs", "logit_mean_relative")), failed.toString());
  }

  @Test
  void whatCannotBeFedIsSaid() {
    Path folder = exported();
    Exports.edit(folder, g -> g.addInput(g.getInput(0).toBuilder().setName("token_type_ids")));
    UserException e =
        assertThrows(UserException.class, () -> compare(LLAMA, tf(LLAMA.folder()), onnx(folder)));
    assertTrue(e.getMessage().contains("found input token_type_ids"), e.getMessage());
    UserException nothing =
        assertThrows(
            UserException.class,
            () -> compare(LLAMA, tf(LLAMA.folder()), tf(temp.resolve("nowhere"))));
    assertTrue(nothing.getMessage().contains("found nothing"), nothing.getMessage());
  }

  private static void change(
      GraphProto.Builder graph, String name, java.util.function.UnaryOperator<float[]> change) {
    TensorProto.Builder tensor = named(graph, name);
    float[] changed = change.apply(values(tensor.getRawData()));
    ByteBuffer bytes =
        ByteBuffer.allocate(Float.BYTES * changed.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(changed);
    tensor.setRawData(ByteString.copyFrom(bytes));
  }

  private static void swap(GraphProto.Builder graph, String a, String b) {
    ByteString first = named(graph, a).getRawData();
    assertFalse(first.equals(named(graph, b).getRawData()));
    assertEquals(named(graph, a).getDimsList(), named(graph, b).getDimsList());
    named(graph, a).setRawData(named(graph, b).getRawData());
    named(graph, b).setRawData(first);
  }

  private static TensorProto.Builder named(GraphProto.Builder graph, String name) {
    return graph.getInitializerBuilderList().stream()
        .filter(t -> t.getName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static float[] values(ByteString raw) {
    FloatBuffer buffer = raw.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    float[] values = new float[buffer.remaining()];
    buffer.get(values);
    return values;
  }

  private static float[] scaled(float[] values) {
    for (int i = 0; i < values.length; i++) {
      values[i] *= 1.01f;
    }
    return values;
  }

  private static float[] largestScaled(float[] values) {
    int largest = 0;
    for (int i = 0; i < values.length; i++) {
      largest = Math.abs(values[i]) > Math.abs(values[largest]) ? i : largest;
    }
    values[largest] *= 1.01f;
    return values;
  }

  private static float[] transposed(float[] values) {
    int side = (int) Math.sqrt(values.length);
    assertEquals(values.length, side * side);
    float[] turned = new float[values.length];
    for (int r = 0; r < side; r++) {
      for (int c = 0; c < side; c++) {
        turned[c * side + r] = values[r * side + c];
      }
    }
    return turned;
  }
}
