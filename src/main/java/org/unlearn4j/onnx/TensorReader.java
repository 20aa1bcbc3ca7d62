package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;
import org.unlearn4j.weights.DType;

/**
 * Values of a file's initializers, a piece at a time, whichever of its ways the format has taken to
 * hold them: raw bytes, fields of a type, or a file beside the model.
 */
final class TensorReader implements AutoCloseable {
  private final OnnxFile file;
  private final Map<Path, FileChannel> channels = new HashMap<>();

  TensorReader(OnnxFile file) {
    this.file = file;
  }

  /** Bits that a value takes; 0 for what weights are never in. */
  static int bits(TensorProto tensor) {
    DataType type = DataType.forNumber(tensor.getDataType());
    if (type == null) {
      return 0;
    }
    return switch (type) {
      case FLOAT, INT32 -> 32;
      case FLOAT16, BFLOAT16 -> 16;
      case INT8, UINT8 -> 8;
      case INT4, UINT4 -> 4;
      default -> 0;
    };
  }

  /** Number of values. */
  static long size(TensorProto tensor) {
    return tensor.getDimsList().stream().mapToLong(Long::longValue).reduce(1, Math::multiplyExact);
  }

  /**
   * Bytes as raw data has them, little-endian.
   *
   * @param from the first
   * @throws UserException if there are fewer
   */
  ByteBuffer bytes(TensorProto tensor, long from, int count) {
    if (tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
      return outside(tensor, from, count);
    }
    ByteBuffer all =
        tensor.hasRawData() ? tensor.getRawData().asReadOnlyByteBuffer() : fields(tensor);
    if (from + count > all.remaining()) {
      throw UserException.at(
          file.path(),
          "tensor " + tensor.getName(),
          all.remaining() + " bytes",
          "at least " + (from + count));
    }
    return all.slice((int) from, count).order(ByteOrder.LITTLE_ENDIAN);
  }

  private ByteBuffer outside(TensorProto tensor, long from, int count) {
    long at = file.bytes(tensor, "offset") + from;
    ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
    try {
      FileChannel channel = channel(file.data(tensor));
      while (bytes.hasRemaining()) {
        if (channel.read(bytes, at + bytes.position()) < 0) {
          throw UserException.at(
              file.data(tensor),
              "tensor " + tensor.getName(),
              "an end of the file after " + channel.size() + " bytes",
              "at least " + (at + count));
        }
      }
    } catch (IOException e) {
      throw new MachineException(file.data(tensor) + ": could not be read (" + e + ").", e);
    }
    return bytes.flip();
  }

  private FileChannel channel(Path data) throws IOException {
    FileChannel known = channels.get(data);
    if (known == null) {
      known = FileChannel.open(data, StandardOpenOption.READ);
      channels.put(data, known);
    }
    return known;
  }

  /** What is not raw: a float or an int32 for each value, or for each byte of packed ones. */
  private static ByteBuffer fields(TensorProto tensor) {
    int floats = tensor.getFloatDataCount();
    int bytes = bits(tensor) / 8;
    int words = tensor.getInt32DataCount();
    ByteBuffer all =
        ByteBuffer.allocate(floats * Float.BYTES + words * Math.max(1, bytes))
            .order(ByteOrder.LITTLE_ENDIAN);
    tensor.getFloatDataList().forEach(all::putFloat);
    for (int word : tensor.getInt32DataList()) {
      switch (bytes) {
        case 4 -> all.putInt(word);
        case 2 -> all.putShort((short) word);
        default -> all.put((byte) word);
      }
    }
    return all.flip();
  }

  /**
   * Values of a float format, widened.
   *
   * @param from index of the first
   */
  void floats(TensorProto tensor, long from, float[] to, int count) {
    int each = bits(tensor) / 8;
    ByteBuffer bytes = bytes(tensor, from * each, Math.multiplyExact(count, each));
    DataType type = DataType.forNumber(tensor.getDataType());
    for (int i = 0; i < count; i++) {
      to[i] =
          switch (type) {
            case FLOAT -> bytes.getFloat();
            case FLOAT16 -> DType.halfToFloat(bytes.getShort());
            case BFLOAT16 -> Float.intBitsToFloat(bytes.getShort() << 16);
            default -> throw new IllegalArgumentException(tensor.getName() + ": " + type);
          };
    }
  }

  @Override
  public void close() {
    try {
      for (FileChannel channel : channels.values()) {
        channel.close();
      }
    } catch (IOException e) {
      throw new MachineException(file.path() + ": could not be closed (" + e + ").", e);
    }
  }
}
