package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.SafeTensorsWriter;
import org.unlearn4j.weights.TensorInfo;
import org.unlearn4j.weights.Variant;

/** One linear map in each form, against its definition in double precision. */
class LinearMapsTest {
  private static final int ROWS = 3;

  /** No multiple of 32: two blocks, of which the last is not full. */
  private static final int IN = 52;

  private static final int OUT = 7;

  @TempDir Path temp;

  private final float[] x = random(ROWS * IN, 1);
  private final float[] w = random(OUT * IN, 2); // [out, in]
  private final float[] bias = random(OUT, 3);

  @ParameterizedTest
  @CsvSource({"FP32,false", "FP32,true", "INT8,false", "INT8,true", "INT4,false", "INT4,true"})
  void isTheProductWithWhatTheCodesStandFor(Variant v, boolean inOut) throws Exception {
    double[] matrix = rounded(v);
    double[] due = new double[ROWS * OUT];
    for (int r = 0; r < ROWS; r++) {
      for (int n = 0; n < OUT; n++) {
        double sum = bias[n];
        for (int k = 0; k < IN; k++) {
          sum += x[r * IN + k] * matrix[n * IN + k];
        }
        due[r * OUT + n] = sum;
      }
    }
    assertClose(v.label(), due, run(v, inOut), 2e-5, 1e-5);
  }

  /**
   * The activations' range, widened to hold 0, is cut into 255 steps: scale s, zero point z; the
   * product is of integers and exact.
   */
  @ParameterizedTest
  @CsvSource({"false", "true"})
  void dynamicIsTheProductOfCodes(boolean inOut) throws Exception {
    assertClose("int8-dynamic", dynamic(false), run(Variant.INT8_DYNAMIC, inOut), 1e-4, 1e-5);
  }

  /**
   * Sums of two products of an unsigned and a signed byte that saturate at 16 bits, as processors
   * without an instruction for the whole compute them, miss by far: the weights are at both ends of
   * their range, so that neighbours of one sign are there.
   */
  @Test
  void negativeControlSaturatingSumsMiss() {
    double[] exact = dynamic(false);
    double[] saturated = dynamic(true);
    double worst = 0;
    for (int i = 0; i < exact.length; i++) {
      worst = Math.max(worst, Math.abs(exact[i] - saturated[i]));
    }
    assertTrue(worst > 0.1, "worst " + worst);
  }

  private double[] dynamic(boolean saturating) {
    float low = 0;
    float high = 0;
    for (float v : x) {
      low = Math.min(low, v);
      high = Math.max(high, v);
    }
    float step = (high - low) / 255;
    long zero = Math.round(Math.rint(-low / step));
    double[] due = new double[ROWS * OUT];
    for (int r = 0; r < ROWS; r++) {
      for (int n = 0; n < OUT; n++) {
        double scale = largest(n) / 127;
        long sum = 0;
        for (int k = 0; k < IN; k += 2) {
          long pair = 0;
          long codes = 0;
          for (int j = k; j < k + 2; j++) {
            long code = (long) Math.rint(w[n * IN + j] / scale);
            long a = Math.max(0, Math.min(255, (long) Math.rint(x[r * IN + j] / step) + zero));
            pair += a * code;
            codes += code;
          }
          sum += (saturating ? Math.max(-32768, Math.min(32767, pair)) : pair) - zero * codes;
        }
        due[r * OUT + n] = sum * scale * step + bias[n];
      }
    }
    return due;
  }

  private double largest(int n) {
    double most = 0;
    for (int k = 0; k < IN; k++) {
      most = Math.max(most, Math.abs(w[n * IN + k]));
    }
    return most;
  }

  private double[] rounded(Variant v) {
    double[] matrix = new double[w.length];
    for (int n = 0; n < OUT; n++) {
      for (int k = 0; k < IN; k++) {
        double value = w[n * IN + k];
        if (v == Variant.INT8) {
          double scale = largest(n) / 127;
          value = Math.rint(value / scale) * scale;
        } else if (v == Variant.INT4) {
          double signed = 0;
          for (int j = k / 32 * 32; j < Math.min(IN, k / 32 * 32 + 32); j++) {
            signed = Math.abs(w[n * IN + j]) > Math.abs(signed) ? w[n * IN + j] : signed;
          }
          double scale = signed / -8;
          value = Math.min(7, Math.rint(value / scale)) * scale;
        }
        matrix[n * IN + k] = value;
      }
    }
    return matrix;
  }

  private float[] run(Variant v, boolean inOut) throws Exception {
    GraphForm form = GraphForm.of(v, GraphForm.OLDER);
    GraphBuilder g = new GraphBuilder(form.opset());
    Linear linear = inOut ? Linear.inOut("map", IN, OUT) : Linear.of("map", IN, OUT, true);
    Value in = g.input("x", DataType.FLOAT, Dim.TOKENS, Dim.of(IN));
    Value out = new LinearMaps(g, form, new Casts(g), false).apply("map", in, linear);
    g.rename(out, "y");
    g.output(out);
    DecoderGraph graph = new DecoderGraph(form, g.build("map").build(), g.initializers());
    Path file = temp.resolve("map.onnx");
    try (SafeTensors weights = SafeTensors.open(checkpoint(linear))) {
      new OnnxWriter(graph, weights).write(file, Map.of(), false, 0, () -> {});
    }
    OrtRuntime runtime = new OrtRuntime(OrtSettings.cpu(1));
    OrtEnvironment environment = runtime.environment();
    try (OrtSession session = runtime.open(OnnxFile.read(file));
        OnnxTensor rows =
            OnnxTensor.createTensor(environment, FloatBuffer.wrap(x), new long[] {ROWS, IN});
        OrtSession.Result result = session.run(Map.of("x", rows))) {
      float[] y = new float[ROWS * OUT];
      ((OnnxTensor) result.get("y").orElseThrow()).getFloatBuffer().get(y);
      return y;
    }
  }

  private Path checkpoint(Linear linear) throws IOException {
    float[] stored = new float[w.length];
    for (int n = 0; n < OUT; n++) {
      for (int k = 0; k < IN; k++) {
        stored[linear.inOut() ? k * OUT + n : n * IN + k] = w[n * IN + k];
      }
    }
    Path file = temp.resolve("model.safetensors");
    List<TensorInfo> infos = new ArrayList<>();
    infos.add(new TensorInfo("map.weight", DType.F32, linear.weight().shape()));
    infos.add(new TensorInfo("map.bias", DType.F32, List.of(OUT)));
    SafeTensorsWriter.write(
        file,
        infos,
        t -> FloatBuffer.wrap(t.name().equals("map.weight") ? stored : bias),
        Map.of());
    return file;
  }

  /** Half of the values at the ends of the range, so that sums of neighbours are large. */
  private static float[] random(int n, int seed) {
    Random random = new Random(seed);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      float v = (float) random.nextGaussian();
      values[i] = i % 4 < 2 ? Math.copySign(3, v) : v;
    }
    return values;
  }
}
