package org.unlearn4j.nn;

/**
 * OLMo 3 (OLMo Team 2025): OLMo 2, three layers that see only a window to each one that sees
 * everything. A rope scaling concerns the latter alone.
 */
final class Olmo3 extends Olmo2 {
  private static final int PATTERN = 4;

  static final Dialect DIALECT =
      Olmo2.DIALECT
          .absent("sliding_window", 4096)
          .localTheta("rope_theta")
          .sliding((config, layer) -> Dialect.typed(config, layer, (layer + 1) % PATTERN != 0));

  Olmo3(ModelConfig config) {
    super(config);
  }
}
