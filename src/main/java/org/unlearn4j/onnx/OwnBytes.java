package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.OwnHead;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.Variant;

/**
 * The large constants of a file that this program has written (weights, codes, scales, tables),
 * against what it writes for the same weights now, bit for bit.
 */
final class OwnBytes {
  private OwnBytes() {}

  /**
   * How many values differ, by the name of the constant; one that is not there counts as a whole.
   * Empty for a file that another program has written, or written anew.
   */
  static Optional<Map<String, Long>> differing(
      OnnxFile file, TensorReader reader, SafeTensors weights, OwnHead model) {
    String label = file.metadata().getOrDefault(Provenance.VARIANT, "");
    int opset = opset(file);
    if (!file.model().getProducerName().equals(DecoderGraph.PRODUCER)
        || !Variant.labels().contains(label)
        || !GraphForm.OPSETS.contains(opset)) {
      return Optional.empty();
    }
    boolean tables =
        file.model().getGraph().getNodeList().stream()
            .map(NodeProto::getOpType)
            .anyMatch(Op.GATHER_BLOCK_QUANTIZED.type()::equals);
    Variant variant = Variant.named(label);
    String changes = file.metadata().getOrDefault(Provenance.CHOICES, "");
    GraphChoices choices = GraphChoices.read(variant, changes, Provenance.CHOICES);
    GraphForm form = new GraphForm(variant, opset, tables, choices);
    DecoderGraph ours = DecoderGraph.of(decoder(model), form);
    SourceWeights source = new SourceWeights(weights, ours.initializers());
    Map<String, TensorProto> found = new HashMap<>();
    file.model().getGraph().getInitializerList().forEach(t -> found.put(t.getName(), t));
    if (ours.initializers().stream().noneMatch(i -> found.containsKey(i.name()))) {
      return Optional.empty(); // another program has written it anew
    }
    Map<String, Long> differing = new LinkedHashMap<>();
    for (Initializer i : ours.initializers()) {
      try {
        long n = differing(i, found.get(i.name()), source, reader);
        if (n > 0) {
          differing.put(i.name(), n);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return Optional.of(differing);
  }

  /** As the checkpoint has it: a tied head is no constant of its own. */
  private static Decoder decoder(OwnHead model) {
    ModelConfig config = model.decoder().config();
    return model.tied()
        ? Decoder.of(ModelConfig.of(config.json().deepCopy().put("tie_word_embeddings", true)))
        : model.decoder();
  }

  private static int opset(OnnxFile file) {
    return file.model().getOpsetImportList().stream()
        .filter(o -> o.getDomain().isEmpty())
        .mapToInt(o -> (int) o.getVersion())
        .findFirst()
        .orElse(0);
  }

  private static long differing(
      Initializer i, TensorProto found, SourceWeights source, TensorReader reader)
      throws IOException {
    boolean same = found != null && found.getDimsList().equals(i.dims());
    same &= found != null && found.getDataType() == i.type().getNumber();
    int each = Math.toIntExact(i.bytes() / Math.max(1, i.size()));
    long[] at = {0};
    long[] differing = {same ? 0 : i.size()};
    boolean compare = same;
    source.bytes(
        i,
        piece -> {
          int n = piece.remaining();
          if (compare) {
            ByteBuffer theirs = reader.bytes(found, at[0], n);
            ByteBuffer ours = piece.slice();
            if (ours.mismatch(theirs) >= 0) {
              differing[0] += values(ours, theirs, n, each);
            }
          }
          at[0] += n;
        });
    return differing[0];
  }

  private static long values(ByteBuffer ours, ByteBuffer theirs, int n, int each) {
    long differing = 0;
    for (int v = 0; v < n; v += each) {
      boolean same = true;
      for (int b = v; b < v + each; b++) {
        same &= ours.get(b) == theirs.get(b);
      }
      differing += same ? 0 : 1;
    }
    return differing;
  }
}
