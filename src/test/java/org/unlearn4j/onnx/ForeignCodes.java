package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Exported float32 graphs whose linear maps another program has quantised in its own way. */
final class ForeignCodes {
  /** A way in which other programs write a product with codes. */
  enum Form {
    /** MatMulNBits, 4 bits, blocks of 16 inputs, a zero point a block, rounded to integers. */
    NBITS_4,
    /** The same with 8 bits. */
    NBITS_8,
    /** DequantizeLinear of unsigned bytes {@code [in, out]}, a scale and zero point an output. */
    QDQ,
    /** DequantizeLinear of int4 {@code [in, out]} in blocks of 16 inputs. */
    BLOCKED,
    /** DynamicQuantizeLinear and MatMulInteger, one scale a matrix. */
    INTEGER,
    /** float32 matrices {@code [in, out]} of MatMul. */
    TURNED
  }

  private static final int BLOCK = 16;

  private final GraphProto.Builder graph;
  private final Form form;
  private final List<NodeProto> nodes = new ArrayList<>();
  private int count;

  private ForeignCodes(GraphProto.Builder graph, Form form) {
    this.graph = graph;
    this.form = form;
  }

  /** Rewrites every product with a matrix that is no bias' neighbour. */
  static void write(GraphProto.Builder graph, Form form) {
    new ForeignCodes(graph, form).all();
  }

  private void all() {
    Set<String> gone = new HashSet<>();
    for (NodeProto n : List.copyOf(graph.getNodeList())) {
      TensorProto w = n.getOpType().equals("Gemm") ? matrix(n.getInput(1)) : null;
      if (w == null || n.getInputCount() > 2) {
        nodes.add(n);
        continue;
      }
      int out = (int) w.getDims(0);
      int in = (int) w.getDims(1);
      float[] values = new float[out * in];
      floats(w).get(values);
      product(n, values, out, in);
      boolean table =
          graph.getNodeList().stream()
              .anyMatch(o -> o.getOpType().equals("Gather") && o.getInput(0).equals(w.getName()));
      if (!table) {
        gone.add(w.getName());
      }
    }
    graph.clearNode().addAllNode(nodes);
    List<TensorProto> kept =
        graph.getInitializerList().stream().filter(t -> !gone.contains(t.getName())).toList();
    graph.clearInitializer().addAllInitializer(kept);
  }

  private TensorProto matrix(String name) {
    return graph.getInitializerList().stream()
        .filter(t -> t.getName().equals(name) && t.getDimsCount() == 2)
        .findFirst()
        .orElse(null);
  }

  private static FloatBuffer floats(TensorProto t) {
    return t.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
  }

  private void product(NodeProto n, float[] w, int out, int in) {
    String x = n.getInput(0);
    String y = n.getOutput(0);
    String id = "onnx::MatMul_" + count++;
    switch (form) {
      case NBITS_4, NBITS_8 -> blocks(id, x, y, w, out, in, form == Form.NBITS_4 ? 4 : 8);
      case QDQ -> {
        perOutput(id, w, out, in);
        node(
            "DequantizeLinear",
            List.of(id + "_q", id + "_s", id + "_z"),
            id + "_w",
            Map.of("axis", 1));
        node("MatMul", List.of(x, id + "_w"), y, Map.of());
      }
      case BLOCKED -> {
        signedBlocks(id, w, out, in);
        node(
            "DequantizeLinear",
            List.of(id + "_q", id + "_s"),
            id + "_w",
            Map.of("axis", 0, "block_size", BLOCK));
        node("MatMul", List.of(x, id + "_w"), y, Map.of());
      }
      case INTEGER -> integers(id, x, y, w, out, in);
      case TURNED -> {
        ByteBuffer turned = bytes(4 * w.length);
        for (int k = 0; k < in; k++) {
          for (int r = 0; r < out; r++) {
            turned.putFloat(w[r * in + k]);
          }
        }
        add(id, DataType.FLOAT, turned, in, out);
        node("MatMul", List.of(x, id), y, Map.of());
      }
    }
  }

  /** Scale and zero point of values between two others, zero among them. */
  private record Range(float scale, int zero, int most) {
    static Range of(float[] w, int from, int stride, int n, int bits) {
      float low = 0;
      float high = 0;
      for (int i = 0; i < n; i++) {
        low = Math.min(low, w[from + i * stride]);
        high = Math.max(high, w[from + i * stride]);
      }
      int most = (1 << bits) - 1;
      float scale = high == low ? 1 : (high - low) / most;
      return new Range(scale, Math.round(-low / scale), most);
    }

    int code(float w) {
      return Math.max(0, Math.min(most, (int) Math.rint(w / scale) + zero));
    }
  }

