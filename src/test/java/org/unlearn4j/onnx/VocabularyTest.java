package org.unlearn4j.onnx;

import static org.unlearn4j.fixtures.Close.assertClose;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.unlearn4j.nn.Activation;
import org.unlearn4j.nn.Attention;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Emitter;
import org.unlearn4j.nn.Hidden;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Norm;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.Rotary;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.SafeTensorsWriter;
import org.unlearn4j.weights.TensorInfo;
import org.unlearn4j.weights.Variant;

/**
 * Words that no fixture family uses, each in a one-word decoder, against its definition in double
 * precision. The decoder looks up rows of a table and applies the word; ids are 0 to 5, so the
 * table's first six rows are the word's input.
 */
class VocabularyTest {
  private static final int TIME = 6;
  private static final int WIDTH = 12;

  @TempDir Path temp;

  /** What a decoder does with the rows it looked up. */
  private interface Word {
    <T> T apply(Emitter<T> e, T x);
  }

  private record OneWord(ModelConfig config, Word word) implements Decoder {
    @Override
    public <T> Hidden<T> hidden(Emitter<T> e, T ids) {
      T x = e.embedding(ids, Parameter.matrix("table.weight", TIME, WIDTH));
      return new Hidden<>(x, List.of(), word.apply(e, x));
    }

    @Override
    public <T> T head(Emitter<T> e, T hidden) {
      return e.scale(hidden, 1);
    }
  }

  @Test
  void attentionWithASlidingWindow() throws Exception {
    check(attention(OptionalDouble.empty(), OptionalInt.of(3)), x -> attend(x, 0, 3));
  }

  /** The cap comes before the mask: after it, a blocked score would be a mere -cap. */
  @Test
  void attentionWithCappedScores() throws Exception {
    check(attention(OptionalDouble.of(0.5), OptionalInt.empty()), x -> attend(x, 0.5, TIME));
  }

  /**
   * Four query heads and two key/value heads of 3; queries, keys and values are the input itself.
   */
  private static Word attention(OptionalDouble cap, OptionalInt window) {
    Attention a = new Attention(0, 4, 2, 3, 0.7, cap, window);
    return new Word() {
      @Override
      public <T> T apply(Emitter<T> e, T x) {
        List<T> halves = e.split(x, WIDTH / 2, WIDTH / 2);
        return e.attention(x, halves.get(0), halves.get(1), a);
      }
    };
  }

  private static double[][] attend(double[][] x, double cap, int window) {
    double[][] y = new double[TIME][WIDTH];
    for (int h = 0; h < 4; h++) {
      int q = h * 3;
      int k = h / 2 * 3;
      int v = WIDTH / 2 + k;
      for (int t = 0; t < TIME; t++) {
        double sum = 0;
        for (int s = Math.max(0, t - window + 1); s <= t; s++) {
          double score = 0;
          for (int i = 0; i < 3; i++) {
            score += 0.7 * x[t][q + i] * x[s][k + i];
          }
          double p = Math.exp(cap > 0 ? cap * Math.tanh(score / cap) : score);
          sum += p;
          for (int i = 0; i < 3; i++) {
            y[t][q + i] += p * x[s][v + i];
          }
        }
        for (int i = 0; i < 3; i++) {
          y[t][q + i] /= sum;
        }
      }
    }
    return y;
  }

  /** Two heads of 6, of which the first 4 features turn: 0 with 2, 1 with 3; 4 and 5 pass. */
  @Test
  void rotaryOnPartOfTheHead() throws Exception {
    Rotary rotary = new Rotary(6, 4, List.of(1.0, 0.25), 1.5);
    Word word =
        new Word() {
          @Override
          public <T> T apply(Emitter<T> e, T x) {
            return e.rotary(x, 2, rotary);
          }
        };
    check(
        word,
        x -> {
          double[][] y = copy(x);
          for (int t = 0; t < TIME; t++) {
            for (int at : new int[] {0, 1, 6, 7}) {
              double angle = t * rotary.inverseFrequencies().get(at % 6);
              double cos = 1.5 * Math.cos(angle);
              double sin = 1.5 * Math.sin(angle);
              y[t][at] = x[t][at] * cos - x[t][at + 2] * sin;
              y[t][at + 2] = x[t][at + 2] * cos + x[t][at] * sin;
            }
          }
          return y;
        });
  }

  @Test
  void rmsNormWhoseGainIsStoredLessOne() throws Exception {
    Parameter gain = Parameter.vector("norm.weight", WIDTH, Parameter.Init.ONES);
    Norm norm = new Norm(gain, Optional.empty(), 0.01, true);
    Word word =
        new Word() {
          @Override
          public <T> T apply(Emitter<T> e, T x) {
            return e.rmsNorm(x, norm);
          }
        };
    float[] w = values(new TensorInfo("norm.weight", DType.F32, List.of(WIDTH)));
    check(
        word,
        x -> {
          double[][] y = copy(x);
          for (double[] row : y) {
            double scale = 1 / Math.sqrt(Arrays.stream(row).map(v -> v * v).sum() / WIDTH + 0.01);
            for (int i = 0; i < WIDTH; i++) {
              row[i] *= scale * (1 + w[i]);
            }
          }
          return y;
        });
  }

