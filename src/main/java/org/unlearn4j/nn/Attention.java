package org.unlearn4j.nn;

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
 */
public record Attention(
    int layer,
    int heads,
    int kvHeads,
    int headDim,
    double scale,
    OptionalDouble softcap,
    OptionalInt window) {

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
    return new Attention(layer, heads, kvHeads, headDim, otherScale, otherSoftcap, window);
  }
}
