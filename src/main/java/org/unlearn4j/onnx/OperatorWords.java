package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.List;
import java.util.Map;
import org.unlearn4j.nn.Attention;
import org.unlearn4j.nn.Rotary;

/** One operator a word, as opset {@value GraphForm#LATEST} has them. */
record OperatorWords(GraphBuilder g) implements Words {

  @Override
  public Value rmsNorm(String label, Value x, Value gain, double epsilon) {
    Map<String, ?> attributes = Map.of("axis", -1L, "epsilon", (float) epsilon);
    return g.node(Op.RMS_NORMALIZATION, label, attributes, x.shape(), x, gain);
  }

  @Override
  public Value gelu(Value x, boolean tanh) {
    Map<String, ?> attributes = Map.of("approximate", tanh ? "tanh" : "none");
    return g.node(Op.GELU, "", attributes, x.shape(), x);
  }

  @Override
  public Value rotary(Value x, int heads, Rotary rotary, List<Value> tables, Value positions) {
    Map<String, ?> attributes =
        Map.of(
            "num_heads",
            (long) heads,
            "interleaved",
            0L,
            "rotary_embedding_dim",
            rotary.rotated() == rotary.headDim() ? 0L : (long) rotary.rotated());
    return g.node(
        Op.ROTARY_EMBEDDING, "", attributes, x.shape(), x, tables.get(0), tables.get(1), positions);
  }

  /**
   * The operator, but not for soft-capped scores: it has an attribute for them, but not one
   * meaning. The specification of opset 23 capped after the mask, which gives blocked positions a
   * finite score, and was corrected later (onnx/onnx issue 7865), so runtimes differ. It knows no
   * sinks.
   */
  @Override
  public Value attention(
      Attention a, List<Value> qkv, Value mask, List<Value> past, List<Value> present) {
    if (a.softcap().isPresent() || a.sinks().isPresent()) {
      return new SpelledOutAttention(g, a).emit(qkv, mask, past, present);
    }
    Map<String, ?> attributes =
        Map.of(
            "q_num_heads",
            (long) a.heads(),
            "kv_num_heads",
            (long) a.kvHeads(),
            "scale",
            (float) a.scale());
    Value queries = qkv.get(0);
    Value out = new Value(g.outputName(Op.ATTENTION, "", 0), DataType.FLOAT, queries.shape());
    g.node(
        Op.ATTENTION,
        "",
        attributes,
        List.of(queries, qkv.get(1), qkv.get(2), mask, past.get(0), past.get(1)),
        List.of(out, present.get(0), present.get(1)));
    return out;
  }
}
