package org.unlearn4j.weights;

/**
 * Symmetric quantisation of the rows of a weight matrix in the layout {@code [out, in]}: each row
 * holds what one output channel reads. Rows do not know each other, so that a matrix can be
 * quantised piece by piece. A value is {@code code * scale}; all arithmetic is float32.
 *
 * <p>A code is one signed byte. How codes are packed in a file is the business of the writer, see
 * {@link Int4Blocks#pack}.
 */
public sealed interface RowQuantizer permits Int8Channels, Int4Blocks {

  /** Codes a row, padding included. */
  int codes(int width);

  /** Scales a row. */
  int scales(int width);

  /**
   * Quantises one row.
   *
   * @param values {@code width} values from {@code from} on
   * @param codes takes {@link #codes} codes from {@code codesAt} on
   * @param scales takes {@link #scales} scales from {@code scalesAt} on
   * @throws ArithmeticException if a value is not finite: no code stands for it
   */
  void quantize(
      float[] values, int from, int width, byte[] codes, int codesAt, float[] scales, int scalesAt);

  /** The values that the codes of one row stand for; the arguments of {@link #quantize}. */
  void dequantize(
      byte[] codes, int codesAt, float[] scales, int scalesAt, float[] values, int to, int width);
}