  private void blocks(String id, String x, String y, float[] w, int out, int in, int bits) {
    int each = (in + BLOCK - 1) / BLOCK;
    ByteBuffer codes = bytes(out * each * BLOCK * bits / 8);
    ByteBuffer scales = bytes(4 * out * each);
    ByteBuffer zeros = bytes(out * ((each * bits + 7) / 8));
    for (int r = 0; r < out; r++) {
      for (int b = 0; b < each; b++) {
        int n = Math.min(BLOCK, in - b * BLOCK);
        Range range = Range.of(w, r * in + b * BLOCK, 1, n, bits);
        scales.putFloat(range.scale());
        put(zeros, r * ((each * bits + 7) / 8) * 8 + b * bits, range.zero());
        for (int i = 0; i < n; i++) {
          int at = ((r * each + b) * BLOCK + i) * bits;
          put(codes, at, range.code(w[r * in + b * BLOCK + i]));
        }
      }
    }
    add(id + "_q", DataType.UINT8, codes, out, each, BLOCK * bits / 8);
    add(id + "_s", DataType.FLOAT, scales, (long) out * each);
    add(id + "_z", DataType.UINT8, zeros, zeros.capacity());
    node(
        "MatMulNBits",
        List.of(x, id + "_q", id + "_s", id + "_z"),
        y,
        Map.of("K", in, "N", out, "bits", bits, "block_size", BLOCK, "accuracy_level", 1));
  }

  private static void put(ByteBuffer packed, int bit, int code) {
    packed.put(bit / 8, (byte) (packed.get(bit / 8) | code << bit % 8));
  }

  private void perOutput(String id, float[] w, int out, int in) {
    ByteBuffer codes = bytes(out * in);
    ByteBuffer scales = bytes(4 * out);
    ByteBuffer zeros = bytes(out);
    for (int r = 0; r < out; r++) {
      Range range = Range.of(w, r * in, 1, in, 8);
      scales.putFloat(range.scale());
      zeros.put((byte) range.zero());
      for (int k = 0; k < in; k++) {
        codes.put(k * out + r, (byte) range.code(w[r * in + k]));
      }
    }
    add(id + "_q", DataType.UINT8, codes, in, out);
    add(id + "_s", DataType.FLOAT, scales, out);
    add(id + "_z", DataType.UINT8, zeros, out);
  }

  private void signedBlocks(String id, float[] w, int out, int in) {
    int each = (in + BLOCK - 1) / BLOCK;
    ByteBuffer codes = bytes((out * in + 1) / 2);
    ByteBuffer scales = bytes(4 * out * each);
    for (int r = 0; r < out; r++) {
      for (int b = 0; b < each; b++) {
        float most = 0;
        for (int k = b * BLOCK; k < Math.min(in, (b + 1) * BLOCK); k++) {
          most = Math.max(most, Math.abs(w[r * in + k]));
        }
        float scale = most / 7;
        scales.putFloat(4 * (b * out + r), scale);
        for (int k = b * BLOCK; k < Math.min(in, (b + 1) * BLOCK); k++) {
          put(codes, 4 * (k * out + r), (int) Math.rint(w[r * in + k] / scale) & 15);
        }
      }
    }
    add(id + "_q", DataType.INT4, codes, in, out);
    add(id + "_s", DataType.FLOAT, scales, each, out);
  }

  private void integers(String id, String x, String y, float[] w, int out, int in) {
    Range range = Range.of(w, 0, 1, w.length, 8);
    ByteBuffer codes = bytes(out * in);
    for (int k = 0; k < in; k++) {
      for (int r = 0; r < out; r++) {
        codes.put((byte) range.code(w[r * in + k]));
      }
    }
    add(id + "_q", DataType.UINT8, codes, in, out);
    add(id + "_s", DataType.FLOAT, bytes(4).putFloat(range.scale()), 1);
    add(id + "_z", DataType.UINT8, bytes(1).put((byte) range.zero()));
    nodes.add(
        NodeProto.newBuilder()
            .setOpType("DynamicQuantizeLinear")
            .setName(id + "_dq")
            .addInput(x)
            .addAllOutput(List.of(id + "_xq", id + "_xs", id + "_xz"))
            .build());
    node("Mul", List.of(id + "_xs", id + "_s"), id + "_both", Map.of());
    node(
        "MatMulInteger",
        List.of(id + "_xq", id + "_q", id + "_xz", id + "_z"),
        id + "_i",
        Map.of());
    node("Cast", List.of(id + "_i"), id + "_f", Map.of("to", DataType.FLOAT.getNumber()));
    node("Mul", List.of(id + "_f", id + "_both"), y, Map.of());
  }

  private static ByteBuffer bytes(int n) {
    return ByteBuffer.allocate(n).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void add(String name, DataType type, ByteBuffer bytes, long... dims) {
    TensorProto.Builder t = TensorProto.newBuilder().setName(name).setDataType(type.getNumber());
    for (long d : dims) {
      t.addDims(d);
    }
    graph.addInitializer(t.setRawData(ByteString.copyFrom(bytes.rewind())));
  }

  private void node(
      String type, List<String> inputs, String output, Map<String, Integer> attributes) {
    NodeProto.Builder n =
        NodeProto.newBuilder()
            .setOpType(type)
            .setName(output + "/" + type)
            .setDomain(type.equals("MatMulNBits") ? "com.microsoft" : "")
            .addAllInput(inputs)
            .addOutput(output);
    attributes.forEach(
        (name, value) ->
            n.addAttribute(
                AttributeProto.newBuilder()
                    .setName(name)
                    .setType(AttributeProto.AttributeType.INT)
                    .setI(value)));
    nodes.add(n.build());
  }
}
