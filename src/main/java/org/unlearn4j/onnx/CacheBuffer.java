package org.unlearn4j.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A key-value cache of a fixed length, for graphs whose attention is {@link GroupedAttention}: each
 * run reads and writes it where it is, so that nothing of it is allocated or copied from token to
 * token.
 */
final class CacheBuffer implements AutoCloseable {
  private final Map<String, OnnxTensor> slots = new LinkedHashMap<>();

  private CacheBuffer() {}

  /** Whether Java has buffers as large as its parts would be. */
  static boolean fits(KeyValueCache cache, int rows, int length) {
    return cache.slots().values().stream()
        .allMatch(slot -> bytes(slot, rows, length) <= Integer.MAX_VALUE);
  }

  /**
   * A cache with zeros.
   *
   * @param length columns, past and present together, that it has room for
   */
  static CacheBuffer of(OrtEnvironment environment, KeyValueCache cache, int rows, int length) {
    CacheBuffer buffer = new CacheBuffer();
    try {
      for (Map.Entry<String, TensorInfo> e : cache.slots().entrySet()) {
        TensorInfo slot = e.getValue();
        long[] shape = {rows, slot.getShape()[1], length, slot.getShape()[3]};
        ByteBuffer memory =
            ByteBuffer.allocateDirect(Math.toIntExact(bytes(slot, rows, length)))
                .order(ByteOrder.nativeOrder());
        buffer.slots.put(
            e.getKey(), OnnxTensor.createTensor(environment, memory, shape, slot.type));
      }
      return buffer;
    } catch (OrtException e) {
      buffer.close();
      throw new IllegalStateException("cache: " + e.getMessage(), e);
    } catch (RuntimeException | Error e) {
      buffer.close();
      throw e;
    }
  }

  private static long bytes(TensorInfo slot, int rows, int length) {
    return (long) rows * slot.getShape()[1] * length * slot.getShape()[3] * slot.type.size;
  }

  /** The cache as what a run reads. */
  void feed(OrtFeeds feeds) {
    slots.forEach(feeds::borrowed);
  }

  /** The same memory as what the run writes, by the names of outputs. */
  Map<String, OnnxTensor> presents() {
    Map<String, OnnxTensor> presents = new LinkedHashMap<>();
    slots.forEach((past, tensor) -> presents.put(KeyValueCache.present(past), tensor));
    return presents;
  }

  @Override
  public void close() {
    slots.values().forEach(OnnxTensor::close);
  }
}
