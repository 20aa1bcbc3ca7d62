package org.unlearn4j.nn;

import java.util.List;

/**
 * Phi-3 and 3.5 (Abdin et al. 2024): Llama with fused matrices. Rows of {@code qkv_proj} are all
 * query heads, all key heads, all value heads; rows of {@code gate_up_proj} are gate, then up.
 */
final class Phi3 extends Llama {
  static final Dialect DIALECT =
      Llama.DIALECT.absent("rms_norm_eps", 1e-5).sliding((config, layer) -> true);

  Phi3(ModelConfig config) {
    super(config);
  }

  @Override
  <T> Projections<T> project(Emitter<T> e, T x, String attention) {
    int width = queryWidth() + 2 * keyWidth();
    T fused = e.linear(x, Linear.of(attention + ".qkv_proj", config().hiddenSize(), width, false));
    List<T> parts = e.split(fused, queryWidth(), keyWidth(), keyWidth());
    return new Projections<>(parts.get(0), parts.get(1), parts.get(2));
  }

  @Override
  <T> List<T> gateAndUp(Emitter<T> e, T x, String mlp) {
    int f = config().intermediateSize();
    T fused = e.linear(x, Linear.of(mlp + ".gate_up_proj", config().hiddenSize(), 2 * f, false));
    return e.split(fused, f, f);
  }
}
