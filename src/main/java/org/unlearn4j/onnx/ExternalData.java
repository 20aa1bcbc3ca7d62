package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.unlearn4j.base.Hashes;

/**
 * The files beside a model that hold its tensors: {@code <file>.onnx_data}, and where one file
 * would be larger than a limit, {@code <file>.onnx_data_1} and so on, as transformers.js names
 * them. A tensor is never cut in two, so that one larger than the limit has a file of its own.
 */
final class ExternalData implements AutoCloseable {
  /** Tensors begin at multiples of this, so that a reader can map each one by itself. */
  static final int ALIGNMENT = 4096;

  private final Path onnx;
  private final long limit;
  private final Map<String, String> digests = new LinkedHashMap<>();
  private MessageDigest digest;
  private FileChannel channel;
  private Path file;

  ExternalData(Path onnx, long limit) {
    this.onnx = onnx;
    this.limit = limit;
  }

  /** Begins a tensor, whose bytes are appended next; its declaration, place included. */
  TensorProto.Builder begin(Initializer i) throws IOException {
    if (channel == null || (aligned() > 0 && aligned() + i.bytes() > limit)) {
      open();
    }
    append(ByteBuffer.allocate((int) (aligned() - channel.position())));
    TensorProto.Builder tensor = i.declaration().setDataLocation(TensorProto.DataLocation.EXTERNAL);
    entry(tensor, "location", file.getFileName().toString());
    entry(tensor, "offset", Long.toString(channel.position()));
    entry(tensor, "length", Long.toString(i.bytes()));
    return tensor;
  }

  private long aligned() throws IOException {
    return (channel.position() + ALIGNMENT - 1) & -ALIGNMENT;
  }

  void append(ByteBuffer bytes) throws IOException {
    digest.update(bytes.duplicate());
    while (bytes.hasRemaining()) {
      int ignored = channel.write(bytes);
    }
  }

  /** Ends writing; the SHA-256 of each file, by its name. */
  Map<String, String> finish() throws IOException {
    close();
    return digests;
  }

  private void open() throws IOException {
    close();
    String suffix = digests.isEmpty() ? "" : "_" + digests.size();
    file = onnx.resolveSibling(onnx.getFileName() + "_data" + suffix);
    digest = Hashes.digest();
    channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  private static void entry(TensorProto.Builder tensor, String key, String value) {
    tensor.addExternalDataBuilder().setKey(key).setValue(value);
  }

  @Override
  public void close() throws IOException {
    if (channel != null) {
      channel.close();
      channel = null;
      digests.put(file.getFileName().toString(), HexFormat.of().formatHex(digest.digest()));
    }
  }
}
