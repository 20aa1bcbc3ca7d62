package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.GraphOperation;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.unlearn.Adaptation;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.StepGraph;
import org.unlearn4j.weights.DType;

/** The plan against what TensorFlow's allocators record of a real step. */
class MemoryPlanTest {
  /** What was promised of the estimate. */
  private static final double TOLERANCE = 0.15;

  /** A model's shape: layers, width of the stream and of the MLP, heads, tokens in the table. */
  private record Shape(String type, int layers, int hidden, int ffn, int heads, int vocab) {
    ModelConfig config() {
      ObjectNode json = new ObjectMapper().createObjectNode().put("model_type", type);
      List.of("num_hidden_layers", "n_layer").forEach(k -> json.put(k, layers));
      List.of("hidden_size", "n_embd").forEach(k -> json.put(k, hidden));
      List.of("intermediate_size", "n_inner").forEach(k -> json.put(k, ffn));
      List.of("num_attention_heads", "n_head").forEach(k -> json.put(k, heads));
      List.of("max_position_embeddings", "n_positions").forEach(k -> json.put(k, 512));
      json.put("head_dim", hidden / heads).put("vocab_size", vocab).put("rms_norm_eps", 1e-5);
      if (type.equals("llama")) {
        json.put("num_key_value_heads", heads == 9 ? 3 : heads);
      }
      return ModelConfig.of(json.put("tie_word_embeddings", true));
    }
  }

  private static StepBenchmark.Work work(
      Shape shape,
      String objective,
      int rows,
      int tokens,
      double labelled,
      Computation computation,
      String sets) {
    return work(shape.config(), objective, rows, tokens, labelled, computation, sets);
  }

  private static StepBenchmark.Work work(
      ModelConfig config,
      String objective,
      int rows,
      int tokens,
      double labelled,
      Computation computation,
      String sets) {
    List<String> all = sets == null ? List.of() : Arrays.asList(sets.split(" ", -1));
    return new StepBenchmark.Work(
        config,
        Objectives.of(Pipeline.defaults(objective, all).unlearn(), Decoder.of(config)),
        computation,
        rows,
        tokens,
        labelled,
        1);
  }

  private static Computation computation(Precision precision, boolean recompute) {
    return new Computation(precision, Device.CPU, recompute);
  }

  private static StepBenchmark.Memory check(StepBenchmark.Work work) {
    StepBenchmark.Memory m = StepBenchmark.memory(work);
    assertClose(
        "planned bytes of a step",
        (double) m.measuredStep(),
        (double) m.planned().step(),
        0,
        TOLERANCE);
    return m;
  }

  @Test
  void aStepTakesWhatThePlanSaysAndRecomputingSaves() {
    Shape shape = new Shape("llama", 6, 64, 176, 4, 512);
    StepBenchmark.Memory kept =
        check(work(shape, "NPO", 4, 64, 1, computation(Precision.FP32, false), null));
    StepBenchmark.Memory again =
        check(work(shape, "NPO", 4, 64, 1, computation(Precision.FP32, true), null));
    // One of six blocks at a time: far less than half.
    assertTrue(again.measuredStep() < 0.5 * kept.measuredStep(), again + " against " + kept);
  }

  /**
   * Mixtures of experts: few wide ones, gates that are clamped, and so many narrow ones that an
   * array of all tokens for each of them would be half of the step.
   */
  @ParameterizedTest
  @CsvSource({
    "mixtral, 8, 2, 176, FP32, false",
    "mixtral, 8, 2, 176, BF16, true",
    "gpt_oss, 8, 2, 176, FP32, false",
    "gpt_oss, 8, 2, 176, FP32, true",
    "qwen3_moe, 32, 4, 44, FP32, true"
  })
  void aStepOfAMixtureTakesWhatThePlanSays(
      String type, int experts, int chosen, int ffn, Precision precision, boolean recompute) {
    ModelConfig config = mixture(new Shape(type, 2, 64, ffn, 4, 512), experts, chosen);
    check(work(config, "NPO", 4, 64, 0.5, computation(precision, recompute), null));
  }

  private static ModelConfig mixture(Shape shape, int experts, int chosen) {
    ObjectNode json = shape.config().json().deepCopy();
    json.put("num_local_experts", experts).put("num_experts_per_tok", chosen);
    json.put("num_key_value_heads", shape.heads()).put("moe_intermediate_size", shape.ffn());
    return ModelConfig.of(json.put("norm_topk_prob", true));
  }

