package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.weights.Variant;

/** Files of other programs: their codes are read, their graphs held against them. */
class ForeignCodesTest {
  private static final Gate.Level[] OWN = {Gate.Level.WEIGHTS, Gate.Level.GRAPH};

  @TempDir Path temp;

  private ParityResult compare(String fixture, Variant limits, Consumer<GraphProto.Builder> change)
      throws IOException {
    return compare(fixture, GraphForm.LATEST, limits, change);
  }

  private ParityResult compare(
      String fixture, int opset, Variant limits, Consumer<GraphProto.Builder> change)
      throws IOException {
    Path folder = temp.resolve(fixture);
    ExportOptions options = ExportOptions.defaults().opset(opset);
    OnnxExporter.export(Fixture.named(fixture).folder(), folder, options);
    return renamed(fixture, folder, limits, change);
  }

  /** The float32 file of a folder, changed, renamed, and of another program. */
  private static ParityResult renamed(
      String fixture, Path folder, Variant limits, Consumer<GraphProto.Builder> change)
      throws IOException {
    ModelProto.Builder model =
        ModelProto.parseFrom(Files.readAllBytes(Exports.model(folder))).toBuilder();
    change.accept(model.getGraphBuilder());
    if (model.getGraph().getNodeCount() > 1) { // names within branches are changed before
      ForeignFiles.rename(model.getGraphBuilder());
    }
    model
        .setProducerName("another")
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("com.microsoft").setVersion(1));
    Files.write(folder.resolve("onnx").resolve(limits.fileName()), model.build().toByteArray());
    return ReadBacks.compare(fixture, folder, limits);
  }

  private static Variant limits(ForeignCodes.Form form) {
    return switch (form) {
      case NBITS_4, BLOCKED -> Variant.INT4;
      case NBITS_8, QDQ -> Variant.INT8;
      case INTEGER -> Variant.INT8_DYNAMIC;
      case TURNED -> Variant.FP32;
    };
  }

  /** Tied and untied, with grouped queries and without, sizes that blocks do not divide. */
  @ParameterizedTest
  @CsvSource({
    "llama, NBITS_4",
    "mistral, NBITS_4",
    "llama, NBITS_8",
    "llama, QDQ",
    "gemma2, QDQ",
    "llama, BLOCKED",
    "llama, INTEGER",
    "llama, TURNED",
    "gemma2, TURNED"
  })
  void codesAreReadWhoeverWroteThem(String fixture, ForeignCodes.Form form) throws IOException {
    Variant limits = limits(form);
    ParityResult result = compare(fixture, limits, g -> ForeignCodes.write(g, form));
    String found = result.weights() + " " + result.graph();
    assertEquals(List.of(), ReadBacks.failed(result, OWN), found);
    assertEquals(form != ForeignCodes.Form.TURNED, result.weights().orElseThrow().codes() > 0);
    assertTrue(result.weights().orElseThrow().foreign().isEmpty(), found);
  }

  /** The same among the operators of older runtimes, whose DequantizeLinear has no blocks. */
  @ParameterizedTest
  @EnumSource(value = ForeignCodes.Form.class, names = "BLOCKED", mode = EnumSource.Mode.EXCLUDE)
  void codesAreReadInTheOlderOperatorSet(ForeignCodes.Form form) throws IOException {
    ParityResult result =
        compare("llama", GraphForm.OLDER, limits(form), g -> ForeignCodes.write(g, form));
    String found = result.weights() + " " + result.graph();
    assertEquals(List.of(), ReadBacks.failed(result, OWN), found);
    assertEquals(form != ForeignCodes.Form.TURNED, result.weights().orElseThrow().codes() > 0);
  }

  /** A table and its tied head in GatherBlockQuantized and MatMulNBits: one code of it wrong. */
  @ParameterizedTest
  @CsvSource({"mistral, 0", "mistral, 16", "llama, 0", "llama, 16"})
  void tablesInCodesAreRead(String fixture, int bit) throws IOException {
    Path folder = temp.resolve(fixture);
    ExportOptions options = ExportOptions.of(List.of("int4")).quantizedEmbeddings(true);
    OnnxExporter.export(Fixture.named(fixture).folder(), folder, options);
    Files.move(folder.resolve("onnx").resolve("model_q4.onnx"), Exports.model(folder));
    ParityResult result =
        renamed(
            fixture,
            folder,
            Variant.INT4,
            g -> {
              assertTrue(
                  g.getNodeList().stream()
                      .anyMatch(n -> n.getOpType().equals("GatherBlockQuantized")));
              changed(g, "embed_tokens.weight.codes", 5, bit);
            });
    List<String> due = bit == 0 ? List.of() : List.of("codes_not_nearest");
    assertEquals(due, ReadBacks.failed(result, Gate.Level.WEIGHTS), "" + result.weights());
    assertEquals(List.of(), ReadBacks.failed(result, Gate.Level.GRAPH), "" + result.graph());
  }

  /** Llama with one byte of a constant changed. */
  private ParityResult wrong(ForeignCodes.Form form, String constant, int at, int bits)
      throws IOException {
    return compare(
        "llama",
        limits(form),
        g -> {
          ForeignCodes.write(g, form);
          changed(g, constant, at, bits);
        });
  }

  @ParameterizedTest
  @EnumSource(value = ForeignCodes.Form.class, names = "TURNED", mode = EnumSource.Mode.EXCLUDE)
  void oneWrongCodeIsSeen(ForeignCodes.Form form) throws IOException {
    ParityResult result = wrong(form, "_q", 9, 0x22);
    assertEquals(List.of("codes_not_nearest"), ReadBacks.failed(result, Gate.Level.WEIGHTS));
    assertEquals(ParityResult.Origin.WEIGHTS, result.origin().orElseThrow());
  }

  @ParameterizedTest
  @EnumSource(value = ForeignCodes.Form.class, names = "TURNED", mode = EnumSource.Mode.EXCLUDE)
  void oneWrongScaleIsSeen(ForeignCodes.Form form) throws IOException {
    ParityResult result = wrong(form, "_s", 2, 0x40); // half an exponent's worth of the mantissa
    assertEquals(List.of("codes_not_nearest"), ReadBacks.failed(result, Gate.Level.WEIGHTS));
  }

  private static void changed(GraphProto.Builder g, String end, int at, int mask) {
    TensorProto.Builder t =
        g.getInitializerBuilderList().stream()
            .filter(i -> i.getName().endsWith(end))
            .findFirst()
            .orElseThrow();
    byte[] bytes = t.getRawData().toByteArray();
    bytes[at] ^= (byte) mask;
    t.setRawData(ByteString.copyFrom(bytes));
  }

  /** As onnxruntime-genai's builder writes them, in float32 and in codes. */
  @ParameterizedTest
  @CsvSource({"FP32, false", "INT4, true"})
  void matricesBesideOthersAreFound(Variant limits, boolean codes) throws IOException {
    ParityResult result =
        compare(
            "llama",
            limits,
            g -> {
              ForeignFiles.pack(g);
              if (codes) {
                ForeignCodes.write(g, ForeignCodes.Form.NBITS_4);
              }
            });
    String found = result.weights() + " " + result.graph();
    assertEquals(List.of(), ReadBacks.failed(result, OWN), found);
  }

  /** Two rows of the packed matrix exchanged: a row of keys is a row of queries. */
  @Test
  void rowsExchangedAmongMatricesAreSeen() throws IOException {
    ParityResult result =
        compare(
            "llama",
            Variant.FP32,
            g -> {
              ForeignFiles.pack(g);
              TensorProto.Builder t =
                  g.getInitializerBuilderList().stream()
                      .filter(i -> i.getName().endsWith("1.self_attn.qkv_proj.weight"))
                      .findFirst()
                      .orElseThrow();
              byte[] bytes = t.getRawData().toByteArray();
              int row = 32 * Float.BYTES;
              for (int i = 0; i < row; i++) { // rows 31 and 32: the last query, the first key
                byte last = bytes[31 * row + i];
                bytes[31 * row + i] = bytes[32 * row + i];
                bytes[32 * row + i] = last;
              }
              t.setRawData(ByteString.copyFrom(bytes));
            });
    assertTrue(
        ReadBacks.failed(result, Gate.Level.WEIGHTS).contains("changed_weights"),
        result.weights().toString());
  }

  /** Weights of a square matrix turned in the graph, not in the file: only the graph is wrong. */
  @Test
  void aProductWithATurnedMatrixIsTheGraphsMistake() throws IOException {
    ParityResult result =
        compare(
            "llama",
            Variant.INT8,
            g -> {
              for (var n : g.getNodeBuilderList()) {
                if (n.getName().endsWith("layers.1/self_attn/q_proj/Gemm")) {
                  n.getAttributeBuilderList().get(0).setI(0);
                }
              }
            });
    assertEquals(List.of(), ReadBacks.failed(result, Gate.Level.WEIGHTS));
    assertTrue(
        ReadBacks.failed(result, Gate.Level.GRAPH).contains("graph_logit_max_abs"),
        result.graph().toString());
    assertEquals(ParityResult.Origin.GRAPH, result.origin().orElseThrow());
  }

  @Test
  void aMergedDecoderIsFedItsBranch() throws IOException {
    ParityResult result = compare("llama", Variant.FP32, g -> merged(g, branch -> {}));
    assertEquals(
        List.of(), ReadBacks.failed(result, Gate.Level.values()), result.numeric().toString());
    assertTrue(result.gates().stream().anyMatch(g -> g.name().equals("cached_decoding")));
  }

  private static void merged(GraphProto.Builder g, Consumer<GraphProto.Builder> cached) {
    ForeignFiles.rename(g);
    ForeignFiles.merge(g, cached);
  }

  /** A mistake in the branch with a cache is none of the other's, and shows where it runs. */
  @Test
  void aWrongBranchIsSeen() throws IOException {
    ParityResult result =
        compare(
            "llama",
            Variant.FP32,
            g ->
                merged(
                    g,
                    branch ->
                        branch.getNodeBuilderList().stream()
                            .filter(n -> n.getName().endsWith("layers.1/Add"))
                            .forEach(n -> n.setOpType("Sub"))));
    assertEquals(List.of(), ReadBacks.failed(result, OWN), result.graph().toString());
    assertTrue(
        ReadBacks.failed(result, Gate.Level.NUMERIC).contains("chunked_prefill"),
        result.numeric().toString());
  }
}
