package org.unlearn4j.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.unlearn4j.base.MachineException;

/**
 * Inputs of one run. What a graph does not ask for is left out: other exporters' files have no
 * position_ids, for instance. Closes the tensors it made, not those it was lent.
 */
final class OrtFeeds implements AutoCloseable {
  private final OrtRuntime runtime;
  private final OrtEnvironment environment;
  private final OrtSession session;
  private final Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
  private final List<OnnxTensor> owned = new ArrayList<>();

  OrtFeeds(OrtRuntime runtime, OrtSession session) {
    this.runtime = runtime;
    this.environment = runtime.environment();
    this.session = session;
  }

  /** Integers, as int64. */
  OrtFeeds ints(String name, int[] values, long... shape) {
    LongBuffer buffer = direct(Long.BYTES, values.length).asLongBuffer();
    for (int value : values) {
      buffer.put(value);
    }
    return own(name, () -> OnnxTensor.createTensor(environment, buffer.flip(), shape));
  }

  /** One truth value, as a vector. */
  OrtFeeds flag(String name, boolean value) {
    return own(name, () -> OnnxTensor.createTensor(environment, new boolean[] {value}));
  }

  /** Numbers where they are: the memory must stay as it is until the run is over. */
  OrtFeeds lent(String name, FloatBuffer values, long... shape) {
    if (!values.isDirect()) {
      throw new IllegalArgumentException("input " + name + " lies on the heap");
    }
    return own(name, () -> OnnxTensor.createTensor(environment, values, shape));
  }

  /** A tensor without values: one of its sizes is 0. */
  OrtFeeds nothing(String name, OnnxJavaType type, long... shape) {
    return own(name, () -> OnnxTensor.createTensor(environment, direct(type.size, 0), shape, type));
  }

  /** A tensor that stays the caller's, for instance an output of an earlier run. */
  OrtFeeds borrowed(String name, OnnxTensor tensor) {
    inputs.put(name, tensor);
    return this;
  }

  /** Runs the graph for some of its outputs. */
  OrtSession.Result run(Set<String> outputs) {
    return run(outputs, Map.of());
  }

  /**
   * Runs the graph for some of its outputs.
   *
   * @param outputs that the runtime allocates
   * @param given others, by name, into tensors that stay the caller's
   */
  OrtSession.Result run(Set<String> outputs, Map<String, OnnxTensor> given) {
    try (OrtSession.RunOptions options = runtime.running(session)) {
      return session.run(inputs, outputs, given, options);
    } catch (OrtException e) {
      if (e.getMessage().contains("Failed to allocate memory")) {
        throw new MachineException("ONNX Runtime: out of memory (" + e.getMessage() + ").", e);
      }
      throw new IllegalStateException("ONNX Runtime failed: " + e.getMessage(), e);
    }
  }

  private interface Maker {
    OnnxTensor make() throws OrtException;
  }

  private OrtFeeds own(String name, Maker maker) {
    if (!session.getInputNames().contains(name)) {
      return this;
    }
    try {
      OnnxTensor tensor = maker.make();
      owned.add(tensor);
      inputs.put(name, tensor);
      return this;
    } catch (OrtException e) {
      throw new IllegalStateException("input " + name + ": " + e.getMessage(), e);
    }
  }

  /** Memory that the runtime reads and writes where it is. */
  static FloatBuffer floats(int count) {
    return direct(Float.BYTES, count).asFloatBuffer();
  }

  private static ByteBuffer direct(int bytes, int count) {
    return ByteBuffer.allocateDirect(Math.multiplyExact(bytes, count))
        .order(ByteOrder.nativeOrder());
  }

  @Override
  public void close() {
    owned.forEach(OnnxTensor::close);
  }
}
