package org.unlearn4j.nn;

/**
 * OLMo 2 (OLMo Team 2025): Llama with its norms on what the sublayers return instead of what they
 * read, and with queries and keys normalised as a whole, before the split into heads.
 */
class Olmo2 extends Llama {
  static final Dialect DIALECT = Llama.DIALECT.absent("rms_norm_eps", 1e-5);

  Olmo2(ModelConfig config) {
    super(config);
  }

  @Override
  <T> T block(Emitter<T> e, T x, Layer l) {
    T mixed = attention(e, x, l);
    T y = e.add(x, e.rmsNorm(mixed, norm(l.dot("post_attention_layernorm"))));
    return e.add(y, e.rmsNorm(mlp(e, y, l), norm(l.dot("post_feedforward_layernorm"))));
  }

  @Override
  <T> T normalised(Emitter<T> e, T x, int heads, String name) {
    int width = heads * config().headDim();
    return e.rmsNorm(x, Norm.rms(name, width, config().normEpsilon()));
  }
}
