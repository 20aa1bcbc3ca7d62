package org.unlearn4j.nn;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * How one layer attends.
 *
 * @param layer counted from 0; the key-value cache goes by it
 * @param heads query heads; query head h reads key/value head {@code h / (heads / kvHeads)}
 * @param scale factor of the scores, usually {@code headDim^-0.5}
 * @param softcap scores become {@code cap * tanh(s / cap)} before the mask (Gemma 2)
 * @param window a position sees this many positions, itself included
 * @param sinks {@code [heads]}: a learned logit per head that stands among a row's scores in the
 *     softmax, unscaled and unmasked, and has no value, so that weights add up to less than one
 *     (gpt-oss; Xiao et al. 2024 name the effect)
 */
public record Attention(
    int layer,
    int heads,
    int kvHeads,
    int headDim,
    double scale,
    OptionalDouble softcap,
    OptionalInt window,
    Optional<Parameter> sinks) {

  /** Attention without sinks. */
  public Attention(
      int layer,
      int heads,
      int kvHeads,
      int headDim,
      double scale,
      OptionalDouble softcap,
      OptionalInt window) {
    this(layer, heads, kvHeads, headDim, scale, softcap, window, Optional.empty());
  }

  /** The usual scale, no soft cap, and the window that the configuration gives the layer. */
  public static Attention of(int layer, ModelConfig c) {
    return new Attention(
        layer,
        c.heads(),
        c.kvHeads(),
        c.headDim(),
        1 / Math.sqrt(c.headDim()),
        OptionalDouble.empty(),
        c.windows().get(layer));
  }

  /** The same with another scale and soft cap. */
  public Attention scaled(double otherScale, OptionalDouble otherSoftcap) {
    return new Attention(layer, heads, kvHeads, headDim, otherScale, otherSoftcap, window, sinks);
  }

  /** The same with a sink per head. */
  public Attention sinking(Parameter logits) {
    return new Attention(
        layer, heads, kvHeads, headDim, scale, softcap, window, Optional.of(logits));
  }
}