  /** Of a model in which a third of the blocks' matrices learn: no gradient is that of the head. */
  @Test
  void aStepOfSomeModulesTakesWhatThePlanSays() {
    StepBenchmark.Work all =
        work(
            new Shape("llama", 6, 64, 176, 4, 2048),
            "NPO",
            4,
            64,
            0.25,
            computation(Precision.FP32, false),
            null);
    Set<String> some =
        Decoder.of(all.config()).blockMatrices().stream()
            .map(Parameter::name)
            .filter(n -> n.endsWith("v_proj.weight") || n.endsWith("up_proj.weight"))
            .collect(Collectors.toSet());
    check(
        new StepBenchmark.Work(
            all.config(),
            all.objective().training(some),
            all.computation(),
            all.rows(),
            all.tokens(),
            all.labelled(),
            all.steps()));
  }

  private static Objective adapted(ModelConfig config, Objective objective, DType stored) {
    Decoder decoder = Decoder.of(config);
    Map<String, DType> formats =
        decoder.parameters().stream().collect(Collectors.toMap(Parameter::name, p -> stored));
    Adapter adapter =
        Adapter.of(
            decoder,
            new Adapter.Shape(8, 16, false, 0),
            new Adapter.Selection(
                List.of(Adapter.ALL_LINEAR), List.of(), false, "unlearn.adapter"));
    return objective.adapting(new Adaptation(adapter, formats, false));
  }

  /** Adapters beside a model that lies there as it is or in 16 bits. */
  @ParameterizedTest
  @CsvSource({
    "F32, FP32, false",
    "BF16, FP32, false",
    "BF16, FP32, true",
    "BF16, BF16, true",
    "F16, FP32, true"
  })
  void aStepThroughAdaptersTakesWhatThePlanSays(
      DType stored, Precision precision, boolean recompute) {
    StepBenchmark.Work work =
        work(
            new Shape("llama", 6, 128, 352, 4, 2048),
            "NPO",
            4,
            64,
            0.5,
            computation(precision, recompute),
            null);
    StepBenchmark.Memory whole = StepBenchmark.memory(work);
    StepBenchmark.Memory adapters =
        check(
            new StepBenchmark.Work(
                work.config(),
                adapted(work.config(), work.objective(), stored),
                work.computation(),
                work.rows(),
                work.tokens(),
                work.labelled(),
                work.steps()));
    long all = whole.planned().weights() + whole.planned().moments();
    long own = adapters.planned().weights() + adapters.planned().moments();
    // 12 bytes a parameter against 2 or 4, and an adapter's twelve on a fifth of them.
    assertTrue(own < 0.55 * all, own + " against " + all);
  }

  /**
   * Shapes and objectives, with a vocabulary that outweighs everything else, and near a model of
   * 135 M parameters. How many arrays lie beside logits that a loss reads (KL, UNDIAL, CEU) depends
   * on what TensorFlow's threads finish first: half of them more or less.
   */
  @Tag("slow")
  @ParameterizedTest
  @CsvSource({
    "NPO, llama, 6, 256, 704, 4, 2048, 8, 128, 1.0, FP32,",
    "NPO, llama, 6, 256, 704, 4, 2048, 8, 128, 1.0, BF16,",
    "NPO, llama, 6, 256, 704, 4, 2048, 8, 128, 0.5, FP32, unlearn.clreg.weight=0.1",
    "NPO, llama, 6, 256, 704, 4, 2048, 2, 512, 0.5, FP32,",
    "NPO, gpt2, 6, 256, 1024, 4, 2048, 8, 128, 0.5, FP32,",
    "NPO, gemma2, 4, 128, 512, 4, 2048, 4, 128, 0.5, FP32,",
    "NPO, llama, 4, 128, 352, 4, 16384, 4, 64, 0.5, FP32,",
    "NPO, llama, 4, 128, 352, 4, 16384, 4, 64, 0.5, FP32, unlearn.objective.retain=KL",
    "SimNPO, llama, 4, 128, 352, 4, 16384, 4, 64, 0.5, FP32,",
    "DPO, llama, 4, 128, 352, 4, 16384, 4, 64, 0.5, FP32,",
    "UNDIAL, llama, 4, 128, 352, 4, 16384, 4, 64, 0.5, FP32,",
    "CEU, llama, 4, 128, 352, 4, 16384, 4, 64, 0.5, FP32,",
    "NPO, llama, 30, 576, 1536, 9, 49152, 2, 128, 0.5, FP32,",
    "NPO, llama, 30, 576, 1536, 9, 49152, 2, 128, 0.5, BF16,"
  })
  void overAGrid(
      String objective,
      String type,
      int layers,
      int hidden,
      int ffn,
      int heads,
      int vocab,
      int rows,
      int tokens,
      double labelled,
      Precision precision,
      String sets) {
    Shape shape = new Shape(type, layers, hidden, ffn, heads, vocab);
    for (boolean recompute : List.of(false, true)) {
      Computation computation = computation(precision, recompute);
      check(work(shape, objective, rows, tokens, labelled, computation, sets));
    }
  }

