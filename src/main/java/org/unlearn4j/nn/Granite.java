package org.unlearn4j.nn;

import java.util.OptionalDouble;

/**
 * Granite 3 (IBM 2024): Llama with four factors, on embeddings, scores, what sublayers add, and
 * logits.
 */
final class Granite extends Llama {
  static final Dialect DIALECT = Llama.DIALECT;

  Granite(ModelConfig config) {
    super(config);
  }

  @Override
  <T> T embed(Emitter<T> e, T ids) {
    return e.scale(super.embed(e, ids), factor("embedding_multiplier"));
  }

  @Override
  <T> T block(Emitter<T> e, T x, Layer l) {
    double share = factor("residual_multiplier");
    T mixed = attention(e, e.rmsNorm(x, norm(l.dot("input_layernorm"))), l);
    T y = e.add(x, e.scale(mixed, share));
    T thought = mlp(e, e.rmsNorm(y, norm(l.dot("post_attention_layernorm"))), l);
    return e.add(y, e.scale(thought, share));
  }

  @Override
  Attention attends(int layer) {
    return super.attends(layer).scaled(factor("attention_multiplier"), OptionalDouble.empty());
  }

  /** Logits are divided; dividing what the head reads is the same, and less. */
  @Override
  public <T> T head(Emitter<T> e, T hidden) {
    return super.head(e, e.scale(hidden, 1 / factor("logits_scaling")));
  }

  private double factor(String key) {
    return config().number(key, 1).orElse(1);
  }
}
