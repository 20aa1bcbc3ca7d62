package org.unlearn4j.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.unlearn4j.config.ObjectiveName;
import org.unlearn4j.config.ObjectiveSettings;
import org.unlearn4j.config.ObjectiveSettings.Divergence;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Families;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.onnx.OnnxListing;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.tf.TfListing;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.StepGraph;
import org.unlearn4j.weights.Variant;

/**
 * The graphs of this project as reviewable text, on a model of two layers: the committed folder
 * {@code graphs/} holds what this class writes, and a test compares, so that nobody changes the
 * mathematics unnoticed.
 */
public final class GraphListings {
  private static final int LAYERS = 2;

  /** Teaching: the likelihood of the rows alone. */
  static final String FINETUNE = "finetune";

  /** Families whose query heads each have a key/value head of their own. */
  private static final Set<String> UNGROUPED = Set.of("gpt2", "gpt_neox", "phi");

  /** Of a base with inputs for adapters, after the family's name. */
  static final String EXPORT_ADAPTER = "export.adapter";

  private GraphListings() {}

  /** File name to text. */
  public static Map<String, String> all() {
    Map<String, String> files = new TreeMap<>();
    for (String type : Families.types()) {
      Decoder decoder = tiny(type);
      files.put(type + ".forward.txt", forward(decoder));
      files.put(type + ".export.txt", OnnxListing.of(decoder));
    }
    Decoder llama = tiny("llama");
    for (Variant v : Variant.values()) {
      if (v != Variant.FP32) {
        files.put("llama.export." + v.label() + ".txt", OnnxListing.of(llama, v, 23));
      }
    }
    // Experts in codes: each is read where a token asks for it.
    files.put("mixtral.export.int8.txt", OnnxListing.of(tiny("mixtral"), Variant.INT8, 23));
    files.put(
        "llama." + EXPORT_ADAPTER + ".txt", OnnxListing.of(llama, Variant.FP32, 23, all(llama)));
    for (String type : List.of("llama", "gpt2")) {
      files.put(type + ".export.opset17.txt", OnnxListing.of(tiny(type), Variant.FP32, 17));
    }
    for (ObjectiveName name : ObjectiveName.values()) {
      files.put("llama.step." + name.spelling() + ".txt", step(name, required(name)));
    }
    files.put(
        "llama.step.RMU+adaptive.txt",
        step(
            ObjectiveName.RMU,
            List.of("unlearn.objective.layer=1", "unlearn.objective.adaptive=true")));
    for (Divergence other : Divergence.values()) {
      List<String> sets = List.of("unlearn.objective.divergence=" + other.spelling());
      ObjectiveSettings flat = Pipeline.defaults("FLAT", sets).unlearn().objective();
      files.put("llama.step." + name(flat) + ".txt", step(flat.name(), sets));
    }
    files.put("llama.step." + FINETUNE + ".txt", step(llama, Objective.finetune(), false));
    steps(files, "KL", "unlearn.objective.retain=KL");
    steps(files, "recompute", "unlearn.recompute=true");
    steps(files, "CLReg", "unlearn.clreg.weight=0.1");
    steps(
        files,
        "CLReg.full",
        "unlearn.clreg={weight: 0.1, layers: [embeddings, last], pooling: last, view: dropout,"
            + " queue: 16}");
    steps(files, "margin", "unlearn.clreg={weight: 0.1, form: margin}");
    steps(files, "int8", "unlearn.quantization_aware=int8");
    steps(files, "int4", "unlearn.quantization_aware=int4");
    steps(files, "floor", "unlearn.objective.floor=1");
    steps(files, "compact", "unlearn.clreg={weight: 0.1, form: compact}");
    steps(files, "adapter", "unlearn.adapter.rank=2");
    steps(files, "robust", "unlearn.robust.attack=relearn");
    steps(files, "supervised", "unlearn.clreg={weight: 0.1, form: supervised}");
    return files;
  }

  /** Of an objective's listing, after {@code llama.step.}. */
  static String name(ObjectiveSettings objective) {
    String name = objective.name().spelling();
    return objective
        .divergence()
        .filter(d -> d != Divergence.KL)
        .map(d -> name + "+" + d.spelling())
        .orElse(name);
  }

  private static Set<String> all(Decoder decoder) {
    return decoder.linears().stream().map(Linear::module).collect(Collectors.toSet());
  }

  private static String forward(Decoder decoder) {
    try (TensorFlowModel model =
        TensorFlowModel.of(
            decoder,
            p -> FloatBuffer.allocate(Math.toIntExact(p.size())),
            Computation.of(Precision.FP32, Device.CPU))) {
      return TfListing.of(model.graph());
    }
  }

  private static void steps(Map<String, String> files, String what, String set) {
    files.put("llama.step.NPO+" + what + ".txt", step(ObjectiveName.NPO, List.of(set)));
  }

  /** Settings that an objective has no default for. */
  private static List<String> required(ObjectiveName name) {
    return switch (name) {
      case RMU -> List.of("unlearn.objective.layer=1");
      case CIRCUIT_BREAKER ->
          List.of("unlearn.objective.layers=[0, last]", "unlearn.objective.orthogonality=0.1");
      case PDU -> List.of("unlearn.objective.epsilon=1");
      default -> List.of();
    };
  }

  private static String step(ObjectiveName name, List<String> sets) {
    UnlearnSettings unlearn = Pipeline.defaults(name.spelling(), sets).unlearn();
    Decoder llama = tiny("llama");
    Objective objective =
        Adapters.of(Objectives.of(unlearn, llama), unlearn.loop(), "unlearn", llama, List.of());
    return step(llama, objective, unlearn.loop().recompute());
  }

  private static String step(Decoder decoder, Objective objective, boolean recompute) {
    try (StepGraph graph =
        new StepGraph(decoder, objective, new Computation(Precision.FP32, Device.CPU, recompute))) {
      return TfListing.of(graph.runtime().graph());
    }
  }

  /**
   * A small model of a family, with the keys of all of them: each reads its own. Windows are
   * narrower than the longest sequence wherever a family may have them, so that listings show them.
   */
  private static Decoder tiny(String type) {
    ObjectNode config =
        new ObjectMapper()
            .createObjectNode()
            .put("model_type", type)
            .put("vocab_size", 100)
            .put("hidden_size", 32)
            .put("n_embd", 32)
            .put("intermediate_size", 64)
            .put("num_hidden_layers", LAYERS)
            .put("n_layer", LAYERS)
            .put("num_attention_heads", 4)
            .put("n_head", 4)
            .put("head_dim", 8)
            .put("max_position_embeddings", 64)
            .put("n_positions", 64)
            .put("rms_norm_eps", 1e-5)
            .put("sliding_window", 16)
            .put("use_sliding_window", true)
            .put("max_window_layers", 1)
            .put("sliding_window_pattern", LAYERS)
            .put("no_rope_layer_interval", LAYERS)
            .put("num_local_experts", 3)
            .put("num_experts_per_tok", 2)
            .put("moe_intermediate_size", 16)
            .put("decoder_sparse_step", LAYERS)
            .put("embedding_multiplier", 12)
            .put("attention_multiplier", 0.0625)
            .put("residual_multiplier", 0.25)
            .put("logits_scaling", 8);
    if (type.equals("olmo3")) {
      config.putArray("layer_types").add("sliding_attention").add("full_attention");
    }
    if (!UNGROUPED.contains(type)) {
      config.put("num_key_value_heads", 2);
    }
    return Decoder.of(ModelConfig.of(config));
  }
}
