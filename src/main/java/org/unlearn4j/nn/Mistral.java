package org.unlearn4j.nn;

/** Mistral (Jiang et al. 2023): Llama whose layers may see only a window of the past. */
final class Mistral extends Llama {
  static final Dialect DIALECT =
      Llama.DIALECT.absent("sliding_window", 4096).sliding((config, layer) -> true);

  Mistral(ModelConfig config) {
    super(config);
  }
}
