package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.weights.CodeFormat;

/**
 * What a graph has for weights, whoever wrote it: initializers of float formats, and codes with the
 * scales and zero points that its nodes read them by. Known are DequantizeLinear (also behind the
 * lookup of rows, and in blocks), MatMulNBits, GatherBlockQuantized, MatMulInteger and the two
 * operators that ONNX Runtime makes of it; branches of If are looked through as well.
 */
final class StoredWeights {
  /** What changes nothing but the shape, or turns a matrix. */
  private static final Set<String> ALIASES = Set.of("Reshape", "Transpose", "Identity", "Squeeze");

  private static final int BYTE = 8;

  private final Map<String, TensorProto> initializers = new LinkedHashMap<>();
  private final List<NodeProto> nodes = new ArrayList<>();
  private final Map<String, NodeProto> producer = new HashMap<>();
  private final Map<String, List<NodeProto>> readers = new HashMap<>();
  private final Map<String, StoredWeight> found = new LinkedHashMap<>();
  private final Set<String> ofCodes = new HashSet<>();
  private final int hidden;

  private StoredWeights(GraphProto graph, int hidden) {
    this.hidden = hidden;
    collect(graph);
    for (NodeProto node : nodes) {
      node.getOutputList().forEach(o -> producer.put(o, node));
      node.getInputList()
          .forEach(i -> readers.computeIfAbsent(i, k -> new ArrayList<>()).add(node));
    }
  }

  /**
   * Looks through a graph.
   *
   * @param hidden width of a token's row: tables in codes may be padded beyond it
   */
  static List<StoredWeight> of(GraphProto graph, int hidden) {
    StoredWeights weights = new StoredWeights(graph, hidden);
    weights.nodes.forEach(weights::coded);
    weights.floats();
    return List.copyOf(weights.found.values());
  }

  /** Whether a product of codes allows its runtime to quantise activations. */
  static boolean quantisesActivations(GraphProto graph) {
    return new StoredWeights(graph, 0)
        .nodes.stream()
            .filter(n -> n.getOpType().equals("MatMulNBits"))
            .anyMatch(n -> attribute(n, "accuracy_level", 0) == CodeFormat.QUANTISES_ACTIVATIONS);
  }

  private void collect(GraphProto graph) {
    graph.getInitializerList().forEach(t -> initializers.put(t.getName(), t));
    for (NodeProto node : graph.getNodeList()) {
      nodes.add(node);
      for (AttributeProto a : node.getAttributeList()) {
        if (a.hasG()) {
          collect(a.getG());
        }
        if (node.getOpType().equals("Constant") && a.hasT()) {
          initializers.put(
              node.getOutput(0), a.getT().toBuilder().setName(node.getOutput(0)).build());
        }
      }
    }
  }

  private void coded(NodeProto n) {
    Optional<StoredCodes> codes =
        switch (n.getOpType()) {
          case "MatMulNBits" -> blocks(n);
          case "GatherBlockQuantized" -> blockRows(n);
          case "DequantizeLinear" -> dequantized(n);
          case "MatMulInteger" -> integers(n, 1, 3, scaleBehind(n));
          case "MatMulIntegerToFloat" -> integers(n, 1, 5, constant(input(n, 3)));
          case "DynamicQuantizeMatMul" -> integers(n, 1, 3, constant(input(n, 2)));
          default -> Optional.empty();
        };
    codes.ifPresent(
        c -> {
          found.put(c.name() + (c.gathered() ? " rows" : ""), c);
          ofCodes.add(c.name());
          ofCodes.add(c.scales().getName());
          if (c.zeros() != null) {
            ofCodes.add(c.zeros().getName());
          }
        });
  }

  private Optional<StoredCodes> blocks(NodeProto n) {
    TensorProto codes = constant(input(n, 1)).orElse(null);
    TensorProto scales = constant(input(n, 2)).orElse(null);
    TensorProto zeros = constant(input(n, 3)).orElse(null);
    if (codes == null || scales == null || !input(n, 4).isEmpty()) {
      return Optional.empty(); // inputs in an order of their own (g_idx) are not followed
    }
    int in = (int) attribute(n, "K", 0);
    int bits = (int) attribute(n, "bits", 4);
    int size = (int) attribute(n, "block_size", 32);
    int each = (in + size - 1) / size;
    return Optional.of(
        new StoredCodes(
            codes,
            (int) attribute(n, "N", 0),
            in,
            each * size,
            bits,
            false,
            scales,
            zeros,
            zeroBits(zeros, bits),
            1 << (bits - 1),
            new StoredCodes.Grid(1, size, each),
            false));
  }

