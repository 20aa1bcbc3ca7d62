package org.unlearn4j.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.unlearn4j.config.ObjectiveName;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.onnx.OnnxListing;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.tf.TfListing;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.StepGraph;

/**
 * The graphs of this project as reviewable text, on a model of two layers: the committed folder
 * {@code graphs/} holds what this class writes, and a test compares, so that nobody changes the
 * mathematics unnoticed.
 */
public final class GraphListings {
  private static final int LAYERS = 2;

  private GraphListings() {}

  /** File name to text. */
  public static Map<String, String> all() {
    Map<String, String> files = new TreeMap<>();
    for (Map.Entry<String, Decoder> family : Map.of("llama", llama(), "gpt2", gpt2()).entrySet()) {
      Decoder decoder = family.getValue();
      files.put(family.getKey() + ".forward.txt", forward(decoder));
      files.put(family.getKey() + ".export.txt", OnnxListing.of(decoder));
    }
    for (ObjectiveName name : ObjectiveName.values()) {
      files.put("llama.step." + name.spelling() + ".txt", step(name, required(name)));
    }
    steps(files, "KL", "unlearn.objective.retain=KL");
    steps(files, "CLReg", "unlearn.clreg.weight=0.1");
    steps(
        files,
        "CLReg.full",
        "unlearn.clreg={weight: 0.1, layers: [embeddings, last], pooling: last, view: dropout,"
            + " queue: 16}");
    steps(files, "margin", "unlearn.clreg={weight: 0.1, form: margin}");
    steps(files, "supervised", "unlearn.clreg={weight: 0.1, form: supervised}");
    return files;
  }

  private static String forward(Decoder decoder) {
    try (TensorFlowModel model =
        TensorFlowModel.of(
            decoder, p -> FloatBuffer.allocate(Math.toIntExact(p.size())), Precision.FP32)) {
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
      case PDU -> List.of("unlearn.objective.epsilon=1");
      default -> List.of();
    };
  }

  private static String step(ObjectiveName name, List<String> sets) {
    UnlearnSettings unlearn = Pipeline.defaults(name.spelling(), sets).unlearn();
    Decoder llama = llama();
    try (StepGraph graph = new StepGraph(llama, Objectives.of(unlearn, llama), Precision.FP32)) {
      return TfListing.of(graph.runtime().graph());
    }
  }

  private static Decoder llama() {
    return decoder(
        new ObjectMapper()
            .createObjectNode()
            .put("model_type", "llama")
            .put("hidden_size", 32)
            .put("intermediate_size", 64)
            .put("num_hidden_layers", LAYERS)
            .put("num_attention_heads", 4)
            .put("num_key_value_heads", 2)
            .put("max_position_embeddings", 64)
            .put("rms_norm_eps", 1e-5));
  }

  private static Decoder gpt2() {
    return decoder(
        new ObjectMapper()
            .createObjectNode()
            .put("model_type", "gpt2")
            .put("n_embd", 32)
            .put("n_layer", LAYERS)
            .put("n_head", 4)
            .put("n_positions", 64));
  }

  private static Decoder decoder(ObjectNode config) {
    return Decoder.of(ModelConfig.of(config.put("vocab_size", 100)));
  }
}
