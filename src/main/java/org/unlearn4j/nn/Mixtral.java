package org.unlearn4j.nn;

import java.util.stream.IntStream;

/**
 * Mixtral (Jiang et al. 2024): Mistral with experts in place of each MLP. The weights of those that
 * a token goes through always add up to one.
 */
final class Mixtral extends Llama {
  static final Dialect DIALECT =
      Llama.DIALECT
          .absent("rms_norm_eps", 1e-5)
          .absent("rope_theta", 1e6)
          .sliding((config, layer) -> true);

  Mixtral(ModelConfig config) {
    super(config);
  }

  @Override
  <T> T mlp(Emitter<T> e, T x, Layer l) {
    String name = l.dot("block_sparse_moe");
    int d = config().hiddenSize();
    int f = config().intermediateSize();
    int experts = config().count(8, "num_local_experts");
    return e.within(
        "block_sparse_moe",
        () ->
            e.experts(
                x,
                new Experts(
                    Linear.of(name + ".gate", d, experts, false),
                    config().count(2, "num_experts_per_tok"),
                    true,
                    config().activation(),
                    IntStream.range(0, experts)
                        .mapToObj(i -> expert(name + ".experts." + i, d, f))
                        .toList())));
  }

  private static Experts.Expert expert(String name, int d, int f) {
    return new Experts.Expert(
        Linear.of(name + ".w1", d, f, false),
        Linear.of(name + ".w3", d, f, false),
        Linear.of(name + ".w2", f, d, false));
  }
}
