package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.base.Median;
import org.unlearn4j.nn.Activation;
import org.unlearn4j.nn.Experts;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.SafeTensorsWriter;
import org.unlearn4j.weights.TensorInfo;
import org.unlearn4j.weights.Variant;

/**
 * A layer of 8 experts, of which each token goes through 2, beside the same layer that computes all
 * experts for all tokens. The two take turns in one process, so that a busy machine slows both.
 */
@Tag("slow")
class ExpertsThroughputTest {
  private static final int HIDDEN = 512;
  private static final int FFN = 1408;
  private static final int ALL = 8;
  private static final int CHOSEN = 2;

  @TempDir Path temp;

  /**
   * {@code least} is what the layer must gain. 8 tokens go through 8 (1 - (3/4)^8) = 7.2 of the 8
   * experts on average, so nearly all weights are read; in int8 they are widened as well, which is
   * most of the time, and no more than 8 / 7.2 = 1.1 can be gained of that.
   */
  @ParameterizedTest
  @CsvSource({
    "FP32, 512, 2.5", "FP32, 8, 1", "FP32, 1, 2.5",
    "INT8, 512, 2.5", "INT8, 8, 0.9", "INT8, 1, 2.5",
    "INT4, 512, 2.5", "INT4, 8, 1", "INT4, 1, 2.5"
  })
  void tokensASecond(Variant variant, int tokens, double least) throws Exception {
    Path weights = weights();
    OrtRuntime runtime = new OrtRuntime(OrtSettings.defaults());
    int rounds = tokens > 100 ? 11 : 101;
    double[] chosen = new double[rounds];
    double[] all = new double[rounds];
    try (OrtSession routed = runtime.open(OnnxFile.read(write(variant, weights, false)));
        OrtSession dense = runtime.open(OnnxFile.read(write(variant, weights, true)));
        Feeds feeds = new Feeds(runtime, tokens)) {
      assertClose("the same layer", doubles(feeds.run(dense)), feeds.run(routed), 2e-5, 1e-5);
      for (int i = 0; i < rounds; i++) {
        chosen[i] = feeds.seconds(routed);
        all[i] = feeds.seconds(dense);
      }
    }
    double ratio = Median.of(all) / Median.of(chosen);
    System.out.printf(
        Locale.ROOT,
        "%s, %d tokens: routed %.3f ms, dense %.3f ms, ratio %.2f%n",
        variant.label(),
        tokens,
        1e3 * Median.of(chosen),
        1e3 * Median.of(all),
        ratio);
    assertTrue(ratio >= least, variant + ", " + tokens + " tokens: " + ratio);
  }

  private static double[] doubles(float[] x) {
    return IntStream.range(0, x.length).mapToDouble(i -> x[i]).toArray();
  }

  private static Experts experts() {
    return new Experts(
        Linear.of("router", HIDDEN, ALL, false),
        CHOSEN,
        true,
        Activation.SILU,
        IntStream.range(0, ALL)
            .mapToObj(
                i ->
                    new Experts.Expert(
                        Linear.of("experts." + i + ".gate", HIDDEN, FFN, false),
                        Linear.of("experts." + i + ".up", HIDDEN, FFN, false),
                        Linear.of("experts." + i + ".down", FFN, HIDDEN, false)))
            .toList());
  }

  private Path write(Variant variant, Path weights, boolean dense) throws IOException {
    GraphForm form = GraphForm.of(variant);
    OnnxEmitter e = new OnnxEmitter(8, form);
    GraphBuilder g = e.graph();
    Value x = g.input("x", DataType.FLOAT, Dim.TOKENS, Dim.of(HIDDEN));
    Value y = dense ? everyExpert(e, x) : e.experts(x, experts());
    g.rename(y, "y");
    g.output(y);
    DecoderGraph graph = new DecoderGraph(form, g.build("layer").build(), g.initializers());
    Path file = temp.resolve((dense ? "dense" : "routed") + ".onnx");
    try (SafeTensors source = SafeTensors.open(weights)) {
      new OnnxWriter(graph, source).write(file, Map.of(), true, Long.MAX_VALUE, () -> {});
    }
    return file;
  }

