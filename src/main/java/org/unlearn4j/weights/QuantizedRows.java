package org.unlearn4j.weights;

/** Room for some rows in codes, row by row: the codes, then scales and zero points apart. */
public final class QuantizedRows {
  private final int width;
  private final byte[] codes;
  private final float[] scales;
  private final byte[] zeros;

  /**
   * Room for rows.
   *
   * @param width values a row
   */
  public QuantizedRows(RowQuantizer quantizer, int width, int rows) {
    this.width = width;
    this.codes = new byte[Math.multiplyExact(rows, quantizer.codes(width))];
    this.scales = new float[Math.multiplyExact(rows, quantizer.scales(width))];
    this.zeros = new byte[Math.multiplyExact(rows, quantizer.zeros(width))];
  }

  /** Values a row. */
  public int width() {
    return width;
  }

  /** {@code [rows, codes]}; the array itself. */
  public byte[] codes() {
    return codes;
  }

  /** {@code [rows, scales]}; the array itself. */
  public float[] scales() {
    return scales;
  }

  /** {@code [rows, zeros]}, empty where codes are symmetric; the array itself. */
  public byte[] zeros() {
    return zeros;
  }
}
