package org.unlearn4j.weights;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.MachineException;

/** Writes one safetensors file, tensor by tensor, whole or not at all. */
public final class SafeTensorsWriter {
  private static final int CHUNK = 1 << 20;

  private SafeTensorsWriter() {}

  /**
   * Writes the tensors in the order given.
   *
   * @param values float32 values of a tensor, asked for one tensor at a time; each buffer is read
   *     from its position
   * @param metadata goes under {@code __metadata__}
   * @throws MachineException if the disk refuses; nothing is left behind then
   */
  public static void write(
      Path file,
      List<TensorInfo> tensors,
      Function<TensorInfo, FloatBuffer> values,
      Map<String, String> metadata) {
    write(file, tensors, (t, pieces) -> pieces.accept(values.apply(t)), metadata);
  }

  /**
   * The same with values that come in pieces, so that no tensor need be in memory as a whole.
   *
   * @throws MachineException if the disk refuses, or a finite value would become infinite in its
   *     format; nothing is left behind then
   */
  public static void write(
      Path file, List<TensorInfo> tensors, TensorValues values, Map<String, String> metadata) {
    byte[] header = header(tensors, metadata);
    AtomicFiles.writeFile(
        file,
        part -> {
          try (FileChannel channel =
              FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            writeAll(channel, length.putLong(0, header.length));
            writeAll(channel, ByteBuffer.wrap(header));
            ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
            for (TensorInfo tensor : tensors) {
              writeTensor(channel, tensor, values, chunk);
            }
            channel.force(false);
          }
        });
  }

  private static byte[] header(List<TensorInfo> tensors, Map<String, String> metadata) {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode();
    if (!metadata.isEmpty()) {
      root.putPOJO("__metadata__", metadata);
    }
    long offset = 0;
    for (TensorInfo t : tensors) {
      ObjectNode node = root.putObject(t.name()).put("dtype", t.dtype().code());
      node.putPOJO("shape", t.shape());
      long end = offset + t.size() * t.dtype().bytes();
      node.putArray("data_offsets").add(offset).add(end);
      offset = end;
    }
    try {
      String json = mapper.writeValueAsString(root);
      // Padding to eight bytes keeps every float32 tensor aligned for readers that map the file.
      int padding = (8 - json.getBytes(StandardCharsets.UTF_8).length % 8) % 8;
      return (json + " ".repeat(padding)).getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void writeTensor(
      FileChannel channel, TensorInfo tensor, TensorValues values, ByteBuffer chunk)
      throws IOException {
    long end = channel.position() + tensor.size() * tensor.dtype().bytes();
    try {
      values.forEach(tensor, piece -> writePiece(channel, tensor, piece, end, chunk));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    if (channel.position() != end) {
      throw new IllegalArgumentException(tensor.name() + ": too few values for " + tensor.shape());
    }
  }

  private static void writePiece(
      FileChannel channel, TensorInfo tensor, FloatBuffer values, long end, ByteBuffer chunk) {
    int perChunk = chunk.capacity() / tensor.dtype().bytes();
    try {
      if (channel.position() + (long) values.remaining() * tensor.dtype().bytes() > end) {
        throw new IllegalArgumentException(
            tensor.name() + ": too many values for " + tensor.shape());
      }
      while (values.hasRemaining()) {
        FloatBuffer part = values.slice(values.position(), Math.min(perChunk, values.remaining()));
        values.position(values.position() + part.remaining());
        chunk.clear();
        tensor.dtype().encode(part, chunk);
        writeAll(channel, chunk.flip());
      }
    } catch (ArithmeticException e) {
      throw new MachineException(
          "Tensor "
              + tensor.name()
              + ": found "
              + e.getMessage()
              + ", expected a weight that the checkpoint's number format holds (float32 holds it).",
          e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      int ignored = channel.write(bytes);
    }
  }
}
