package org.unlearn4j.nn;

/**
 * Qwen 3 (Yang et al. 2025): Llama whose queries and keys are normalised head by head, with one
 * gain for all heads, before they are turned. The head size is a setting of its own.
 */
class Qwen3 extends Llama {
  static final Dialect DIALECT = Qwen2.DIALECT.absent("head_dim", 128);

  Qwen3(ModelConfig config) {
    super(config);
  }

  @Override
  <T> T normalised(Emitter<T> e, T x, int heads, String name) {
    return e.headNorm(x, heads, Norm.rms(name, config().headDim(), config().normEpsilon()));
  }
}
