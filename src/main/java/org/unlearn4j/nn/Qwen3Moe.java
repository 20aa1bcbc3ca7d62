package org.unlearn4j.nn;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.stream.IntStream;

/**
 * Qwen 3 with experts (Yang et al. 2025) in every {@code decoder_sparse_step}-th layer, but for
 * those that the configuration takes out; the others have the dense MLP.
 */
final class Qwen3Moe extends Qwen3 {
  static final Dialect DIALECT = Qwen2.DIALECT;

  Qwen3Moe(ModelConfig config) {
    super(config);
  }

  @Override
  <T> T mlp(Emitter<T> e, T x, Layer l) {
    return sparse(l.index()) ? e.within("mlp", () -> e.experts(x, experts(l))) : super.mlp(e, x, l);
  }

  private boolean sparse(int layer) {
    for (JsonNode dense : config().json().path("mlp_only_layers")) {
      if (dense.asInt(-1) == layer) {
        return false;
      }
    }
    return (layer + 1) % config().count(1, "decoder_sparse_step") == 0;
  }

  private Experts experts(Layer l) {
    String name = l.dot("mlp");
    int d = config().hiddenSize();
    int f = config().count(768, "moe_intermediate_size");
    int all = config().count(128, "num_local_experts", "num_experts");
    return new Experts(
        Linear.of(name + ".gate", d, all, false),
        config().count(8, "num_experts_per_tok"),
        config().flag("norm_topk_prob", false),
        config().activation(),
        IntStream.range(0, all).mapToObj(i -> expert(name + ".experts." + i, d, f)).toList());
  }

  private static Experts.Expert expert(String name, int d, int f) {
    return new Experts.Expert(
        Linear.of(name + ".gate_proj", d, f, false),
        Linear.of(name + ".up_proj", d, f, false),
        Linear.of(name + ".down_proj", f, d, false));
  }
}
