package org.unlearn4j.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import java.util.ArrayList;
import java.util.List;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.Logits;
import org.unlearn4j.weights.DType;

/**
 * Logits that ONNX Runtime writes into memory of ours, column range by column range: the buffers
 * that it hands out of its own are copies on the heap.
 */
final class OrtLogits implements Logits {
  private record Part(int from, int to, ByteBuffer values, OnnxTensor tensor) {}

  private final int rows;
  private final int vocab;
  private final OnnxJavaType type;
  private final List<Part> parts = new ArrayList<>();

  /**
   * Logits of some rows.
   *
   * @param type FLOAT, or FLOAT16 as other exporters' files may have it
   * @throws UserException if it is another one: nobody here could read it
   */
  OrtLogits(int rows, int vocab, OnnxJavaType type) {
    if (type != OnnxJavaType.FLOAT && type != OnnxJavaType.FLOAT16) {
      throw new UserException("Output logits: found " + type + ", expected FLOAT or FLOAT16.");
    }
    this.rows = rows;
    this.vocab = vocab;
    this.type = type;
  }

  /**
   * The tensor for columns {@code from} to {@code to}, {@code [rows, to - from, vocab]}.
   *
   * @throws MachineException if it would have 2 GiB or more, which no buffer of Java has
   */
  OnnxTensor part(OrtEnvironment environment, int from, int to) {
    long bytes = (long) rows * (to - from) * vocab * type.size;
    if (bytes > Integer.MAX_VALUE) {
      throw new MachineException(
          "Logits of "
              + rows
              + " rows of "
              + (to - from)
              + " tokens take "
              + bytes
              + " bytes, expected less than 2 GiB; a smaller data.max_length needs less.");
    }
    ByteBuffer values = ByteBuffer.allocateDirect((int) bytes).order(ByteOrder.nativeOrder());
    try {
      OnnxTensor tensor =
          OnnxTensor.createTensor(environment, values, new long[] {rows, to - from, vocab}, type);
      parts.add(new Part(from, to, values, tensor));
      return tensor;
    } catch (OrtException e) {
      throw new IllegalStateException("logits: " + e.getMessage(), e);
    }
  }

  @Override
  public void read(int row, int time, float[] into) {
    for (Part p : parts) {
      if (time >= p.from && time < p.to) {
        int at = (row * (p.to - p.from) + time - p.from) * vocab;
        if (type == OnnxJavaType.FLOAT) {
          p.values.asFloatBuffer().get(at, into, 0, vocab);
          return;
        }
        ShortBuffer halves = p.values.asShortBuffer();
        for (int v = 0; v < vocab; v++) {
          into[v] = DType.halfToFloat(halves.get(at + v));
        }
        return;
      }
    }
    throw new IndexOutOfBoundsException("no column " + time);
  }

  @Override
  public void close() {
    parts.forEach(p -> p.tensor.close());
    parts.clear();
  }
}
