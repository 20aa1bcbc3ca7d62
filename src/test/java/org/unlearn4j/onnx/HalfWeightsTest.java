package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.unlearn4j.fixtures.ChangedModel;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.LogitDistance;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.TensorInfo;
import org.unlearn4j.weights.Variant;

/**
 * How far float16 files are from the float64 logits, and what of it is their weights' 11 bits and
 * not their arithmetic: a float32 file of the same rounded matrices has it too.
 */
class HalfWeightsTest {
  /** A bound that one may wish for every single logit. */
  private static final double WISHED = 5e-3;

  /**
   * Products, keys and values are rounded as well, each by 2^-11 as the weights are: independent
   * errors of two or three kinds make up to the square root of three times one of them.
   */
  private static final double ARITHMETIC = 1.8;

  /** gpt-oss: 2.1 were measured. */
  private static final double CLAMPED = 2.5;

  @TempDir Path temp;

  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void arithmeticAddsLittleToWhatTheWeightsLose(String name) {
    Fixture fixture = Fixture.named(name);
    double weights = ofRoundedWeights(fixture).rootMeanSquare();
    double file = ofFile(fixture.folder(), Variant.FP16, fixture).rootMeanSquare();
    double most = name.equals("gpt_oss") ? CLAMPED : ARITHMETIC;
    assertTrue(file < most * weights, name + ": " + file + " of " + weights);
  }

  /** No float16 file can keep to it, whatever its arithmetic. */
  @Test
  void roundedWeightsAloneMoveSomeLogitsFurtherThanIsWished() {
    LogitDistance moved = ofRoundedWeights(Fixture.named("llama"));
    assertTrue(moved.worst() > 2 * WISHED, moved.toString());
    assertTrue(moved.rootMeanSquare() < WISHED, moved.toString());
  }

  private LogitDistance ofRoundedWeights(Fixture fixture) {
    Path rounded =
        ChangedModel.write(
            fixture.folder(),
            temp.resolve("rounded"),
            t -> t.shape().size() == 2 ? new TensorInfo(t.name(), DType.F16, t.shape()) : t,
            (t, value) -> value);
    return ofFile(rounded, Variant.FP32, fixture);
  }

  private LogitDistance ofFile(Path model, Variant variant, Fixture fixture) {
    Path folder = temp.resolve("file-" + variant.label());
    OnnxExporter.export(model, folder, ExportOptions.of(List.of(variant.label())));
    try (OrtModel ort = OrtModel.open(folder, variant.label(), 1)) {
      return LogitDistance.of(fixture, ort.logits(Fixture.rows(fixture.expected())));
    }
  }
}