  private static int zeroBits(TensorProto zeros, int bits) {
    if (zeros == null) {
      return 0;
    }
    return switch (DataType.forNumber(zeros.getDataType())) {
      case FLOAT, FLOAT16, BFLOAT16 -> 0;
      default -> bits;
    };
  }

  private Optional<StoredCodes> blockRows(NodeProto n) {
    TensorProto codes = constant(input(n, 0)).orElse(null);
    TensorProto scales = constant(input(n, 2)).orElse(null);
    TensorProto zeros = constant(input(n, 3)).orElse(null);
    if (codes == null || scales == null || attribute(n, "gather_axis", 0) != 0) {
      return Optional.empty();
    }
    boolean bytes = TensorReader.bits(codes) == BYTE;
    int bits = bytes ? (int) attribute(n, "bits", 4) : TensorReader.bits(codes);
    int size = (int) attribute(n, "block_size", 128);
    int rows = Math.toIntExact(codes.getDims(0));
    int rowCodes = Math.toIntExact(TensorReader.size(codes) / rows * (bytes ? BYTE / bits : 1));
    boolean padded = rowCodes > hidden && rowCodes - hidden < size;
    return Optional.of(
        new StoredCodes(
            codes,
            rows,
            padded ? hidden : rowCodes,
            rowCodes,
            bits,
            signed(codes),
            scales,
            zeros,
            zeroBits(zeros, bits),
            bytes ? 1 << (bits - 1) : 0,
            new StoredCodes.Grid(1, size, (rowCodes + size - 1) / size),
            true));
  }

  private static boolean signed(TensorProto codes) {
    DataType type = DataType.forNumber(codes.getDataType());
    return type == DataType.INT8 || type == DataType.INT4 || type == DataType.INT32;
  }

  private Optional<StoredCodes> dequantized(NodeProto n) {
    NodeProto lookup = producer.get(input(n, 0));
    boolean gathered = lookup != null && lookup.getOpType().equals("Gather");
    TensorProto codes = constant(gathered ? input(lookup, 0) : input(n, 0)).orElse(null);
    TensorProto scales = constant(input(n, 1)).orElse(null);
    if (codes == null || scales == null || codes.getDimsCount() > 2) {
      return Optional.empty();
    }
    int rows = codes.getDimsCount() < 2 ? 1 : Math.toIntExact(codes.getDims(0));
    int columns = Math.toIntExact(TensorReader.size(codes) / rows);
    long axis = attribute(n, "axis", 1);
    boolean first = axis == 0 || axis == -codes.getDimsCount();
    int size = (int) attribute(n, "block_size", 0);
    StoredCodes.Grid grid;
    if (TensorReader.size(scales) == 1) {
      grid = new StoredCodes.Grid(rows, columns, 1);
    } else if (rows == 1) {
      grid = new StoredCodes.Grid(1, 1, columns);
    } else if (first) {
      grid =
          size == 0 ? new StoredCodes.Grid(1, columns, 1) : new StoredCodes.Grid(size, 1, columns);
    } else {
      grid =
          size == 0
              ? new StoredCodes.Grid(rows, 1, columns)
              : new StoredCodes.Grid(1, size, (columns + size - 1) / size);
    }
    return Optional.of(dense(codes, rows, columns, scales, input(n, 2), grid, gathered));
  }

  /** Codes side by side without padding, and zero points of their own format. */
  private StoredCodes dense(
      TensorProto codes,
      int rows,
      int columns,
      TensorProto scales,
      String zeroPoints,
      StoredCodes.Grid grid,
      boolean gathered) {
    TensorProto zeros = constant(zeroPoints).orElse(null);
    int bits = TensorReader.bits(codes);
    return new StoredCodes(
        codes, rows, columns, columns, bits, signed(codes), scales, zeros, bits, 0, grid, gathered);
  }

