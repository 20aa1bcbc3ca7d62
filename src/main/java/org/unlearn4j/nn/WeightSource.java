package org.unlearn4j.nn;

import java.nio.FloatBuffer;
import java.util.function.Consumer;

/** Values of parameters, piece by piece, so that none need be in the Java heap as a whole. */
@FunctionalInterface
public interface WeightSource {
  /** Values that {@link #forEach} hands out at a time. */
  int PIECE = 1 << 18;

  /**
   * Reads values of a parameter.
   *
   * @param from index of the first among the flattened values
   * @param to is filled, from its position to its limit
   */
  void read(Parameter p, long from, FloatBuffer to);

  /** Hands all values of a parameter out, flattened, in their order. */
  default void forEach(Parameter p, Consumer<FloatBuffer> pieces) {
    FloatBuffer piece = FloatBuffer.allocate((int) Math.min(PIECE, p.size()));
    for (long at = 0; at < p.size(); at += PIECE) {
      piece.clear().limit((int) Math.min(PIECE, p.size() - at));
      read(p, at, piece);
      pieces.accept(piece.flip());
    }
  }

  /** All values of a parameter. */
  default float[] all(Parameter p) {
    FloatBuffer values = FloatBuffer.allocate(Math.toIntExact(p.size()));
    read(p, 0, values);
    return values.array();
  }
}
