package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.SafeTensorsWriter;
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

  @TempDir Path temp;

  private record Distance(double rootMeanSquare, double largest) {}

  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void arithmeticAddsLittleToWhatTheWeightsLose(String name) throws IOException {
    Fixture fixture = Fixture.named(name);
    double weights = ofRoundedWeights(fixture).rootMeanSquare;
    double file = ofFile(fixture.folder(), Variant.FP16, fixture).rootMeanSquare;
    assertTrue(file < ARITHMETIC * weights, name + ": " + file + " of " + weights);
  }

  /** No float16 file can keep to it, whatever its arithmetic. */
  @Test
  void roundedWeightsAloneMoveSomeLogitsFurtherThanIsWished() throws IOException {
    Distance moved = ofRoundedWeights(Fixture.named("llama"));
    assertTrue(moved.largest > 2 * WISHED, moved.toString());
    assertTrue(moved.rootMeanSquare < WISHED, moved.toString());
  }

  private Distance ofRoundedWeights(Fixture fixture) throws IOException {
    Path rounded = Files.createDirectory(temp.resolve("rounded"));
    Files.copy(fixture.folder().resolve("config.json"), rounded.resolve("config.json"));
    try (SafeTensors weights = SafeTensors.open(fixture.folder())) {
      List<TensorInfo> infos = new ArrayList<>();
      for (String name : weights.names()) {
        List<Integer> shape = weights.info(name).shape();
        infos.add(new TensorInfo(name, shape.size() == 2 ? DType.F16 : DType.F32, shape));
      }
      SafeTensorsWriter.write(
          rounded.resolve("model.safetensors"),
          infos,
          t -> FloatBuffer.wrap(weights.floats(t.name())),
          Map.of());
    }
    return ofFile(rounded, Variant.FP32, fixture);
  }

  private Distance ofFile(Path model, Variant variant, Fixture fixture) {
    Path folder = temp.resolve("file-" + variant.label());
    OnnxExporter.export(model, folder, ExportOptions.of(List.of(variant.label())));
    try (OrtModel ort = OrtModel.open(folder, variant.label(), 1)) {
      float[][][] logits = ort.logits(Fixture.rows(fixture.expected()));
      double squares = 0;
      double largest = 0;
      int n = 0;
      for (int r = 0; r < logits.length; r++) {
        for (int t = 0; t < logits[r].length; t++) {
          double[] due = Fixture.doubles(fixture.expected().path("logits").path(r).path(t));
          for (int v = 0; v < due.length; v++) {
            double error = Math.abs(logits[r][t][v] - due[v]);
            assertFalse(Double.isNaN(error), "logits[" + r + "][" + t + "][" + v + "]");
            squares += error * error;
            largest = Math.max(largest, error);
            n++;
          }
        }
      }
      return new Distance(Math.sqrt(squares / n), largest);
    }
  }
}
