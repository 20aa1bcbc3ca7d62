package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.OwnHead;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.Variant;

/**
 * Weights read back from files: what is right is clean, and whatever is wrong in one is counted.
 */
class ReadBackTest {
  @TempDir Path temp;

  @ParameterizedTest
  @CsvSource({"llama, 23", "gpt2, 17", "gemma2, 23", "qwen2, 17", "mixtral, 23", "gpt_oss, 17"})
  void aCorrectFileIsClean(String name, int opset) {
    Path folder = Fixture.named(name).folder();
    Path onnx = temp.resolve(name);
    OnnxExporter.export(folder, onnx, ExportOptions.of(Variant.labels()).opset(opset));
    for (Variant variant : Variant.values()) {
      ReadBack.Counts c = ReadBacks.counts(folder, onnx, variant);
      assertTrue(ReadBacks.clean(c), variant + ": " + c);
      assertEquals(OptionalLong.of(0), c.foreign(), "its own file is held against its quantiser");
      assertEquals(variant.codes().isPresent(), c.codes() > 0, variant + ": " + c);
      assertEquals(variant != Variant.FP32, c.rounded(), variant.label());
      // Values opposite to the largest of a block have code 7 where 8 would be nearer.
      assertEquals(
          variant == Variant.INT4 || variant == Variant.Q4F16, c.clipped() > 0, variant + ": " + c);
      assertTrue(c.clipped() < 0.05 * c.codes() || c.codes() == 0, variant + ": " + c);
    }
  }

  /** A table in codes whose rows are no whole number of blocks: 40 of 64. */
  @Test
  void aTableInCodesIsReadWithoutItsPadding() {
    Path folder = Fixture.named("mistral").folder();
    Path onnx = temp.resolve("mistral");
    OnnxExporter.export(folder, onnx, ExportOptions.of(List.of("int4")).quantizedEmbeddings(true));
    ReadBack.Counts c = ReadBacks.counts(folder, onnx, Variant.INT4);
    assertTrue(ReadBacks.clean(c), c.toString());
    assertEquals(OptionalLong.of(0), c.foreign());
  }

  /** The definitions written down once more, in double precision: {@link Dequantized}. */
  @ParameterizedTest
  @CsvSource({
    "llama, INT8, 0",
    "llama, INT8_DYNAMIC, 0",
    "mixtral, INT8, 0",
    "llama, INT4, 32",
    "gpt2, INT4, 32"
  })
  void valuesAreThoseThatTheCodesStandFor(String name, Variant variant, int block)
      throws IOException {
    Path folder = Fixture.named(name).folder();
    Path onnx = temp.resolve("onnx");
    OnnxExporter.export(folder, onnx, ExportOptions.of(List.of(variant.label())));
    Path expected = Dequantized.write(folder, temp.resolve("expected"), block, false);
    OwnHead head = OwnHead.of(ModelConfig.read(folder));
    try (SafeTensors weights = SafeTensors.open(folder);
        SafeTensors stands = SafeTensors.open(expected);
        ReadBack file = ReadBack.of(onnx, variant.label(), head, weights)) {
      for (Parameter p : head.parameters()) {
        float[] values = new float[Math.toIntExact(p.size())];
        // In uneven pieces: a parameter is asked for as the runtime has room.
        for (int at = 0; at < values.length; at += 1000) {
          file.read(p, at, FloatBuffer.wrap(values, at, Math.min(1000, values.length - at)));
        }
        // One rounding of code * scale, and one of the scale.
        float[] want = stands.floats(p.name());
        float most = 0;
        for (float v : want) {
          most = Math.max(most, Math.abs(v));
        }
        assertArrayEquals(want, values, 2e-7f * most, p.name());
      }
    }
  }

  static Stream<Mistake> wrongWeights() {
    return Mistake.all().filter(Mistake::inWeights);
  }

  @ParameterizedTest
  @MethodSource("wrongWeights")
  void aWrongWeightIsCounted(Mistake mistake) {
    Path folder = Fixture.named("llama").folder();
    int files = 0;
    for (Variant variant : Variant.values()) {
      Path onnx = temp.resolve(variant.label());
      if (ReadBacks.wrong("llama", mistake, variant, GraphForm.LATEST, onnx)) {
        ReadBack.Counts c = ReadBacks.counts(folder, onnx, variant);
        assertFalse(ReadBacks.clean(c), mistake + ", " + variant.label() + ": " + c);
        assertFalse(c.offending().isEmpty() && c.unread().isEmpty(), c.toString());
        files++;
      }
    }
    assertTrue(files > 0, mistake + " is in no format");
  }

  static Stream<Mistake> wrongGraphs() {
    return Mistake.all().filter(m -> !m.inWeights());
  }

  /** Where arithmetic is float32, a wrong graph has nothing to hide behind. */
  @ParameterizedTest
  @MethodSource("wrongGraphs")
  void aWrongGraphIsToldFromRounding(Mistake mistake) {
    Path onnx = temp.resolve("onnx");
    assertTrue(ReadBacks.wrong("llama", mistake, Variant.INT4, GraphForm.LATEST, onnx));
    ParityResult result = ReadBacks.compare("llama", onnx, Variant.INT4);
    List<String> failed =
        ReadBacks.failed(result, Gate.Level.WEIGHTS, Gate.Level.GRAPH, Gate.Level.NUMERIC);
    assertFalse(failed.isEmpty(), mistake + ": " + result.graph());
    if (!mistake.name().contains("mask")) { // which one pass without padding cannot show
      assertTrue(failed.stream().anyMatch(g -> g.startsWith("graph_")), mistake + ": " + failed);
    }
  }
}
