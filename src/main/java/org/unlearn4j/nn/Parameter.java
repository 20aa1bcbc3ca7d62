package org.unlearn4j.nn;

import java.util.List;

/**
 * A weight of a model, under its Hugging Face name.
 *
 * @param shape as stored in the safetensors file
 * @param init how fresh weights are drawn
 */
public record Parameter(String name, List<Integer> shape, Init init) {

  /**
   * How a fresh parameter is filled: matrices from N(0, initializer_range), gains with one, biases
   * with zero.
   */
  public enum Init {
    NORMAL,
    ONES,
    ZEROS
  }

  public Parameter {
    shape = List.copyOf(shape);
  }

  public static Parameter matrix(String name, int rows, int columns) {
    return new Parameter(name, List.of(rows, columns), Init.NORMAL);
  }

  public static Parameter vector(String name, int size, Init init) {
    return new Parameter(name, List.of(size), init);
  }

  /** Number of values. */
  public long size() {
    return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
  }

  public int dim(int axis) {
    return shape.get(axis);
  }
}
