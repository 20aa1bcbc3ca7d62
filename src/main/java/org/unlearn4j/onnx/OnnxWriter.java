package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import com.google.protobuf.ByteString;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.unlearn4j.weights.SafeTensors;

/**
 * Writes a decoder graph and its weights as {@code <file>.onnx} and, beyond a size, {@code
 * <file>.onnx_data}. Weights pass through tensor by tensor: never are they in memory all at once.
 */
final class OnnxWriter {
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

  /** Number of tensors. */
  int tensors() {
    return decoder.initializers().size();
  }

  /** Whether the weights are more than so many bytes, and so go into files of their own. */
  boolean external(long inlineLimit) {
    return decoder.initializers().stream().mapToLong(Initializer::bytes).sum() > inlineLimit;
  }

  /**
   * Writes the model and, if {@code external}, the data beside it.
   *
   * @param dataFileLimit most bytes of a data file
   * @param after runs after each tensor
   * @return how many data files there are
   */
  int write(
      Path file, Map<String, String> metadata, boolean external, long dataFileLimit, Runnable after)
      throws IOException {
    Map<String, String> all = new TreeMap<>(metadata);
    GraphProto.Builder graph = decoder.graph().toBuilder();
    int files = 0;
    if (external) {
      try (ExternalData data = new ExternalData(file, dataFileLimit)) {
        for (Initializer i : decoder.initializers()) {
          graph.addInitializer(data.begin(i));
          weights.bytes(i, data::append);
          after.run();
        }
        Map<String, String> digests = data.finish();
        digests.forEach((name, digest) -> all.put(Provenance.DATA + name, digest));
        files = digests.size();
      }
    } else {
      for (Initializer i : decoder.initializers()) {
        ByteString.Output values = ByteString.newOutput();
        weights.bytes(i, Channels.newChannel(values)::write);
        graph.addInitializer(i.declaration().setRawData(values.toByteString()));
        after.run();
      }
    }
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      decoder.model(graph, all).build().writeTo(out);
    }
    return files;
  }
}
