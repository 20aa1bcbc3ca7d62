package org.unlearn4j.nn;

/**
 * Gemma (Gemma Team 2024): Llama with scaled embeddings, norm gains stored less one, a tanh GELU in
 * the gate, and a head tied to the unscaled token table.
 */
class Gemma extends Llama {
  /** Files that say {@code hidden_act: gelu} mean the tanh form, with which Gemma was trained. */
  static final Dialect DIALECT =
      Llama.DIALECT
          .spelled("hidden_act", "hidden_activation", "hidden_act")
          .absent("hidden_act", "gelu_pytorch_tanh")
          .activation("gelu", "gelu_pytorch_tanh")
          .absent("tie_word_embeddings", true)
          .absent("head_dim", 256)
          .only("use_bidirectional_attention", false);

  Gemma(ModelConfig config) {
    super(config);
  }

  @Override
  final <T> T embed(Emitter<T> e, T ids) {
    return e.scale(super.embed(e, ids), Math.sqrt(config().hiddenSize()));
  }

  @Override
  final Norm norm(String name) {
    return Norm.rmsLessOne(name, config().hiddenSize(), config().normEpsilon());
  }
}
