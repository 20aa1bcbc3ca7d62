package org.unlearn4j.tf;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/** The tensors fed to one run; closes those it made. */
public final class Feeds implements AutoCloseable {
  private final Session.Runner runner;
  private final List<Tensor> owned = new ArrayList<>();

  /** Feeds for a graph whose session is open, or opens now. */
  public Feeds(TfRuntime runtime) {
    this.runner = runtime.session().runner();
  }

  /**
   * The run that the feeds go to; add fetches and targets, then let {@link TfRuntime#run} run it.
   */
  public Session.Runner runner() {
    return runner;
  }

  /** Feeds integers. */
  public void ints(Operand<TInt32> to, int[] values, long... shape) {
    runner.feed(to, owned(TfTensors.ints(values, shape)));
  }

  /** Feeds a scalar integer. */
  public void scalar(Operand<TInt32> to, int value) {
    runner.feed(to, owned(TInt32.scalarOf(value)));
  }

  /** Feeds a scalar float. */
  public void scalar(Operand<TFloat32> to, float value) {
    runner.feed(to, owned(TFloat32.scalarOf(value)));
  }

  /** Feeds a scalar truth value. */
  public void flag(Operand<TBool> to, boolean value) {
    runner.feed(to, owned(TBool.scalarOf(value)));
  }

  /** Feeds long integers. */
  public void longs(Operand<TInt64> to, long[] values, long... shape) {
    runner.feed(to, owned(TInt64.tensorOf(Shape.of(shape), DataBuffers.of(values))));
  }

  /** Feeds floats. */
  public void floats(Operand<?> to, float[] values, long... shape) {
    runner.feed(to, owned(TfTensors.floats(values, shape)));
  }

  /** Feeds a tensor that somebody else closes. */
  public void borrowed(Operand<?> to, Tensor tensor) {
    runner.feed(to, tensor);
  }

  /** Takes over the closing of a tensor. */
  public <T extends Tensor> T owned(T tensor) {
    owned.add(tensor);
    return tensor;
  }

  @Override
  public void close() {
    owned.forEach(Tensor::close);
  }
}
