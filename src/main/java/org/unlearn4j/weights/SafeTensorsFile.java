package org.unlearn4j.weights;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.UserException;

/**
 * One safetensors file: eight bytes of header length, a JSON header, then the tensors. Each tensor
 * is mapped when it is asked for, so a file may be larger than the 2 GB a Java buffer can address;
 * a tensor may not.
 */
final class SafeTensorsFile implements AutoCloseable {
  /** The format's own limit; a larger length means that this is no safetensors file. */
  private static final long MAX_HEADER = 100_000_000;

  record Entry(TensorInfo info, long begin, long end) {}

  private final Path path;
  private final FileChannel channel;
  private final long dataStart;
  private final Map<String, Entry> tensors = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  private SafeTensorsFile(Path path, FileChannel channel, long dataStart) {
    this.path = path;
    this.channel = channel;
    this.dataStart = dataStart;
  }

  static SafeTensorsFile open(Path path) {
    if (!Files.isRegularFile(path)) {
      throw UserException.at(path, "", "no such file", "a safetensors file");
    }
    FileChannel channel = null;
    try {
      channel = FileChannel.open(path, StandardOpenOption.READ);
      JsonNode header = header(path, channel);
      SafeTensorsFile file = new SafeTensorsFile(path, channel, 8 + headerLength(path, channel));
      file.parse(header, channel.size());
      return file;
    } catch (IOException e) {
      closeQuietly(channel);
      throw new UserException(path + ": could not be read (" + e.getMessage() + ").", e);
    } catch (RuntimeException e) {
      closeQuietly(channel);
      throw e;
    }
  }

  private static long headerLength(Path path, FileChannel channel) throws IOException {
    ByteBuffer first = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    if (channel.read(first, 0) < 8) {
      throw UserException.at(path, "", channel.size() + " bytes", "a safetensors header");
    }
    long length = first.getLong(0);
    if (length < 2 || length > MAX_HEADER) {
      throw UserException.at(
          path, "byte 0", "a header length of " + length, "a safetensors file, 2 to " + MAX_HEADER);
    }
    if (8 + length > channel.size()) {
      throw UserException.at(
          path,
          "",
          channel.size() + " bytes (truncated)",
          "at least the " + (8 + length) + " of the header");
    }
    return length;
  }

  private static JsonNode header(Path path, FileChannel channel) throws IOException {
    ByteBuffer json = ByteBuffer.allocate((int) headerLength(path, channel));
    while (json.hasRemaining() && channel.read(json, 8 + json.position()) >= 0) {
      // a channel may give less than was asked for
    }
    JsonNode header;
    try {
      header = new ObjectMapper().readTree(json.array());
    } catch (IOException e) {
      throw UserException.at(
          path, "header", "invalid JSON", "the JSON header of a safetensors file");
    }
    if (header == null || !header.isObject()) {
      throw UserException.at(
          path, "header", "no JSON object", "the JSON header of a safetensors file");
    }
    return header;
  }

  private void parse(JsonNode header, long fileSize) {
    for (Map.Entry<String, JsonNode> e : header.properties()) {
      if (!e.getKey().equals("__metadata__")) {
        tensors.put(e.getKey(), entry(e.getKey(), e.getValue(), fileSize));
      } else {
        e.getValue().properties().forEach(m -> metadata.put(m.getKey(), m.getValue().asText()));
      }
    }
  }

  private Entry entry(String name, JsonNode node, long fileSize) {
    String place = "tensor " + name;
    DType dtype = null;
    for (DType d : DType.values()) {
      dtype = d.code().equals(node.path("dtype").asText()) ? d : dtype;
    }
    if (dtype == null) {
      throw UserException.at(path, place, "dtype " + node.path("dtype"), "F32, F16 or BF16");
    }
    TensorInfo info = new TensorInfo(name, dtype, shape(place, node.path("shape")));
    long begin = node.path("data_offsets").path(0).asLong(-1);
    long end = node.path("data_offsets").path(1).asLong(-1);
    long wanted = info.size() * dtype.bytes();
    if (begin < 0 || end < begin || end - begin != wanted) {
      throw UserException.at(
          path,
          place,
          "data_offsets " + node.path("data_offsets"),
          wanted + " bytes for shape " + info.shape() + " of " + dtype.code());
    }
    if (end > fileSize - dataStart) {
      throw UserException.at(
          path,
          place,
          "a file of " + fileSize + " bytes (truncated)",
          "at least " + (dataStart + end) + " bytes");
    }
    return new Entry(info, begin, end);
  }

  private List<Integer> shape(String place, JsonNode node) {
    List<Integer> shape = new ArrayList<>();
    double values = 1;
    for (JsonNode d : node) {
      shape.add(d.isInt() && d.intValue() >= 0 ? d.intValue() : -1);
      values *= shape.get(shape.size() - 1);
    }
    // No file has 2^60 bytes; beyond, sizes would wrap around and seem to fit.
    if (!node.isArray() || shape.contains(-1) || values > 0x1p60) {
      throw UserException.at(
          path, place, "shape " + node, "an array of sizes, none of them negative");
    }
    return shape;
  }

  Path path() {
    return path;
  }

  Map<String, String> metadata() {
    return metadata;
  }

  Map<String, Entry> tensors() {
    return tensors;
  }

  ByteBuffer bytes(String name) {
    Entry e = tensors.get(name);
    long length = e.end() - e.begin();
    if (length > Integer.MAX_VALUE) {
      throw UserException.at(
          path,
          "tensor " + name,
          length + " bytes",
          "at most " + Integer.MAX_VALUE + ", what one buffer of Java can address");
    }
    try {
      return channel
          .map(FileChannel.MapMode.READ_ONLY, dataStart + e.begin(), length)
          .order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException x) {
      throw new UncheckedIOException(path + ", tensor " + name, x);
    }
  }

  @Override
  public void close() {
    closeQuietly(channel);
  }

  private static void closeQuietly(FileChannel channel) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
