package org.unlearn4j.onnx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.nn.Attention;
import org.unlearn4j.nn.ClampedGate;
import org.unlearn4j.nn.Rotary;

/**
 * Words in arithmetic that opset {@value GraphForm#OLDER} has. The forms are those that ONNX
 * Runtime's fusions of that time look for.
 */
final class SpelledOutWords implements Words {
  private final GraphBuilder g;
  private final Map<Value, Value> angles = new HashMap<>();

  SpelledOutWords(GraphBuilder g) {
    this.g = g;
  }

  @Override
  public Value rmsNorm(String label, Value x, Value gain, double epsilon) {
    return g.within(
        label,
        () -> {
          List<Dim> column = new ArrayList<>(x.shape());
          column.set(x.rank() - 1, Dim.of(1));
          Value square = g.node(Op.POW, "", Map.of(), x.shape(), x, g.scalar(2f));
          Map<String, ?> last = Map.of("axes", new long[] {-1}, "keepdims", 1L);
          Value mean = g.node(Op.REDUCE_MEAN, "", last, column, square);
          Value sum = g.node(Op.ADD, "", Map.of(), column, mean, g.scalar((float) epsilon));
          Value root = g.node(Op.SQRT, "", Map.of(), column, sum);
          Value unit = g.node(Op.DIV, "", Map.of(), x.shape(), x, root);
          return g.node(Op.MUL, "", Map.of(), x.shape(), unit, gain);
        });
  }

  @Override
  public Value gelu(Value x, boolean tanh) {
    return g.within("gelu", () -> tanh ? tanhGelu(x) : erfGelu(x));
  }

  /** {@code x (1 + erf(x / sqrt 2)) / 2}. */
  private Value erfGelu(Value x) {
    Value narrow = binary(Op.DIV, x, g.scalar((float) Math.sqrt(2)));
    Value erf = g.node(Op.ERF, "", Map.of(), x.shape(), narrow);
    return halved(x, erf);
  }

  /** {@code x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2}. */
  private Value tanhGelu(Value x) {
    Value cube = binary(Op.MUL, binary(Op.POW, x, g.scalar(3f)), g.scalar(0.044715f));
    Value inner = binary(Op.MUL, binary(Op.ADD, x, cube), g.scalar((float) Math.sqrt(2 / Math.PI)));
    return halved(x, g.node(Op.TANH, "", Map.of(), x.shape(), inner));
  }

  private Value halved(Value x, Value squashed) {
    Value gate = binary(Op.ADD, squashed, g.scalar(1f));
    return binary(Op.MUL, binary(Op.MUL, x, gate), g.scalar(0.5f));
  }

  /** {@code (u + 1) g sigmoid(alpha g)} of bounded gate and up. */
  static Value clampedGate(GraphBuilder g, Value gate, Value up, ClampedGate form) {
    List<Dim> shape = gate.shape();
    Value limit = g.scalar((float) form.limit());
    Value low = g.node(Op.MIN, "gate", Map.of(), shape, gate, limit);
    Value below = g.node(Op.MIN, "up", Map.of(), shape, up, limit);
    Value within = g.node(Op.MAX, "up", Map.of(), shape, below, g.scalar((float) -form.limit()));
    Value more = g.node(Op.ADD, "up", Map.of(), shape, within, g.scalar(1f));
    Value steep = g.node(Op.MUL, "gate", Map.of(), shape, low, g.scalar((float) form.alpha()));
    Value open = g.node(Op.SIGMOID, "gate", Map.of(), shape, steep);
    Value gated = g.node(Op.MUL, "gated", Map.of(), shape, low, open);
    return g.node(Op.MUL, "", Map.of(), shape, more, gated);
  }

  private Value binary(Op op, Value a, Value b) {
    return g.node(op, "", Map.of(), a.shape(), a, b);
  }

  @Override
  public Value rotary(Value x, int heads, Rotary rotary, List<Value> tables, Value positions) {
    return g.within("rotary", () -> turned(x, heads, rotary, tables, positions));
  }

  private Value turned(Value x, int heads, Rotary rotary, List<Value> tables, Value positions) {
    int half = rotary.rotated() / 2;
    int rest = rotary.headDim() - rotary.rotated();
    Value byHead =
        g.node(
            Op.RESHAPE,
            "",
            Map.of(),
            cube(heads, rotary.headDim()),
            x,
            g.vector(0, 0, heads, rotary.headDim()));
    List<Value> parts =
        split(byHead, heads, rest == 0 ? List.of(half, half) : List.of(half, half, rest));
    Value cos = angle(tables.get(0), half, positions);
    Value sin = angle(tables.get(1), half, positions);
    Value first = parts.get(0);
    Value second = parts.get(1);
    List<Value> out =
        new ArrayList<>(
            List.of(
                binary(Op.SUB, binary(Op.MUL, first, cos), binary(Op.MUL, second, sin)),
                binary(Op.ADD, binary(Op.MUL, second, cos), binary(Op.MUL, first, sin))));
    out.addAll(parts.subList(2, parts.size()));
    Value joined =
        g.node(
            Op.CONCAT,
            "",
            Map.of("axis", -1L),
            cube(heads, rotary.headDim()),
            out.toArray(Value[]::new));
    return g.node(Op.RESHAPE, "", Map.of(), x.shape(), joined, g.vector(0, 0, x.width()));
  }

  private List<Value> split(Value byHead, int heads, List<Integer> sizes) {
    List<Value> parts = new ArrayList<>();
    for (int i = 0; i < sizes.size(); i++) {
      parts.add(new Value(g.outputName(Op.SPLIT, "", i), byHead.type(), cube(heads, sizes.get(i))));
    }
    Value lengths = g.vector(sizes.stream().mapToLong(Integer::longValue).toArray());
    g.node(Op.SPLIT, "", Map.of("axis", -1L), List.of(byHead, lengths), parts);
    return parts;
  }

  private static List<Dim> cube(int heads, int size) {
    return List.of(Dim.BATCH, Dim.TIME, Dim.of(heads), Dim.of(size));
  }

  /** Rows of a table at the positions, an axis for heads between: {@code [b, t, 1, half]}. */
  private Value angle(Value table, int half, Value positions) {
    Value known = angles.get(table);
    if (known == null) {
      known = g.atRoot(() -> g.within("rotary", () -> gathered(table, half, positions)));
      angles.put(table, known);
    }
    return known;
  }

  private Value gathered(Value table, int half, Value positions) {
    List<Dim> flat = List.of(Dim.BATCH, Dim.TIME, Dim.of(half));
    Value rows = g.node(Op.GATHER, "", Map.of("axis", 0L), flat, table, positions);
    return g.node(Op.UNSQUEEZE, "", Map.of(), cube(1, half), rows, g.vector(2));
  }

  @Override
  public Value attention(
      Attention a, List<Value> qkv, Value mask, List<Value> past, List<Value> present) {
    return new SpelledOutAttention(g, a).emit(qkv, mask, past, present);
  }
}
