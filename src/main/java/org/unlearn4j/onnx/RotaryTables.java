package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Rotary;

/**
 * Cosines and sines of a graph's rotary embeddings, a row a position. An embedding that has other
 * frequencies for long sequences has the rows of the short ones first, and those of the long ones
 * behind them; which it is, a graph decides by each sequence's length.
 */
final class RotaryTables {
  /** Beyond it a table is no part of a file: a gigabyte of cosines and sines in float32. */
  private static final long MOST_ANGLES = 1L << 27;

  private final GraphBuilder g;
  private final int maxPositions;
  private final Value positions;
  private final Value attentionMask;
  private final Map<Rotary, List<Value>> tables = new HashMap<>();
  private final Map<Rotary, Value> rows = new HashMap<>();

  /**
   * The tables of one graph.
   *
   * @param maxPositions longest sequence; a later position is an error at run time
   * @param positions {@code [batch, time]}
   * @param attentionMask {@code [batch, total]}
   */
  RotaryTables(GraphBuilder g, int maxPositions, Value positions, Value attentionMask) {
    this.g = g;
    this.maxPositions = maxPositions;
    this.positions = positions;
    this.attentionMask = attentionMask;
  }

  /** Cosines and sines, {@code [rows, rotated / 2]} each. */
  List<Value> of(Rotary rotary) {
    List<Value> known = tables.get(rotary);
    if (known == null) {
      known = emit(rotary);
      tables.put(rotary, known);
    }
    return known;
  }

  /** Which row is each token's, {@code [batch, time]}. */
  Value rows(Rotary rotary) {
    if (rotary.longer().isEmpty()) {
      return positions;
    }
    Value known = rows.get(rotary);
    if (known == null) {
      long after = rotary.longer().get().after();
      known = g.atRoot(() -> g.within("rotary", () -> shifted(after)));
      rows.put(rotary, known);
    }
    return known;
  }

  /**
   * Angles are float32 products, as in every framework that such models are trained with: at
   * position 1000 an exact one would differ by 1e-4, and the deployed model from the trained one.
   */
  private List<Value> emit(Rotary rotary) {
    int half = rotary.rotated() / 2;
    int first = rotary.longer().map(Rotary.Longer::after).orElse(0);
    long all = (long) first + maxPositions;
    if (all * half > MOST_ANGLES) {
      throw new UserException(
          "config.json, max_position_embeddings: found "
              + maxPositions
              + ", expected at most "
              + (MOST_ANGLES / half - first)
              + ", whose rotary tables fit into a file.");
    }
    int size = Math.toIntExact(all);
    float[] cos = new float[size * half];
    float[] sin = new float[cos.length];
    for (int row = 0; row < size; row++) {
      boolean beyond = first > 0 && row >= first;
      List<Double> f =
          beyond ? rotary.longer().get().inverseFrequencies() : rotary.inverseFrequencies();
      int p = beyond ? row - first : row;
      for (int i = 0; i < half; i++) {
        float angle = p * f.get(i).floatValue();
        cos[row * half + i] = (float) (Math.cos(angle) * rotary.magnitude());
        sin[row * half + i] = (float) (Math.sin(angle) * rotary.magnitude());
      }
    }
    String suffix = tables.isEmpty() ? "" : "." + tables.size();
    return List.of(
        g.initializer(Initializer.table("rotary.cos" + suffix, size, cos)),
        g.initializer(Initializer.table("rotary.sin" + suffix, size, sin)));
  }

  /** A sequence's length, past and present without padding, is the number of ones in its mask. */
  private Value shifted(long after) {
    List<Dim> column = List.of(Dim.BATCH, Dim.of(1));
    Map<String, ?> keep = Map.of("keepdims", 1L);
    Value length = g.node(Op.REDUCE_SUM, "length", keep, column, attentionMask, g.vector(1));
    Value limit = g.scalar(after);
    Value beyond = g.node(Op.GREATER, "length", Map.of(), DataType.BOOL, column, length, limit);
    Value none = g.scalar(0L);
    Value shift = g.node(Op.WHERE, "rows", Map.of(), DataType.INT64, column, beyond, limit, none);
    return g.node(Op.ADD, "rows", Map.of(), positions.shape(), positions, shift);
  }
}
