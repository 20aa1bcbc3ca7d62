package org.unlearn4j.nn;

import java.util.OptionalDouble;

/**
 * Gemma 2 (Gemma Team 2024): Gemma with norms before and after each sublayer, soft caps on scores
 * and logits, a score scale of its own, and every other layer seeing only a window.
 */
class Gemma2 extends Gemma {
  static final Dialect DIALECT =
      Gemma.DIALECT
          .spelled("hidden_act", "hidden_activation")
          .absent("sliding_window", 4096)
          .sliding((config, layer) -> Dialect.typed(config, layer, layer % 2 == 0));

  Gemma2(ModelConfig config) {
    super(config);
  }

  @Override
  <T> T block(Emitter<T> e, T x, Layer l) {
    T mixed = attention(e, e.rmsNorm(x, norm(l.dot("input_layernorm"))), l);
    T y = e.add(x, e.rmsNorm(mixed, norm(l.dot("post_attention_layernorm"))));
    T thought = mlp(e, e.rmsNorm(y, norm(l.dot("pre_feedforward_layernorm"))), l);
    return e.add(y, e.rmsNorm(thought, norm(l.dot("post_feedforward_layernorm"))));
  }

  @Override
  Attention attends(int layer) {
    double scalar = config().number("query_pre_attn_scalar", 256).orElseThrow();
    return Attention.of(layer, config())
        .scaled(1 / Math.sqrt(scalar), cap("attn_logit_softcapping", 50));
  }

  /** A soft cap; empty for none. */
  OptionalDouble cap(String key, double absent) {
    return config().number(key, absent);
  }

  @Override
  public <T> T head(Emitter<T> e, T hidden) {
    T logits = super.head(e, hidden);
    OptionalDouble cap = cap("final_logit_softcapping", 30);
    return cap.isPresent() ? e.softcap(logits, cap.getAsDouble()) : logits;
  }
}
