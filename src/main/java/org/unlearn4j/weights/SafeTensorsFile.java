package org.unlearn4j.weights;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;

/**
 * One safetensors file: eight bytes of header length, a JSON header, then the tensors. Values are
 * read piece by piece where they are asked for, so that neither a file nor a tensor is bounded by
 * the 2 GB that a Java buffer can address.
 */
final class SafeTensorsFile implements AutoCloseable {
  /** The format's own limit; a larger length means that this is no safetensors file. */
  private static final long MAX_HEADER = 100_000_000;

  /** Values read at a time. */
  private static final int PIECE = 1 << 16;

  /** Of two tensors of one name one would be lost without a word. */
  private static final ObjectMapper HEADER =
      new ObjectMapper().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

  record Entry(TensorInfo info, long begin, long end) {}

  private final Path path;
  private final FileChannel channel;
  private final long dataStart;
  private final Set<DType> formats;
  private final Map<String, Entry> tensors = new LinkedHashMap<>();
  private final Map<String, String> others = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  private SafeTensorsFile(Path path, FileChannel channel, long dataStart, Set<DType> formats) {
    this.formats = formats;
    this.path = path;
    this.channel = channel;
    this.dataStart = dataStart;
  }

  /** A file of weights. */
  static SafeTensorsFile open(Path path) {
    return open(path, DType.OF_WEIGHTS);
  }

  /**
   * Opens a file.
   *
   * @param formats of the tensors that are wanted; those in any other are {@link #others}
   */
  static SafeTensorsFile open(Path path, Set<DType> formats) {
    if (!Files.isRegularFile(path)) {
      throw UserException.at(path, "", "no such file", "a safetensors file");
    }
    FileChannel channel = null;
    try {
      channel = FileChannel.open(path, StandardOpenOption.READ);
      JsonNode header = header(path, channel);
      SafeTensorsFile file =
          new SafeTensorsFile(path, channel, 8 + headerLength(path, channel), formats);
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
      header = HEADER.readTree(json.array());
    } catch (IOException e) {
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw UserException.at(
          path,
          "header",
          "invalid JSON (" + reason + ")",
          "the JSON header of a safetensors file",
          e);
    }
    if (header == null || !header.isObject()) {
      throw UserException.at(
          path, "header", "no JSON object", "the JSON header of a safetensors file");
    }
    return header;
  }

  private void parse(JsonNode header, long fileSize) {
    List<Span> spans = new ArrayList<>();
    for (Map.Entry<String, JsonNode> e : header.properties()) {
      String dtype = e.getValue().path("dtype").asText();
      if (e.getKey().equals("__metadata__")) {
        e.getValue().properties().forEach(m -> metadata.put(m.getKey(), m.getValue().asText()));
      } else if (!dtype.isEmpty() && DType.of(dtype, formats(e.getKey())).isEmpty()) {
        others.put(e.getKey(), dtype);
        spans.add(span(e.getKey(), e.getValue(), fileSize));
      } else {
        tensors.put(e.getKey(), entry(e.getKey(), e.getValue()));
        spans.add(span(e.getKey(), e.getValue(), fileSize));
      }
    }
    requireApart(spans);
  }

  /** A tensor's place among the data. */
  private record Span(String name, long begin, long end) {}

  private Span span(String name, JsonNode node, long fileSize) {
    JsonNode offsets = node.path("data_offsets");
    long begin = offset(offsets.path(0));
    long end = offset(offsets.path(1));
    if (offsets.size() != 2 || begin < 0 || end < begin) {
      throw UserException.at(
          path, "tensor " + name, "data_offsets " + offsets, "where it begins and ends");
    }
    if (end > fileSize - dataStart) {
      throw UserException.at(
          path,
          "tensor " + name,
          "a file of " + fileSize + " bytes (truncated)",
          "at least " + Long.toUnsignedString(dataStart + end) + " bytes");
    }
    return new Span(name, begin, end);
  }

  private static long offset(JsonNode node) {
    return node.isIntegralNumber() && node.canConvertToLong() ? node.longValue() : -1;
  }

  /** Where two tensors overlap, changing one changes the other. */
  private void requireApart(List<Span> spans) {
    spans.sort(Comparator.comparingLong(Span::begin).thenComparingLong(Span::end));
    long end = 0;
    for (Span s : spans) {
      if (s.begin < end) {
        throw UserException.at(
            path,
            "tensor " + s.name,
            "data_offsets from " + s.begin + ", within another tensor",
            "at least " + end + ", where that ends");
      }
      end = s.end;
    }
  }

  /** Codes of experts are read wherever weights are. */
  private Set<DType> formats(String name) {
    return ExpertPart.codes(name) ? DType.OF_STATE : formats;
  }

  private Entry entry(String name, JsonNode node) {
    String place = "tensor " + name;
    DType dtype =
        DType.of(node.path("dtype").asText(), formats(name))
            .orElseThrow(() -> UserException.at(path, place, "no dtype", DType.known()));
    TensorInfo info = new TensorInfo(name, dtype, shape(place, node.path("shape")));
    long begin = offset(node.path("data_offsets").path(0));
    long end = offset(node.path("data_offsets").path(1));
    long wanted = info.size() * dtype.bytes();
    if (begin < 0 || end < begin || end - begin != wanted) {
      throw UserException.at(
          path,
          place,
          "data_offsets " + node.path("data_offsets"),
          wanted + " bytes for shape " + info.shape() + " of " + dtype.code());
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

  /** Tensors in number formats that are not wanted, masks for instance, and their formats. */
  Map<String, String> others() {
    return others;
  }

  /** Fills {@code to} with values of a tensor, flattened, from index {@code from} on. */
  void read(String name, long from, FloatBuffer to) {
    Entry e = tensors.get(name);
    DType dtype = e.info().dtype();
    if (from < 0 || from + to.remaining() > e.info().size()) {
      throw new IndexOutOfBoundsException(
          name + ": values " + from + " and " + to.remaining() + " on of " + e.info().size());
    }
    long at = dataStart + e.begin() + from * dtype.bytes();
    ByteBuffer piece = ByteBuffer.allocate(Math.min(to.remaining(), PIECE) * dtype.bytes());
    while (to.hasRemaining()) {
      piece.clear().limit(Math.min(to.remaining(), PIECE) * dtype.bytes());
      fill(piece, at);
      at += piece.limit();
      dtype.decode(piece.flip().order(ByteOrder.LITTLE_ENDIAN), to);
    }
  }

  private void fill(ByteBuffer bytes, long at) {
    try {
      int start = bytes.position();
      while (bytes.hasRemaining()) {
        if (channel.read(bytes, at + bytes.position() - start) < 0) {
          throw new IOException("the file has become shorter");
        }
      }
    } catch (IOException e) {
      throw new MachineException(path + ": could not be read (" + e.getMessage() + ").", e);
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
