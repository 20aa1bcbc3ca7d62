package org.unlearn4j.lm;

import java.util.Arrays;
import java.util.List;

/**
 * Which experts the tokens of some rows go through, in every block that has experts.
 *
 * @param layers those blocks, lowest first
 * @param rows of each row {@code [time][layers * chosen]}: the chosen experts of the first block,
 *     the most probable first, then those of the second
 */
@SuppressWarnings("ArrayRecordComponent") // what a runtime has made, read and never changed
public record Routes(List<Layer> layers, List<int[][]> rows) {

  /**
   * A block with experts.
   *
   * @param block its number
   * @param experts it has
   * @param chosen experts of a token
   */
  public record Layer(int block, int experts, int chosen) {}

  public Routes {
    layers = List.copyOf(layers);
    rows = List.copyOf(rows);
  }

  /**
   * Cuts off padding.
   *
   * @param flat {@code [rows * time, layers * chosen]}
   */
  public static Routes of(List<Layer> layers, PaddedBatch b, int[] flat) {
    int width = layers.stream().mapToInt(Layer::chosen).sum();
    int[][][] rows = new int[b.rows()][][];
    for (int r = 0; r < rows.length; r++) {
      int length = 0;
      while (length < b.time() && b.mask()[r * b.time() + length] == 1) {
        length++;
      }
      rows[r] = new int[length][];
      for (int t = 0; t < length; t++) {
        int at = (r * b.time() + t) * width;
        rows[r][t] = Arrays.copyOfRange(flat, at, at + width);
      }
    }
    return new Routes(layers, List.of(rows));
  }
}
