package org.unlearn4j.tf;

import org.tensorflow.Result;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** Java arrays to tensors and back, by whole buffers. */
public final class TfTensors {
  private TfTensors() {}

  public static TInt32 ints(int[] values, long... shape) {
    return TInt32.tensorOf(Shape.of(shape), DataBuffers.of(values));
  }

  public static TFloat32 floats(float[] values, long... shape) {
    return TFloat32.tensorOf(Shape.of(shape), DataBuffers.of(values));
  }

  /** All values of the i-th fetched tensor. */
  public static float[] floats(Result result, int i) {
    return floats(result.get(i));
  }

  /** All values of a float32 tensor, in row-major order. */
  public static float[] floats(Tensor tensor) {
    float[] values = new float[Math.toIntExact(tensor.shape().size())];
    tensor.asRawTensor().data().asFloats().read(values);
    return values;
  }

  /** As many values of a float32 tensor, in row-major order, as there is room for. */
  public static void read(Tensor tensor, long from, float[] into) {
    tensor.asRawTensor().data().asFloats().offset(from).read(into, 0, into.length);
  }

  /** All values of the i-th fetched int32 tensor. */
  public static int[] ints(Result result, int i) {
    Tensor tensor = result.get(i);
    int[] values = new int[Math.toIntExact(tensor.shape().size())];
    tensor.asRawTensor().data().asInts().read(values);
    return values;
  }
}
