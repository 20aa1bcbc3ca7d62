package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Ways in which an exported file of the Llama fixture can be wrong: a weight or a setting that was
 * another one when it was exported, or a file that was changed.
 *
 * @param weights changes the checkpoint's tensors before the export
 * @param config changes its configuration
 * @param file changes the exported graph; says whether there was anything of that kind in it
 * @param inWeights whether what is wrong is a weight, code or scale, and not the graph
 */
record Mistake(
    String name,
    Optional<Consumer<Map<String, float[]>>> weights,
    Optional<Consumer<ObjectNode>> config,
    Optional<Edit> file,
    boolean inWeights) {

  /** A change of a graph; false where it has nothing to change. */
  @FunctionalInterface
  interface Edit {
    boolean apply(GraphProto.Builder graph);
  }

  private static final int HIDDEN = 32;
  private static final int FFN = 64;
  private static final int HEAD = 8;

  static String tensor(int layer, String module) {
    return "model.layers." + layer + "." + module + ".weight";
  }

  @Override
  public String toString() {
    return name;
  }

  static Mistake weight(String name, Consumer<Map<String, float[]>> change) {
    return new Mistake(name, Optional.of(change), Optional.empty(), Optional.empty(), true);
  }

  static Mistake setting(String name, Consumer<ObjectNode> change) {
    return new Mistake(name, Optional.empty(), Optional.of(change), Optional.empty(), false);
  }

  static Mistake graph(String name, Edit change) {
    return new Mistake(name, Optional.empty(), Optional.empty(), Optional.of(change), false);
  }

  private static Mistake stored(String name, Edit change) {
    return new Mistake(name, Optional.empty(), Optional.empty(), Optional.of(change), true);
  }

  static Stream<Mistake> all() {
    return Stream.of(wrongWeights(), wrongSettings(), wrongFiles()).flatMap(List::stream);
  }

  /** What a file with zero points may have wrong besides. */
  static Mistake ofZeroPoints() {
    return stored("a zero point off by one", g -> bit(g, "up_proj.weight.zeros", 1, 0));
  }

  private static List<Mistake> wrongWeights() {
    String q1 = tensor(1, "self_attn.q_proj");
    String up = tensor(1, "mlp.up_proj");
    String embed = "model.embed_tokens.weight";
    String head = "lm_head.weight";
    return List.of(
        weight("gate and up exchanged", w -> exchange(w, tensor(1, "mlp.gate_proj"), up)),
        weight("a square query matrix transposed", w -> transpose(w.get(q1), HIDDEN)),
        weight(
            "the keys of one head negated",
            w -> scale(w.get(tensor(0, "self_attn.k_proj")), 0, HEAD * HIDDEN, -1)),
        weight(
            "the norms of two layers exchanged",
            w -> exchange(w, tensor(0, "input_layernorm"), tensor(2, "input_layernorm"))),
        weight("two query heads exchanged", w -> rows(w.get(q1), 0, HEAD, HEAD, HIDDEN)),
        weight("two tokens' embeddings exchanged", w -> rows(w.get(embed), 5, 9, 1, HIDDEN)),
        weight("two output rows exchanged", w -> rows(w.get(head), 5, 9, 1, HIDDEN)),
        weight("a block of 32 weights zeroed", w -> scale(w.get(up), HIDDEN, 2 * HIDDEN, 0)),
        weight("one entry of a matrix + 0.02", w -> w.get(up)[17] += 0.02f),
        weight("one norm gain x 1.01", w -> w.get(tensor(1, "input_layernorm"))[3] *= 1.01f),
        weight("the final norm's gain x 1.001", w -> w.get("model.norm.weight")[3] *= 1.001f),
        weight(
            "a rare token's embedding x 1.05",
            w -> scale(w.get(embed), 119 * HIDDEN, 120 * HIDDEN, 1.05f)),
        weight("the head tied to the token table", w -> w.put(head, w.get(embed).clone())),
        weight(
            "two layers' matrices exchanged",
            w -> exchange(w, tensor(0, "mlp.down_proj"), tensor(2, "mlp.down_proj"))));
  }

  private static List<Mistake> wrongSettings() {
    return List.of(
        setting("epsilon 2.0e-3 -> 2.2e-3", c -> c.put("rms_norm_eps", 0.0022)),
        setting(
            "rope base 500 -> 600",
            c -> ((ObjectNode) c.path("rope_parameters")).put("rope_theta", 600.0)),
        setting("SiLU -> GELU", c -> c.put("hidden_act", "gelu")),
        setting(
            "a window of 4",
            c -> c.put("model_type", "mistral").put("sliding_window", 4).remove("attention_bias")));
  }

  private static List<Mistake> wrongFiles() {
    return List.of(
        stored("one code off by one", g -> bit(g, "up_proj.weight.codes", 40, 0)),
        stored("the codes of two bytes exchanged", g -> swapBytes(g, "up_proj.weight.codes")),
        stored("a scale x 1.01", g -> floats(g, "up_proj.weight.scales", 3, 1.01f)),
        stored("a scale's sign", g -> floats(g, "down_proj.weight.scales", 1, -1)),
        stored("the zero point 128 -> 127", Mistake::zeroPoint),
        stored("the last bit of a float16", g -> half(g, "up_proj.weight")),
        stored("a bit of the lookup table", g -> bit(g, "embed_tokens.weight", 402, 6)),
        graph("the mask ignored", g -> edited(g, ForeignFiles::ignoreMask)),
        graph("the attention's scale x 1.01", Mistake::attentionScale),
        graph("a residual branch left out", Mistake::noResidual));
  }

  private static void exchange(Map<String, float[]> w, String a, String b) {
    float[] first = w.get(a);
    w.put(a, w.get(b));
    w.put(b, first);
  }

  private static void transpose(float[] square, int side) {
    float[] was = square.clone();
    for (int i = 0; i < was.length; i++) {
      square[i % side * side + i / side] = was[i];
    }
  }

  private static void scale(float[] values, int from, int to, float by) {
    for (int i = from; i < to; i++) {
      values[i] *= by;
    }
  }

  private static void rows(float[] values, int a, int b, int count, int width) {
    for (int i = 0; i < count * width; i++) {
      float first = values[a * width + i];
      values[a * width + i] = values[b * width + i];
      values[b * width + i] = first;
    }
  }

  private static boolean edited(GraphProto.Builder g, Consumer<GraphProto.Builder> change) {
    change.accept(g);
    return true;
  }

  private static TensorProto.Builder ending(GraphProto.Builder g, String end) {
    return g.getInitializerBuilderList().stream()
        .filter(t -> t.getName().endsWith(end))
        .findFirst()
        .orElse(null);
  }

  private static boolean change(GraphProto.Builder g, String end, Consumer<ByteBuffer> change) {
    TensorProto.Builder tensor = ending(g, end);
    if (tensor == null) {
      return false;
    }
    ByteBuffer bytes =
        ByteBuffer.wrap(tensor.getRawData().toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
    change.accept(bytes);
    tensor.setRawData(ByteString.copyFrom(bytes.rewind()));
    return true;
  }

  private static boolean bit(GraphProto.Builder g, String end, int at, int bit) {
    return change(g, end, b -> b.put(at, (byte) (b.get(at) ^ 1 << bit)));
  }

  private static boolean swapBytes(GraphProto.Builder g, String end) {
    return change(
        g,
        end,
        b -> {
          int other = 11;
          while (b.get(other) == b.get(10)) {
            other++;
          }
          byte first = b.get(10);
          b.put(10, b.get(other)).put(other, first);
        });
  }

  private static boolean floats(GraphProto.Builder g, String end, int index, float by) {
    return change(g, end, b -> b.putFloat(4 * index, b.getFloat(4 * index) * by));
  }

  private static boolean half(GraphProto.Builder g, String end) {
    TensorProto.Builder tensor = ending(g, end);
    boolean is = tensor != null && tensor.getDataType() == TensorProto.DataType.FLOAT16.getNumber();
    return is && bit(g, end, 2 * (FFN + 1), 0);
  }

  /** The one byte that stands for zero beside unsigned codes. */
  private static boolean zeroPoint(GraphProto.Builder g) {
    for (TensorProto.Builder t : g.getInitializerBuilderList()) {
      boolean single = t.getDimsCount() == 0 && t.getRawData().size() <= 1;
      if (single && t.getDataType() == TensorProto.DataType.UINT8.getNumber()) {
        t.clearRawData().clearInt32Data().addInt32Data(127);
        return true;
      }
    }
    return false;
  }

  private static boolean attentionScale(GraphProto.Builder g) {
    for (NodeProto.Builder n : g.getNodeBuilderList()) {
      for (AttributeProto.Builder a : n.getAttributeBuilderList()) {
        if (n.getOpType().equals("Attention") && a.getName().equals("scale")) {
          a.setF(a.getF() * 1.01f);
          return true;
        }
      }
    }
    return false;
  }

  /** The second addition of the stream gives back its first input. */
  private static boolean noResidual(GraphProto.Builder g) {
    int seen = 0;
    for (NodeProto.Builder n : g.getNodeBuilderList()) {
      if (n.getOpType().equals("Add") && n.getName().contains("layers.1") && ++seen == 1) {
        String kept = n.getInput(0);
        n.setOpType("Identity").clearInput().addInput(kept);
        return true;
      }
    }
    return false;
  }
}
