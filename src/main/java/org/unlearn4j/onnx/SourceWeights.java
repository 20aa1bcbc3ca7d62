package org.unlearn4j.onnx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;

/** The values of a graph's large initializers, from a checkpoint or computed. */
final class SourceWeights {
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

  /** Values as little-endian float32; those of a float32 weight are the mapped file itself. */
  ByteBuffer float32(Initializer i) {
    String name = i.name();
    if (i.parameter() != null && weights.info(name).dtype() == DType.F32) {
      return weights.bytes(name);
    }
    int bytes = Math.toIntExact(Float.BYTES * i.size());
    ByteBuffer values = ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (i.parameter() == null) {
      values.asFloatBuffer().put(i.table());
    } else {
      weights.read(name, values.asFloatBuffer());
    }
    return values;
  }
}
