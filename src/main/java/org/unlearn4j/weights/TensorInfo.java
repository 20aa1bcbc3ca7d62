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

  /** Number of the model's values that it holds: two a byte of MXFP4 codes, none in scales. */
  public long parameters() {
    if (dtype != DType.U8 || !ExpertPart.codes(name)) {
      return size();
    }
    return name.endsWith(ExpertPart.BLOCKS) ? 2 * size() : 0;
  }
}
