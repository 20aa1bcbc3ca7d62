package org.unlearn4j.nn;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.unlearn4j.base.UserException;

/**
 * gpt-oss (OpenAI 2025): Llama with a sink in every head's softmax, a window on every other layer,
 * and in place of each MLP experts with biases and a clamped gate. A checkpoint holds the matrices
 * of all experts of a layer in one tensor, gate and up in turns; here each has a name of its own
 * below that tensor's.
 */
final class GptOss extends Llama {
  static final Dialect DIALECT =
      Llama.DIALECT
          .absent("rms_norm_eps", 1e-5)
          .absent("rope_theta", 150000.0)
          .absent("attention_bias", true)
          .absent("sliding_window", 128)
          .only(Dialect.PACKED, "mxfp4")
          .sliding((config, layer) -> Dialect.typed(config, layer, layer % 2 == 0));

  GptOss(ModelConfig config) {
    super(config);
  }

  @Override
  Attention attends(int layer) {
    String name = "model.layers." + layer + ".self_attn.sinks";
    return Attention.of(layer, config())
        .sinking(Parameter.vector(name, config().heads(), Parameter.Init.NORMAL));
  }

  @Override
  <T> T mlp(Emitter<T> e, T x, Layer l) {
    return e.within("mlp", () -> e.experts(x, experts(l.dot("mlp"))));
  }

  private Experts experts(String name) {
    int all = config().count(128, "num_local_experts");
    return new Experts(
        Linear.of(name + ".router", config().hiddenSize(), all, true),
        config().count(4, "num_experts_per_tok", "experts_per_token"),
        true,
        config().activation(),
        Optional.of(new ClampedGate(positive("swiglu_alpha", 1.702), positive("swiglu_limit", 7))),
        IntStream.range(0, all).mapToObj(i -> expert(name + ".experts", i)).toList());
  }

  private double positive(String key, double absent) {
    OptionalDouble value = config().number(key, absent);
    if (value.isEmpty() || !(value.getAsDouble() > 0)) {
      throw new UserException(
          "config.json, "
              + key
              + ": found "
              + config().json().path(key)
              + ", expected a number greater than 0.");
    }
    return value.getAsDouble();
  }

  private Experts.Expert expert(String experts, int i) {
    int d = config().hiddenSize();
    int f = config().intermediateSize();
    String both = experts + ".gate_up_proj." + i;
    return new Experts.Expert(
        Linear.of(both + ".gate_proj", d, f, true),
        Linear.of(both + ".up_proj", d, f, true),
        Linear.of(experts + ".down_proj." + i + ".down_proj", f, d, true));
  }
}
