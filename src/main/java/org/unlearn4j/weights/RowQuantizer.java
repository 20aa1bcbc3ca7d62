package org.unlearn4j.weights;

/**
 * Quantisation of the rows of a weight matrix in the layout {@code [out, in]}: each row holds what
 * one output channel reads. Rows do not know each other, so that a matrix can be quantised piece by
 * piece. A value is {@code (code - zero point) * scale}; all that a file's values depend on is
 * float32 arithmetic.
 *
 * <p>A code is one signed byte, and so is a zero point, which is 0 where codes are symmetric. How
 * they are packed in a file is the business of the writer, see {@link Blocks#pack}.
 */
public sealed interface RowQuantizer permits Int8Channels, Blocks {

  /** Codes a row, padding included. */
  int codes(int width);

  /** Scales a row. */
  int scales(int width);

  /** Zero points a row: as many as scales, or none where all are 0. */
  default int zeros(int width) {
    return 0;
  }

  /** Bits that a code takes in a file. */
  int bits();

  /**
   * Quantises one row.
   *
   * @param values those of the row from {@code from} on
   * @param to takes codes, scales and zero points
   * @param row which of its rows
   * @throws ArithmeticException if a value is not finite: no code stands for it
   */
  void quantize(float[] values, int from, QuantizedRows to, int row);

  /** The values that the codes of one row stand for; the arguments of {@link #quantize}. */
  void dequantize(QuantizedRows from, int row, float[] values, int to);
}
