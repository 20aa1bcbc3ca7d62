package org.unlearn4j.weights;

import java.util.List;

/** A tensor's name, number format and shape as stored. */
public record TensorInfo(String name, DType dtype, List<Integer> shape) {
  public TensorInfo {
    shape = List.copyOf(shape);
  }

  /** Number of values. */
  public long size() {
    return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
  }
}
