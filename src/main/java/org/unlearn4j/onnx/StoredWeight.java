package org.unlearn4j.onnx;

/**
 * A weight as a file holds it, in rows: {@code [out, in]} or {@code [in, out]}, as its writer
 * wanted it. A vector is one row.
 */
interface StoredWeight {
  /** Name of the initializer with its values or codes. */
  String name();

  int rows();

  int columns();

  /** Whether its values are codes times scales. */
  boolean coded();

  /** What reads it: rows by token numbers, or a product. A file may have a table for each. */
  boolean gathered();

  /** Opens it; what is small beside the values, as scales are, is in memory from now on. */
  Rows open(TensorReader reader);

  /** Rows, a strip at a time. */
  interface Rows {
    /**
     * Reads rows.
     *
     * @param strip takes them from its beginning
     */
    void read(int first, int count, Strip strip);
  }

  /** Values of some rows, and how finely they could be told apart. */
  final class Strip {
    /** What the file stands for. */
    final float[] values;

    /** Distance to the next code, never negative; 0 where values are no codes. */
    final float[] steps;

    /** 1 where no code stands for more, -1 where none stands for less, else 0. */
    final byte[] ends;

    Strip(int values) {
      this.values = new float[values];
      this.steps = new float[values];
      this.ends = new byte[values];
    }
  }

  /** Rows that a strip of about a million values has; at least one. */
  default int strip() {
    return Math.max(1, Math.min(rows(), (1 << 20) / Math.max(1, columns())));
  }
}