  /** All experts of all tokens, each times its weight, which is 0 for those not chosen. */
  private static Value everyExpert(OnnxEmitter e, Value x) {
    Experts spec = experts();
    GraphBuilder g = e.graph();
    LinearMaps maps = new LinearMaps(g, GraphForm.of(Variant.FP32), new Casts(g), false);
    Value logits = maps.exact("router", x, spec.router());
    List<Dim> few = List.of(Dim.TOKENS, Dim.of(CHOSEN));
    List<Dim> column = List.of(Dim.TOKENS, Dim.of(1));
    Value kept = new Value(g.outputName(Op.TOP_K, "router", 0), DataType.FLOAT, few);
    Value choice = new Value(g.outputName(Op.TOP_K, "router", 1), DataType.INT64, few);
    Map<String, ?> last = Map.of("axis", -1L);
    g.node(Op.TOP_K, "router", last, List.of(logits, g.vector(CHOSEN)), List.of(kept, choice));
    Value weights = g.node(Op.SOFTMAX, "router", last, few, kept);
    Value sum = null;
    for (int i = 0; i < ALL; i++) {
      Value hit = g.node(Op.EQUAL, "own", Map.of(), DataType.BOOL, few, choice, g.scalar((long) i));
      Value own =
          g.node(Op.WHERE, "own", Map.of(), DataType.FLOAT, few, hit, weights, g.scalar(0f));
      Value weight =
          g.node(Op.REDUCE_SUM, "own", Map.of("keepdims", 1L), column, own, g.vector(-1));
      Value made = spec.emit(e, x, spec.all().get(i));
      Value weighted = g.node(Op.MUL, "own", Map.of(), made.shape(), made, weight);
      sum = sum == null ? weighted : e.add(sum, weighted);
    }
    return sum;
  }

  private Path weights() throws IOException {
    Path file = temp.resolve("model.safetensors");
    List<TensorInfo> infos = new ArrayList<>();
    Experts spec = experts();
    infos.add(info(spec.router()));
    for (Experts.Expert e : spec.all()) {
      List.of(e.gate(), e.up(), e.down()).forEach(l -> infos.add(info(l)));
    }
    SafeTensorsWriter.write(file, infos, t -> FloatBuffer.wrap(values(t)), Map.of());
    return file;
  }

  private static TensorInfo info(Linear l) {
    return new TensorInfo(l.weight().name(), DType.F32, l.weight().shape());
  }

  /** Rows of length 1 or so, so that what goes in and comes out is of the same size. */
  private static float[] values(TensorInfo t) {
    return random((int) t.size(), t.name().hashCode(), 1 / Math.sqrt(t.shape().get(1)));
  }

  private static float[] random(int n, int seed, double scale) {
    Random random = new Random(seed);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) (scale * random.nextGaussian());
    }
    return values;
  }

  /** The layer's rows, and what an emitter of decoders declares besides. */
  private static final class Feeds implements AutoCloseable {
    private final Map<String, OnnxTensor> tensors = new HashMap<>();
    private final int tokens;

    Feeds(OrtRuntime runtime, int tokens) throws OrtException {
      this.tokens = tokens;
      float[] x = random(tokens * HIDDEN, 1, 1);
      tensors.put(
          "x",
          OnnxTensor.createTensor(
              runtime.environment(), FloatBuffer.wrap(x), new long[] {tokens, HIDDEN}));
      for (String name : List.of("input_ids", "attention_mask", "position_ids")) {
        tensors.put(
            name,
            OnnxTensor.createTensor(
                runtime.environment(), LongBuffer.wrap(new long[1]), new long[] {1, 1}));
      }
    }

    float[] run(OrtSession session) throws OrtException {
      try (OrtSession.Result result = session.run(tensors)) {
        float[] y = new float[tokens * HIDDEN];
        ((OnnxTensor) result.get("y").orElseThrow()).getFloatBuffer().get(y);
        return y;
      }
    }

    double seconds(OrtSession session) throws OrtException {
      long start = System.nanoTime();
      session.run(tensors).close();
      return (System.nanoTime() - start) / 1e9;
    }

    @Override
    public void close() {
      tensors.values().forEach(OnnxTensor::close);
    }
  }
}
