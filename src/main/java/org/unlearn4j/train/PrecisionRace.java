package org.unlearn4j.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.Median;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/**
 * Which number format steps a model faster on this machine: medians, in milliseconds, of steps that
 * took turns.
 *
 * <p>What is stepped is one block of Llama's form with the model's widths, and a share of its head:
 * products alone would say too much for bfloat16, since attention and the casts around products are
 * no faster in it.
 */
public record PrecisionRace(double fp32Ms, double bf16Ms) {
  /** By so much bfloat16 must be faster to be worth its rounding, and more than chance. */
  private static final double CLEARLY = 0.95;

  /** Timed together, in nanoseconds; and steps of each that are timed at least. */
  private static final long TIME = 500_000_000;

  private static final int LEAST = 3;
  private static final int WARM_UP = 3;

  /** Rows and weights beyond which a step is longer without telling more. */
  private static final int MOST_TOKENS = 1024;

  private static final long MOST_WEIGHTS = 16_000_000;

  /** Whether bfloat16 is clearly faster. */
  public boolean brainWins() {
    return bf16Ms < CLEARLY * fp32Ms;
  }

  /** Measures; something that tests replace. */
  @FunctionalInterface
  public interface Measurement {
    /**
     * Steps in both formats.
     *
     * @param rows of a batch
     * @param tokens of a row
     */
    PrecisionRace of(ModelConfig config, int rows, int tokens, Device device);
  }

  /** Measures for about half a second, once both graphs are built. */
  public static PrecisionRace run(ModelConfig config, int rows, int tokens, Device device) {
    ModelConfig block = block(config, tokens);
    int few = Math.max(1, Math.min(rows, MOST_TOKENS / tokens));
    StepBatch batch = batch(block, few, tokens);
    List<Double> fp32 = new ArrayList<>();
    List<Double> bf16 = new ArrayList<>();
    try (Runner one = new Runner(block, Computation.of(Precision.FP32, device), batch);
        Runner other = new Runner(block, Computation.of(Precision.BF16, device), batch)) {
      long spent = 0;
      while (spent < TIME || fp32.size() < LEAST) {
        long a = one.step();
        long b = other.step();
        fp32.add(a / 1e6);
        bf16.add(b / 1e6);
        spent += a + b;
      }
    }
    return new PrecisionRace(median(fp32), median(bf16));
  }

  private static double median(List<Double> values) {
    return Median.of(values.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /** A graph that steps. */
  private static final class Runner implements AutoCloseable {
    private final TrainingStep step;
    private final StepBatch batch;
    private final StepControl control;
    private int steps;

    Runner(ModelConfig config, Computation computation, StepBatch batch) {
      Objective objective = Objective.finetune();
      StepGraph graph = new StepGraph(Decoder.of(config), objective, computation);
      this.step = new TrainingStep(graph, OptimizerSettings.adamW(0.01, 1), 1);
      this.batch = batch;
      this.control = StepControl.of(objective, 0.1);
      try {
        graph.variables().assign(FreshWeights.repeated(config.initializerRange()));
        step.reset();
        for (int i = 0; i < WARM_UP; i++) {
          step();
        }
      } catch (RuntimeException | Error e) {
        step.close();
        throw e;
      }
    }

    /** Nanoseconds of a step. */
    long step() {
      long start = System.nanoTime();
      step.run(++steps, List.of(batch), 1e-5, control);
      return System.nanoTime() - start;
    }

    @Override
    public void close() {
      step.close();
    }
  }

  /**
   * One block of a model's widths, and of its head what falls to one block. Widths are halved while
   * there are too many weights: products of that size are at the processor's limit anyway.
   */
  static ModelConfig block(ModelConfig c, int tokens) {
    int hidden = c.hiddenSize();
    int ffn = c.intermediateSize();
    int heads = c.heads();
    int kvHeads = c.kvHeads();
    while (4L * hidden * hidden + 3L * hidden * ffn > MOST_WEIGHTS && heads > 1) {
      hidden /= 2;
      ffn /= 2;
      heads /= 2;
      kvHeads = Math.max(1, kvHeads / 2);
    }
    if (heads % kvHeads != 0) {
      kvHeads = heads;
    }
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("model_type", "llama")
        .put("hidden_size", hidden)
        .put("num_hidden_layers", 1)
        .put("num_attention_heads", heads)
        .put("num_key_value_heads", kvHeads)
        .put("head_dim", c.headDim() + c.headDim() % 2) // the block's heads turn in pairs
        .put("intermediate_size", ffn)
        .put("vocab_size", Math.max(256, c.vocabSize() / c.layers()))
        .put("max_position_embeddings", tokens)
        .put("rms_norm_eps", 1e-5)
        .put("tie_word_embeddings", true);
    return ModelConfig.of(json);
  }

  private static StepBatch batch(ModelConfig config, int rows, int tokens) {
    List<TokenRow> list = new ArrayList<>();
    for (int r = 0; r < rows; r++) {
      int[] ids = new int[tokens];
      Arrays.setAll(ids, t -> (31 * t + 7) % config.vocabSize());
      int[] labels = ids.clone();
      labels[0] = TokenRow.IGNORED;
      list.add(new TokenRow(ids, labels));
    }
    Map<Segment, List<TokenRow>> all = new EnumMap<>(Segment.class);
    Objective.finetune().segments().forEach(s -> all.put(s, list));
    return StepBatch.whole(all, Map.of());
  }
}
