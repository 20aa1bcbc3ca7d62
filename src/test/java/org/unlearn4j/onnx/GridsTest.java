package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.NumericMeasure;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.Variant;

/** Files whose codes have another grid: as exact as the usual ones, and as closely watched. */
class GridsTest {
  @TempDir Path temp;

  private Path export(String fixture, Variant variant, String changes, boolean tables) {
    Path onnx = temp.resolve(fixture + variant.label());
    OnnxExporter.export(
        Fixture.named(fixture).folder(),
        onnx,
        ExportOptions.of(List.of(variant.label()))
            .quantizedEmbeddings(tables)
            .choices(GraphChoices.read(variant, changes == null ? "" : changes, "test")));
    return onnx;
  }

  /** Whatever the grid: codes as our quantiser gives them, and a graph at the limits of fp32. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "llama|INT4|block_size=16",
        "llama|INT4|block_size=64,symmetric=false",
        "gpt2|INT4|block_size=128,symmetric=false,scales=least_error",
        "qwen2|INT4|block_size=256,accuracy_level=0",
        "llama|INT4|symmetric=false,accuracy_level=2,scales=least_error",
        "gemma2|INT4|head_bits=8,eight_bit_layers=0,symmetric=false",
        "mixtral|INT4|block_size=16,head_bits=8,accuracy_level=3",
        "llama|Q4F16|",
        "gpt2|Q4F16|",
        "gemma2|Q4F16|block_size=64,symmetric=false,head_bits=8",
        "mixtral|Q4F16|scales=least_error",
        "llama|INT8|block_size=16",
        "gpt2|INT8|block_size=32,symmetric=false",
        "llama|INT8|block_size=64,scales=least_error",
        "qwen2|INT8|block_size=128,symmetric=false,accuracy_level=0",
        "llama|INT8|block_size=256,symmetric=false,scales=least_error"
      })
  void aCorrectFilePassesItsGates(String fixture, Variant variant, String changes) {
    Path onnx = export(fixture, variant, changes, false);
    ReadBack.Counts c = ReadBacks.counts(Fixture.named(fixture).folder(), onnx, variant);
    assertTrue(ReadBacks.clean(c) && c.codes() > 0, c.toString());
    assertEquals(OptionalLong.of(0), c.foreign(), "held against our own quantiser");
    assertPasses(ReadBacks.compare(fixture, onnx, variant));
  }

  /** The file's products of float16 show against the weights read back, but no more than fp16's. */
  @Test
  void halvesAreMeasured() {
    Path onnx = export("llama", Variant.Q4F16, "", false);
    ParityResult result = ReadBacks.compare("llama", onnx, Variant.Q4F16);
    double moved = result.graph().orElseThrow().value(NumericMeasure.LOGIT_MEAN_RELATIVE);
    assertTrue(moved > 1e-4 && moved < 0.002, "moved " + moved);
  }

  private static void assertPasses(ParityResult result) {
    List<String> failed =
        new ArrayList<>(
            ReadBacks.failed(result, Gate.Level.WEIGHTS, Gate.Level.GRAPH, Gate.Level.NUMERIC));
    // Weights that were drawn are near no other ones: what rounding does is measured on Fable.
    failed.removeIf(g -> g.matches("logit_mean_relative|kl_mean|top1_agreement"));
    assertEquals(List.of(), failed, result.graph() + " " + result.weights());
  }

  /** The token table in the same codes as the head that is tied to it, also in eight bits. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mistral|block_size=16,symmetric=false",
        "gemma2|block_size=64,scales=least_error",
        "gemma2|head_bits=8",
        "gemma2|head_bits=8,symmetric=false"
      })
  void tablesToo(String fixture, String changes) {
    Path onnx = export(fixture, Variant.INT4, changes, true);
    ReadBack.Counts c = ReadBacks.counts(Fixture.named(fixture).folder(), onnx, Variant.INT4);
    assertTrue(ReadBacks.clean(c), c.toString());
    assertEquals(OptionalLong.of(0), c.foreign());
    ParityResult result = ReadBacks.compare(fixture, onnx, Variant.INT4);
    assertEquals(List.of(), ReadBacks.failed(result, Gate.Level.WEIGHTS, Gate.Level.GRAPH));
  }

  /**
   * Eight bits are the head's: a token table of its own keeps the bits of all other codes. A block
   * of 32 codes takes 16 bytes of 4 bits, or 32 of 8. Where the head is the table, both have 8.
   */
  @ParameterizedTest
  @CsvSource({"llama,16,32", "gemma2,32,0"})
  void bitsOfTheHeadAreNotThoseOfATableOfItsOwn(String fixture, long table, long head)
      throws IOException {
    Path onnx = export(fixture, Variant.INT4, "head_bits=8", true);
    Map<String, Long> bytes = new TreeMap<>();
    ModelProto.parseFrom(Files.readAllBytes(onnx.resolve("onnx").resolve(Variant.INT4.fileName())))
        .getGraph()
        .getInitializerList()
        .stream()
        .filter(t -> t.getName().endsWith(".codes"))
        .forEach(t -> bytes.put(t.getName(), t.getDims(t.getDimsCount() - 1)));
    assertEquals(table, bytes.get("model.embed_tokens.weight.codes"));
    assertEquals(head, bytes.getOrDefault("lm_head.weight.codes", 0L));
    ReadBack.Counts c = ReadBacks.counts(Fixture.named(fixture).folder(), onnx, Variant.INT4);
    assertTrue(ReadBacks.clean(c), c.toString());
    assertEquals(OptionalLong.of(0), c.foreign());
  }

