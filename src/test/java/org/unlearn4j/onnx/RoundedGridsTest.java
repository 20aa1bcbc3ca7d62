package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.OwnHead;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.run.RoundStage;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.Variant;

/**
 * The checkpoint of a file with another grid has the values that are read back from that file, to
 * the last bit, and those of the usual grid are others.
 */
class RoundedGridsTest {
  private static final String Q_PROJ = "model.layers.0.self_attn.q_proj.weight";

  @TempDir Path temp;

  /** llama and phi have a head of their own, gemma2's is tied, gpt2 stores {@code [in, out]}. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "llama|INT4|block_size=16,symmetric=false,scales=least_error|false",
        "gpt2|INT4|block_size=16,symmetric=false,scales=least_error|false",
        "gemma2|INT4|head_bits=8,eight_bit_layers=0|false",
        "gemma2|INT4|head_bits=8|true",
        "llama|INT4|head_bits=8,block_size=16|true",
        "mixtral|INT4|block_size=16,head_bits=8|false",
        "llama|INT8|block_size=16,symmetric=false|false",
        "llama|Q4F16|symmetric=false|false",
        "gpt2|Q4F16|block_size=64|false",
        "gemma2|Q4F16|head_bits=8|false",
        "gemma2|Q4F16|block_size=16|true"
      })
  void itHasTheValuesOfTheFile(String fixture, Variant variant, String changes, boolean tables) {
    Path model = Fixture.named(fixture).folder();
    GraphChoices choices = GraphChoices.read(variant, changes, "test");
    Path onnx = export(model, variant, tables, choices);
    Path rounded = round(model, variant, tables, choices);
    Path usual = round(model, variant, tables, GraphChoices.defaults());
    OwnHead head = OwnHead.of(ModelConfig.read(model));
    int differ = 0;
    try (SafeTensors before = SafeTensors.open(model);
        SafeTensors after = SafeTensors.open(rounded);
        SafeTensors other = SafeTensors.open(usual);
        ReadBack file = ReadBack.of(onnx, variant.label(), head, before)) {
      assertTrue(ReadBacks.clean(file.counts()), file.counts().toString());
      for (Parameter p : head.parameters()) {
        String name = after.contains(p.name()) ? p.name() : head.stored(p);
        float[] due = new float[Math.toIntExact(p.size())];
        file.read(p, 0, FloatBuffer.wrap(due));
        assertArrayEquals(due, after.floats(name), p.name());
        differ += Arrays.equals(due, other.floats(name)) ? 0 : 1;
      }
    }
    assertTrue(differ > 0, "the usual grid gives other weights");
  }

  /** With its usual grid, float16 scales alone make q4f16's checkpoint another than int4's. */
  @Test
  void halvesOfScalesCount() {
    Path model = Fixture.named("llama").folder();
    Path half = round(model, Variant.Q4F16, false, GraphChoices.defaults());
    Path full = round(model, Variant.INT4, false, GraphChoices.defaults());
    try (SafeTensors a = SafeTensors.open(half);
        SafeTensors b = SafeTensors.open(full)) {
      assertNotEquals(Arrays.hashCode(a.floats(Q_PROJ)), Arrays.hashCode(b.floats(Q_PROJ)));
    }
  }

  /** What rounds while it runs is no matter of weights, and the user is told. */
  @Test
  void activationsAreNotInWeights() {
    GraphChoices choices = GraphChoices.read(Variant.INT4, "accuracy_level=4", "test");
    List<String> notes =
        RoundStage.run(
            Fixture.named("llama").folder(), Variant.INT4, false, choices, temp.resolve("level4"));
    assertEquals(1, notes.size(), notes.toString());
    assertTrue(notes.get(0).contains("quantises activations too"), notes.get(0));
  }

  private Path export(Path model, Variant variant, boolean tables, GraphChoices choices) {
    Path onnx = temp.resolve("onnx");
    OnnxExporter.export(
        model,
        onnx,
        ExportOptions.of(List.of(variant.label())).quantizedEmbeddings(tables).choices(choices));
    return onnx;
  }

  private Path round(Path model, Variant variant, boolean tables, GraphChoices choices) {
    Path out = temp.resolve("rounded-" + variant.label() + choices.changes(variant).hashCode());
    RoundStage.run(model, variant, tables, choices, out);
    assertTrue(Files.isDirectory(out));
    return out;
  }
}
