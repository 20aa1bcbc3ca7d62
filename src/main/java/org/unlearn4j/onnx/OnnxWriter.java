package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.weights.SafeTensors;

/**
 * Writes a decoder graph and its weights as {@code <file>.onnx} and, beyond a size, {@code
 * <file>.onnx_data}. Weights pass through tensor by tensor: never are they in memory all at once.
 */
final class OnnxWriter {
  /** Tensors begin at multiples of this, so that a reader can map each one by itself. */
  static final int ALIGNMENT = 4096;

  private final DecoderGraph decoder;
  private final SourceWeights weights;

  /**
   * Prepares writing.
   *
   * @throws org.unlearn4j.base.UserException if weights are missing or of another shape
   */
  OnnxWriter(DecoderGraph decoder, SafeTensors weights) {
    this.decoder = decoder;
    this.weights = new SourceWeights(weights, decoder.initializers());
  }

  /** Whether the weights are more than so many bytes, and so go into a file of their own. */
  boolean external(long inlineLimit) {
    long values = decoder.initializers().stream().mapToLong(Initializer::size).sum();
    return Float.BYTES * values > inlineLimit;
  }

  /** Writes the model and, if {@code external}, the data beside it. */
  void write(Path file, Map<String, String> metadata, boolean external) throws IOException {
    Map<String, String> all = new TreeMap<>(metadata);
    GraphProto.Builder graph = decoder.graph().toBuilder();
    if (external) {
      all.put(Provenance.DATA, writeData(dataFile(file), graph));
    } else {
      for (Initializer i : decoder.initializers()) {
        ByteString.Output values = ByteString.newOutput();
        weights.float32(i, Channels.newChannel(values)::write);
        graph.addInitializer(i.declaration().setRawData(values.toByteString()));
      }
    }
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      DecoderGraph.model(graph, all).build().writeTo(out);
    }
  }

  /** The file that holds a model's external data. */
  static Path dataFile(Path onnx) {
    return onnx.resolveSibling(onnx.getFileName() + "_data");
  }

  /** Writes the data file, declares its tensors in the graph, returns its SHA-256. */
  private String writeData(Path data, GraphProto.Builder graph) throws IOException {
    MessageDigest digest = Hashes.digest();
    try (FileChannel channel =
        FileChannel.open(data, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (Initializer i : decoder.initializers()) {
        int gap = (int) (-channel.position() & (ALIGNMENT - 1));
        append(channel, digest, ByteBuffer.allocate(gap));
        TensorProto.Builder tensor =
            i.declaration().setDataLocation(TensorProto.DataLocation.EXTERNAL);
        entry(tensor, "location", data.getFileName().toString());
        entry(tensor, "offset", Long.toString(channel.position()));
        entry(tensor, "length", Long.toString(Float.BYTES * i.size()));
        graph.addInitializer(tensor);
        weights.float32(i, piece -> append(channel, digest, piece));
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void entry(TensorProto.Builder tensor, String key, String value) {
    tensor.addExternalDataBuilder().setKey(key).setValue(value);
  }

  private static void append(FileChannel channel, MessageDigest digest, ByteBuffer bytes)
      throws IOException {
    digest.update(bytes.duplicate());
    while (bytes.hasRemaining()) {
      int ignored = channel.write(bytes);
    }
  }
}
