package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.OperationTimes;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.unlearn.Adaptations;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;
import org.unlearn4j.weights.DType;

/**
 * What a block adds to the graph of a training step, in counts that do not depend on a clock: a
 * change that makes the step larger is seen on any machine.
 */
class StepCountsTest {

  /** Operations by type that the third block adds, and all together. */
  private static Map<String, Integer> block(Precision precision, String... set) {
    Map<String, Integer> added = operations(3, precision, set);
    operations(2, precision, set).forEach((type, n) -> added.merge(type, -n, Integer::sum));
    return added;
  }

  private static TrainingStep step(int layers, Precision precision, int accumulate, String... set) {
    Decoder decoder = StartUpTest.decoder(layers);
    Objective objective =
        Objectives.forTraining(
            Pipeline.defaults("NPO", List.of(set)).unlearn(),
            decoder,
            Adaptations.stored(decoder, DType.F32));
    StepGraph graph = new StepGraph(decoder, objective, Computation.of(precision, Device.CPU));
    return new TrainingStep(graph, OptimizerSettings.adamW(0.01, 1), accumulate);
  }

  private static Map<String, Integer> operations(int layers, Precision precision, String... set) {
    try (TrainingStep step = step(layers, precision, 1, set)) {
      Map<String, Integer> types = new TreeMap<>();
      step.graph()
          .runtime()
          .graph()
          .operations()
          .forEachRemaining(
              op -> {
                types.merge(op.type(), 1, Integer::sum);
                types.merge("all", 1, Integer::sum);
              });
      return types;
    }
  }

  /**
   * Seven linear maps, and two products of attention, each with a product forwards and two
   * backwards; queries, keys, values and the result are transposed, and their gradients back.
   */
  private static void products(Map<String, Integer> block) {
    assertEquals(7 * 3, block.get("MatMul"), "products with weights");
    assertEquals(2 * 3, block.get("BatchMatMulV3"), "products of attention");
    assertEquals(4 * 2, block.get("Transpose"), "transpositions");
    assertEquals(9, block.get("ResourceApplyAdam"), "updates");
  }

  @Test
  void aBlockInFloat32() {
    Map<String, Integer> block = block(Precision.FP32);
    products(block);
    assertTrue(block.get("all") <= 655, "operations: " + block);
  }

  /** Each weight and each value that several products read is cast once, and its gradient back. */
  @Test
  void aBlockInBfloat16() {
    Map<String, Integer> block = block(Precision.BF16);
    products(block);
    assertTrue(block.get("Cast") <= 37, "casts: " + block);
    assertTrue(block.get("all") <= 683, "operations: " + block);
  }

  /**
   * Query, key and value share a narrow product, gate and up another, which leaves four of seven;
   * each of the seven has its own wide one. Each product has two backwards in the graph, also one
   * for the gradient of a weight that does not learn, which nobody asks for.
   */
  @Test
  void aBlockWithAdapters() {
    Map<String, Integer> block = block(Precision.FP32, "unlearn.adapter.rank=2");
    assertEquals((7 + 4 + 7) * 3, block.get("MatMul"), "products with weights");
    assertEquals(2 * 3, block.get("BatchMatMulV3"), "products of attention");
    assertEquals(7 * 2, block.get("ResourceApplyAdam"), "updates");
    // What is dropped is dropped for each target: no product can be shared.
    Map<String, Integer> dropping =
        block(Precision.FP32, "unlearn.adapter.rank=2", "unlearn.adapter.dropout=0.1");
    assertEquals((7 + 7 + 7) * 3, dropping.get("MatMul"));
  }

  /**
   * What a block adds to the products with matrices that run, whatever lies in the graph. Of the
   * whole model's seven maps: forwards, for the input, for the weight. With adapters nothing is
   * computed for the seven weights that do not learn: their two products, and three of each of the
   * eleven narrow ones.
   */
  @Test
  void productsThatRun() {
    assertEquals(7 * 3, ran(3) - ran(2));
    String rank = "unlearn.adapter.rank=2";
    assertEquals(7 * 2 + (4 + 7) * 3, ran(3, rank) - ran(2, rank));
    // The lowest block's input needs no gradient: three maps and what their adapters share read it.
    // The head's product runs forwards and for its input.
    assertEquals(7 * 2 + (4 + 7) * 3 - (3 + 1) + 2, ran(1, rank));
  }

  private static int ran(int layers, String... set) {
    try (TrainingStep step = step(layers, Precision.FP32, 1, set)) {
      step.graph().variables().assign(FreshWeights.of(0, 0.1));
      step.graph().weights().adapter().ifPresent(a -> a.learned().assign(FreshWeights.of(0, 0.1)));
      step.reset();
      StepControl control = StepControl.of(step.graph().objective(), 0.1);
      return OperationTimes.of(step.traced(1, List.of(batch()), control).get(0)).stream()
          .filter(spent -> spent.type().contains("MatMul") && !spent.type().contains("Batch"))
          .mapToInt(OperationTimes.Spent::count)
          .sum();
    }
  }

  /**
   * A step goes into the session once a micro-batch, and takes along nothing but numbers of tokens
   * and rows: whatever has the size of the model stays there.
   */
  @Test
  void whatAStepCopies() {
    // Of 2 + 2 rows of 8 tokens: ids, mask and positions; of 7 labelled ones each four integers.
    long tokens = 3 * 4 * 8 + 4 * 4 * 7;
    // The rows of two segments, their numbers of labels, the forget rows' reference.
    long rows = 2 + 4 + 2;
    long alphaAndUpdate = 1 + 4;
    long totalForgetRetainNorm = 4;
    long bytes = Float.BYTES * (tokens + rows + alphaAndUpdate + totalForgetRetainNorm);
    assertEquals(new TfRuntime.Traffic(1, bytes), traffic(1, 1));
    assertEquals(new TfRuntime.Traffic(1, bytes), traffic(3, 1));
    // The first of two micro-batches has neither an update nor a norm.
    assertEquals(new TfRuntime.Traffic(2, 2 * bytes - Float.BYTES * (4 + 1)), traffic(1, 2));
  }

  private static TfRuntime.Traffic traffic(int layers, int micro) {
    try (TrainingStep step = step(layers, Precision.FP32, micro)) {
      step.graph().variables().assign(FreshWeights.of(0, 0.1));
      step.reset();
      TfRuntime.Traffic before = step.graph().runtime().traffic();
      StepControl control = StepControl.of(step.graph().objective(), 0.1);
      step.run(1, Collections.nCopies(micro, batch()), 1e-5, control);
      return step.graph().runtime().traffic().since(before);
    }
  }

  private static StepBatch batch() {
    int[] ids = {1, 2, 3, 4, 5, 6, 7, 8};
    int[] labels = ids.clone();
    labels[0] = TokenRow.IGNORED;
    List<TokenRow> rows = Collections.nCopies(2, new TokenRow(ids, labels));
    return StepBatch.whole(
        Map.of(Segment.FORGET, rows, Segment.RETAIN, rows),
        Map.of(Segment.FORGET, new double[] {20, 20}));
  }
}