  /** The same of mixtures, in which a token goes through a quarter or an eighth of the experts. */
  @Tag("slow")
  @ParameterizedTest
  @CsvSource({
    "mixtral, 8, 2, 352, FP32",
    "mixtral, 8, 2, 352, BF16",
    "gpt_oss, 8, 2, 352, FP32",
    "gpt_oss, 8, 2, 352, BF16",
    "qwen3_moe, 32, 4, 88, FP32",
    "qwen3_moe, 32, 4, 88, BF16"
  })
  void mixtures(String type, int experts, int chosen, int ffn, Precision precision) {
    ModelConfig config = mixture(new Shape(type, 4, 128, ffn, 4, 512), experts, chosen);
    for (boolean recompute : List.of(false, true)) {
      check(work(config, "NPO", 8, 128, 0.5, computation(precision, recompute), null));
    }
  }

  /** The plan knows parameters exactly: weights, two moments, accumulators. */
  @Test
  void variablesAreCounted() {
    Decoder decoder = Decoder.of(new Shape("llama", 2, 64, 176, 4, 512).config());
    long parameters = decoder.parameters().stream().mapToLong(p -> p.size()).sum();
    var objective = Objectives.of(Pipeline.defaults("NPO", List.of()).unlearn(), decoder);
    MemoryPlan plan =
        MemoryPlan.of(
            decoder,
            objective,
            computation(Precision.FP32, false),
            true,
            MemoryPlan.Batch.of(objective, 1, 8, 4));
    assertEquals(4 * parameters, plan.weights());
    assertEquals(8 * parameters, plan.moments());
    assertEquals(4 * parameters, plan.accumulators());
    assertEquals(0, plan.twin());
  }

  /**
   * A robust step keeps the sum of its gradients, the weights while they are moved, and how far an
   * attack that learns has come; one that combines gradients that sum, the retain gradient and,
   * where its rule reads one, an average.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "unlearn.robust.attack=relearn | 3",
        "unlearn.combine.rule=GRU | 3",
        "unlearn.combine={rule: agree, average: 0} | 2",
        "unlearn.combine.rule=PCGrad | 2",
        "unlearn.robust.attack=relearn; unlearn.combine.rule=agree | 5",
        "unlearn.combine.rule=sum | 0"
      })
  void variablesOfAStepInPartsAreCounted(String set, int kept) {
    Decoder decoder = Decoder.of(new Shape("llama", 2, 64, 176, 4, 512).config());
    long parameters = decoder.parameters().stream().mapToLong(p -> p.size()).sum();
    var unlearn = Pipeline.defaults("NPO", List.of(set.split("; "))).unlearn();
    var objective = Objectives.of(unlearn, decoder);
    Computation computation = computation(Precision.FP32, false);
    MemoryPlan plan =
        MemoryPlan.of(
            decoder, objective, computation, false, MemoryPlan.Batch.of(objective, 1, 8, 4));
    assertEquals(4L * kept * parameters, plan.accumulators());
    // Of every parameter: itself, two moments, and what is kept. None else.
    StepGraph graph = new StepGraph(decoder, objective, computation);
    try (TrainingStep step =
        new TrainingStep(graph, OptimizerSettings.adamW(0.01, 1), 1, unlearn.robust())) {
      int variables = 0;
      Iterator<GraphOperation> operations = step.graph().runtime().graph().operations();
      while (operations.hasNext()) {
        variables += operations.next().type().equals("VarHandleOp") ? 1 : 0;
      }
      assertEquals((3 + kept) * decoder.parameters().size(), variables);
      assertEquals(
          4L * (3 + kept) * parameters, plan.weights() + plan.moments() + plan.accumulators());
    }
  }
}
