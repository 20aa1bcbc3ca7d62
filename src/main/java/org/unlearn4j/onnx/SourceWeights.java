package org.unlearn4j.onnx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.weights.SafeTensors;

/** The values of a graph's large initializers, from a checkpoint or computed. */
final class SourceWeights {
  /** Values handed out at a time. */
  private static final int PIECE = 1 << 18;

  private final SafeTensors weights;

  /**
   * Holds the checkpoint against what the graph needs.
   *
   * @throws org.unlearn4j.base.UserException naming every weight that is missing or of another
   *     shape
   */
  SourceWeights(SafeTensors weights, List<Initializer> needed) {
    this.weights = weights;
    Map<String, List<Integer>> shapes = new LinkedHashMap<>();
    for (Initializer i : needed) {
      if (i.parameter() != null) {
        shapes.put(i.name(), i.parameter().shape());
      }
    }
    weights.require(shapes);
  }

  /** Takes values, and may fail as files do. */
  @FunctionalInterface
  interface Pieces {
    void accept(ByteBuffer piece) throws IOException;
  }

  /** Hands out values as little-endian float32, piece by piece, in their order. */
  void float32(Initializer i, Pieces pieces) throws IOException {
    ByteBuffer piece =
        ByteBuffer.allocate((int) Math.min(PIECE, i.size()) * Float.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    for (long from = 0; from < i.size(); from += PIECE) {
      int n = (int) Math.min(PIECE, i.size() - from);
      FloatBuffer to = piece.clear().limit(n * Float.BYTES).asFloatBuffer();
      if (i.parameter() == null) {
        to.put(i.table(), (int) from, n);
      } else {
        weights.read(i.name(), from, to);
      }
      pieces.accept(piece);
    }
  }
}
