package org.unlearn4j.onnx;

import java.util.List;
import java.util.function.Supplier;

/**
 * One matrix of an adapter file: what it feeds, and with which values.
 *
 * @param name of the graph's input
 * @param values row by row, {@code [rows, columns]}; asked for when they are written
 */
public record AdapterFactor(String name, int rows, int columns, Supplier<float[]> values) {

  /**
   * The two factors of a linear map.
   *
   * @param module of the linear map {@code [in, out]}
   * @param down A, {@code [in, rank]}
   * @param up B with every scale, {@code [rank, out]}
   */
  public static List<AdapterFactor> of(
      String module, int in, int rank, int out, Supplier<float[]> down, Supplier<float[]> up) {
    return List.of(
        new AdapterFactor(AdapterInputs.down(module), in, rank, down),
        new AdapterFactor(AdapterInputs.up(module), rank, out, up));
  }

  /** Size in the file: float32. */
  long bytes() {
    return (long) Float.BYTES * rows * columns;
  }
}