  @Test
  void softcapAndScale() throws Exception {
    Word word =
        new Word() {
          @Override
          public <T> T apply(Emitter<T> e, T x) {
            return e.softcap(e.scale(x, 3), 2);
          }
        };
    check(word, each(v -> 2 * Math.tanh(3 * v / 2)));
  }

  @ParameterizedTest
  @EnumSource(Activation.class)
  void activations(Activation f) throws Exception {
    Word word =
        new Word() {
          @Override
          public <T> T apply(Emitter<T> e, T x) {
            return e.activation(x, f);
          }
        };
    check(
        word,
        each(
            v ->
                switch (f) {
                  case SILU -> v / (1 + Math.exp(-v));
                  case GELU -> v / 2 * (1 + erf(v / Math.sqrt(2)));
                  case GELU_TANH ->
                      v / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v * v * v)));
                  case RELU -> Math.max(0, v);
                }));
  }

  /** Maclaurin series; converges to double precision for the small arguments used here. */
  private static double erf(double x) {
    double sum = 0;
    double term = x;
    for (int n = 0; n < 80; n++) {
      sum += term / (2 * n + 1);
      term *= -x * x / (n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }

  private interface Definition {
    double[][] apply(double[][] x);
  }

  private static Definition each(DoubleUnaryOperator f) {
    return x ->
        Arrays.stream(x).map(r -> Arrays.stream(r).map(f).toArray()).toArray(double[][]::new);
  }

  private static double[][] copy(double[][] x) {
    return Arrays.stream(x).map(double[]::clone).toArray(double[][]::new);
  }

  /** Two rows of the same tokens go through, so that a mixed-up batch axis shows. */
  private void check(Word word, Definition definition) throws IOException, OrtException {
    for (int opset : new int[] {GraphForm.OLDER, GraphForm.LATEST}) {
      check(write(new OneWord(config(), word), opset), definition);
    }
  }

  private static void check(Path file, Definition definition) throws OrtException {
    float[] table = values(new TensorInfo("table.weight", DType.F32, List.of(TIME, WIDTH)));
    double[][] x = new double[TIME][WIDTH];
    for (int i = 0; i < table.length; i++) {
      x[i / WIDTH][i % WIDTH] = table[i];
    }
    double[][] expected = definition.apply(x);
    float[] actual = run(file);
    for (int r = 0; r < 2 * TIME; r++) {
      float[] row = Arrays.copyOfRange(actual, r * WIDTH, (r + 1) * WIDTH);
      assertClose("row " + r, expected[r % TIME], row, 2e-6, 2e-6);
    }
  }

  private Path write(Decoder decoder, int opset) throws IOException {
    Path source = temp.resolve("model.safetensors");
    List<TensorInfo> infos = new ArrayList<>();
    DecoderGraph graph = DecoderGraph.of(decoder, GraphForm.of(Variant.FP32, opset));
    for (Initializer i : graph.initializers()) {
      if (i.parameter() != null) {
        infos.add(new TensorInfo(i.name(), DType.F32, i.parameter().shape()));
      }
    }
    SafeTensorsWriter.write(source, infos, t -> FloatBuffer.wrap(values(t)), Map.of());
    Path file = temp.resolve("model.onnx");
    try (SafeTensors weights = SafeTensors.open(source)) {
      new OnnxWriter(graph, weights).write(file, Map.of(), false, 0, () -> {});
    }
    return file;
  }

  private static float[] values(TensorInfo t) {
    Random random = new Random(t.name().length());
    float[] values = new float[(int) t.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static ModelConfig config() {
    return new ModelConfig(
        "one_word",
        TIME,
        WIDTH,
        WIDTH,
        0,
        4,
        2,
        3,
        16,
        1e-5,
        Activation.SILU,
        false,
        false,
        false,
        List.of(),
        List.of(),
        0.02,
        List.of(),
        List.of(),
        new ObjectMapper().createObjectNode(),
        new ObjectMapper().createObjectNode());
  }

  private static float[] run(Path file) throws OrtException {
    int[] ids = new int[2 * TIME];
    int[] ones = new int[2 * TIME];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = i % TIME;
      ones[i] = 1;
    }
    OrtRuntime runtime = new OrtRuntime(OrtSettings.cpu(1));
    try (OrtSession session = runtime.open(OnnxFile.read(file));
        OrtFeeds feeds = new OrtFeeds(runtime, session)) {
      feeds.ints("input_ids", ids, 2, TIME);
      feeds.ints("attention_mask", ones, 2, TIME);
      feeds.ints("position_ids", ids, 2, TIME);
      KeyValueCache.of(session, Path.of("model.onnx")).feed(feeds, 2, null);
      try (OrtSession.Result result = feeds.run(Set.of("logits"))) {
        FloatBuffer out = ((OnnxTensor) result.get("logits").orElseThrow()).getFloatBuffer();
        float[] flat = new float[out.remaining()];
        out.get(flat);
        return flat;
      }
    }
  }
}