  private Optional<StoredCodes> integers(
      NodeProto n, int of, int zeroPoints, Optional<TensorProto> scales) {
    TensorProto codes = constant(input(n, of)).orElse(null);
    if (codes == null || scales.isEmpty() || codes.getDimsCount() != 2) {
      return Optional.empty();
    }
    int rows = Math.toIntExact(codes.getDims(0));
    int columns = Math.toIntExact(codes.getDims(1));
    boolean one = TensorReader.size(scales.get()) == 1;
    boolean turned = turned(input(n, of));
    StoredCodes.Grid grid =
        one
            ? new StoredCodes.Grid(rows, columns, 1)
            : turned ? new StoredCodes.Grid(1, columns, 1) : new StoredCodes.Grid(rows, 1, columns);
    StoredCodes found =
        dense(codes, rows, columns, scales.get(), input(n, zeroPoints), grid, false);
    boolean single = found.zeros() != null && TensorReader.size(found.zeros()) == 1 && !one;
    return Optional.of(single ? withOneZero(found) : found);
  }

  /** One zero point for all scales. */
  private static StoredCodes withOneZero(StoredCodes c) {
    TensorProto z = c.zeros();
    int zero = z.hasRawData() ? z.getRawData().byteAt(0) : z.getInt32Data(0);
    return new StoredCodes(
        c.codes(),
        c.rows(),
        c.columns(),
        c.rowCodes(),
        c.bits(),
        c.signed(),
        c.scales(),
        null,
        0,
        c.signed() ? zero : zero & 0xff,
        c.grid(),
        c.gathered());
  }

  /**
   * Of a product of integers: what its sums are multiplied with, but for the activations' scale.
   */
  private Optional<TensorProto> scaleBehind(NodeProto product) {
    String value = product.getOutput(0);
    for (NodeProto next : readers.getOrDefault(value, List.of())) {
      if (next.getOpType().equals("Cast")) {
        value = next.getOutput(0);
      }
    }
    for (NodeProto next : readers.getOrDefault(value, List.of())) {
      if (next.getOpType().equals("Mul")) {
        String other = next.getInput(next.getInput(0).equals(value) ? 1 : 0);
        NodeProto both = producer.get(other);
        return both != null && both.getOpType().equals("Mul")
            ? constant(both.getInput(0)).or(() -> constant(both.getInput(1)))
            : constant(other);
      }
    }
    return Optional.empty();
  }

  /** Initializers that nodes read as they are; a table that is also a product's is there twice. */
  private void floats() {
    for (TensorProto t : initializers.values()) {
      boolean wide = TensorReader.bits(t) >= 16 && DataType.INT32.getNumber() != t.getDataType();
      if (!wide || ofCodes.contains(t.getName()) || TensorReader.size(t) < 2) {
        continue;
      }
      List<NodeProto> all = readers.getOrDefault(t.getName(), List.of());
      boolean rows = all.stream().anyMatch(n -> n.getOpType().equals("Gather"));
      if (rows) {
        found.put(t.getName() + " rows", new StoredFloats(t, true));
      }
      if (!rows || all.stream().anyMatch(n -> !n.getOpType().equals("Gather"))) {
        found.put(t.getName(), new StoredFloats(t, false));
      }
    }
  }

  private static String input(NodeProto n, int i) {
    return i < n.getInputCount() ? n.getInput(i) : "";
  }

  private static long attribute(NodeProto n, String name, long fallback) {
    return n.getAttributeList().stream()
        .filter(a -> a.getName().equals(name))
        .mapToLong(AttributeProto::getI)
        .findFirst()
        .orElse(fallback);
  }

  /** The initializer behind a value. */
  private Optional<TensorProto> constant(String value) {
    TensorProto known = initializers.get(value);
    NodeProto n = producer.get(value);
    if (known != null || n == null || !ALIASES.contains(n.getOpType())) {
      return Optional.ofNullable(known);
    }
    return constant(n.getInput(0));
  }

  private boolean turned(String value) {
    NodeProto n = producer.get(value);
    return n != null
        && ALIASES.contains(n.getOpType())
        && (n.getOpType().equals("Transpose") ^ turned(n.getInput(0)));
  }
}
