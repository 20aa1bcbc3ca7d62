package org.unlearn4j.tf;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * What one run is fed and asked for, to be run by {@link TfRuntime#run}; closes the tensors that it
 * made. A session on several devices runs a copy of the graph, in which everything is known by its
 * name.
 */
public final class Feeds implements AutoCloseable {
  private final Session.Runner runner;
  private final boolean copied;
  private final List<Tensor> owned = new ArrayList<>();
  private final Set<Output<?>> fed = new HashSet<>();
  private final Set<Output<?>> fetched = new HashSet<>();
  private final Set<Operation> targets = new HashSet<>();
  private long bytes;

  /**
   * What TensorFlow knows a run by: for each that it sees for the first time it optimises the whole
   * graph again, whatever part of it runs.
   */
  record Signature(Set<Output<?>> fed, Set<Output<?>> fetched, Set<Operation> targets) {}

  /** Feeds for a graph whose session is open, or opens now. */
  public Feeds(TfRuntime runtime) {
    this.runner = runtime.session().runner();
    this.copied = runtime.several().isPresent();
  }

  /** The run, complete. */
  Session.Runner runner() {
    return runner;
  }

  /** Bytes that it feeds. */
  long bytes() {
    return bytes;
  }

  Signature signature() {
    return new Signature(fed, fetched, targets);
  }

  /** Asks for a value; results come in the order in which they were asked for. */
  public Feeds fetch(Operand<?> of) {
    if (copied) {
      runner.fetch(of.asOutput().op().name(), of.asOutput().index());
    } else {
      runner.fetch(of);
    }
    fetched.add(of.asOutput());
    return this;
  }

  /** Asks for an operation that returns nothing. */
  public Feeds target(Op op) {
    if (copied) {
      runner.addTarget(op.op().name());
    } else {
      runner.addTarget(op);
    }
    targets.add(op.op());
    return this;
  }

  private void feed(Operand<?> to, Tensor tensor) {
    if (copied) {
      runner.feed(to.asOutput().op().name(), to.asOutput().index(), tensor);
    } else {
      runner.feed(to, tensor);
    }
    fed.add(to.asOutput());
    bytes += tensor.numBytes();
  }

  /** Feeds integers. */
  public void ints(Operand<TInt32> to, int[] values, long... shape) {
    feed(to, owned(TfTensors.ints(values, shape)));
  }

  /** Feeds a scalar integer. */
  public void scalar(Operand<TInt32> to, int value) {
    feed(to, owned(TInt32.scalarOf(value)));
  }

  /** Feeds a scalar float. */
  public void scalar(Operand<TFloat32> to, float value) {
    feed(to, owned(TFloat32.scalarOf(value)));
  }

  /** Feeds a scalar truth value. */
  public void flag(Operand<TBool> to, boolean value) {
    feed(to, owned(TBool.scalarOf(value)));
  }

  /** Feeds long integers. */
  public void longs(Operand<TInt64> to, long[] values, long... shape) {
    feed(to, owned(TInt64.tensorOf(Shape.of(shape), DataBuffers.of(values))));
  }

  /** Feeds floats. */
  public void floats(Operand<?> to, float[] values, long... shape) {
    feed(to, owned(TfTensors.floats(values, shape)));
  }

  /** Feeds a tensor that somebody else closes. */
  public void borrowed(Operand<?> to, Tensor tensor) {
    feed(to, tensor);
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
