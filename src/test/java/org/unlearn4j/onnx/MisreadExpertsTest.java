package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.LogitDistance;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.SafeTensorsWriter;
import org.unlearn4j.weights.TensorInfo;

/**
 * Negative controls of what gpt-oss reads from its weights: a reader that leaves a tensor out, or
 * takes its columns in another order, is the right reader of other weights. Each moves some logit
 * by as much as an independent implementation says of that mistake.
 */
class MisreadExpertsTest {
  @TempDir Path temp;

  private enum Mistake {
    NO_SINKS,
    SINKS_OF_ZERO,
    NO_ROUTER_BIAS,
    NO_EXPERT_BIASES,
    UP_WITHOUT_ONE,
    HALVES
  }

  /** {@code moves} has two digits, so it is within a twentieth of what is found. */
  @ParameterizedTest
  @CsvSource({
    "NO_SINKS, 6.2",
    "SINKS_OF_ZERO, 4.8",
    "NO_ROUTER_BIAS, 7.6",
    "NO_EXPERT_BIASES, 4.5",
    "UP_WITHOUT_ONE, 5.9",
    "HALVES, 12"
  })
  void movesLogits(Mistake mistake, double moves) throws IOException {
    Fixture fixture = Fixture.named("gpt_oss");
    Path source = Files.createDirectory(temp.resolve("source"));
    Files.copy(fixture.folder().resolve("config.json"), source.resolve("config.json"));
    try (SafeTensors weights = SafeTensors.open(fixture.folder())) {
      SafeTensorsWriter.write(
          source.resolve("model.safetensors"),
          weights.names().stream().map(weights::info).toList(),
          t -> FloatBuffer.wrap(misread(t, weights.floats(t.name()), mistake)),
          Map.of());
    }
    Path folder = temp.resolve("onnx");
    OnnxExporter.export(source, folder, ExportOptions.defaults());
    try (OrtModel model = OrtModel.open(folder)) {
      float[][][] logits = model.logits(Fixture.rows(fixture.expected()));
      double worst = LogitDistance.of(fixture, logits).worst();
      assertClose(mistake.toString(), moves, worst, 0, 0.05);
      assertTrue(worst > 5e-5, mistake + " within the tolerance: " + worst);
    }
  }

  private static float[] misread(TensorInfo t, float[] values, Mistake mistake) {
    boolean sinks = t.name().endsWith(".sinks");
    boolean both = t.name().matches(".*\\.gate_up_proj(_bias)?");
    return switch (mistake) {
      case NO_SINKS -> sinks ? filled(values, -1e4f) : values; // exp of it is 0
      case SINKS_OF_ZERO -> sinks ? filled(values, 0) : values;
      case NO_ROUTER_BIAS -> t.name().endsWith("router.bias") ? filled(values, 0) : values;
      case NO_EXPERT_BIASES -> t.name().endsWith("_proj_bias") ? filled(values, 0) : values;
      // Up less one: no up of this fixture is clamped where that would differ.
      case UP_WITHOUT_ONE -> t.name().endsWith("gate_up_proj_bias") ? oddLessOne(values) : values;
      case HALVES -> both ? halves(values, t.shape().get(t.shape().size() - 1)) : values;
    };
  }

  private static float[] filled(float[] like, float value) {
    float[] all = new float[like.length];
    Arrays.fill(all, value);
    return all;
  }

  private static float[] oddLessOne(float[] values) {
    float[] less = values.clone();
    for (int i = 1; i < less.length; i += 2) {
      less[i]--;
    }
    return less;
  }

  /** The first half of the columns in the places of even ones, the second in those of odd ones. */
  private static float[] halves(float[] values, int columns) {
    float[] moved = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      int column = i % columns;
      moved[i] = values[i - column + column / 2 + column % 2 * columns / 2];
    }
    return moved;
  }
}