  /**
   * At level 4 activations have 8 bits, a scale a block: fp32's limits cannot hold, and the file is
   * held against those of int8-dynamic.
   */
  @ParameterizedTest
  @CsvSource({"INT4,32", "INT8,32", "INT4,128"})
  void roundingWhileRunningIsJudgedAsSuch(Variant variant, int size) {
    Path onnx = export("llama", variant, "accuracy_level=4,block_size=" + size, false);
    ParityResult result = ReadBacks.compare("llama", onnx, variant);
    assertPasses(result);
    double moved = result.graph().orElseThrow().value(NumericMeasure.LOGIT_MEAN_RELATIVE);
    List<Gate> graph = result.gates().stream().filter(g -> g.level() == Gate.Level.GRAPH).toList();
    assertTrue(graph.stream().allMatch(g -> g.name().endsWith("_relative")), graph.toString());
    assertTrue(moved > 2e-5, "the limit of fp32 would fail: " + moved);
  }

  /** One code, one scale, one zero point: each by itself. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "INT4|.codes|symmetric=false",
        "INT4|.scales|symmetric=false,scales=least_error",
        "INT4|.zeros|symmetric=false",
        "INT4|.codes|block_size=128,scales=least_error",
        "INT8|.codes|block_size=64",
        "INT8|.scales|block_size=256",
        "INT8|.zeros|block_size=32,symmetric=false"
      })
  void aSingleWrongValueIsCounted(Variant variant, String what, String changes) throws IOException {
    Path onnx = export("llama", variant, changes, false);
    Path file = onnx.resolve("onnx").resolve(variant.fileName());
    ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(file)).toBuilder();
    TensorProto.Builder tensor =
        model.getGraphBuilder().getInitializerBuilderList().stream()
            .filter(t -> t.getName().endsWith("q_proj.weight" + what))
            .findFirst()
            .orElseThrow();
    byte[] raw = tensor.getRawData().toByteArray();
    raw[2] ^= 4; // of a float32, a bit in the middle of its mantissa
    tensor.setRawData(ByteString.copyFrom(raw));
    Files.write(file, model.build().toByteArray());
    Path folder = Fixture.named("llama").folder();
    ReadBack.Counts c = ReadBacks.counts(folder, onnx, variant);
    assertEquals(OptionalLong.of(1), c.foreign(), c.toString());
    assertFalse(ReadBacks.clean(c));
  }

  /** Who claims another grid than the file has, has not our quantiser's codes. */
  @Test
  void aWrongClaimIsFound() throws IOException {
    Path onnx = export("llama", Variant.INT4, "symmetric=false", false);
    Path file = onnx.resolve("onnx").resolve(Variant.INT4.fileName());
    ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(file)).toBuilder();
    assertEquals("symmetric=false", OnnxFile.read(file).metadata().get(Provenance.CHOICES));
    model.getMetadataPropsBuilderList().stream()
        .filter(p -> p.getKey().equals(Provenance.CHOICES))
        .forEach(p -> p.setValue("symmetric=false,scales=least_error"));
    Files.write(file, model.build().toByteArray());
    ReadBack.Counts c = ReadBacks.counts(Fixture.named("llama").folder(), onnx, Variant.INT4);
    assertTrue(c.foreign().orElse(0) > 0, c.toString());
  }

  /** The default is what it was: no word of it in the file. */
  @Test
  void theUsualFormSaysNothing() {
    Path onnx = export("llama", Variant.INT4, "", false);
    Map<String, String> metadata =
        OnnxFile.read(onnx.resolve("onnx").resolve(Variant.INT4.fileName())).metadata();
    assertFalse(metadata.containsKey(Provenance.CHOICES));
    assertEquals("1", metadata.get(Provenance.ACCURACY_LEVEL));
  }
}
