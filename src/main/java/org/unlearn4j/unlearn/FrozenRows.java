package org.unlearn4j.unlearn;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.unlearn4j.tf.TfInputs;

/**
 * The part of a step's batch that the frozen twin runs over: only rows of segments for which some
 * term reads it.
 *
 * @param tokens flat indices within these rows
 */
record FrozenRows(TfInputs inputs, Map<Segment, ForwardPass.Tokens> tokens) {

  static FrozenRows of(Ops tf, StepInputs inputs, Set<Segment> wanted) {
    Operand<TInt32> time = inputs.time(tf);
    Operand<TInt32> own = tf.constant(0);
    List<Operand<TInt32>> begins = new ArrayList<>();
    List<Operand<TInt32>> counts = new ArrayList<>();
    Map<Segment, ForwardPass.Tokens> tokens = new EnumMap<>(Segment.class);
    for (Segment s : wanted) {
      Operand<TInt32> first = inputs.firstRow(tf, s);
      Operand<TInt32> count = inputs.of(s).rows();
      begins.add(first);
      counts.add(count);
      Operand<TInt32> shift = tf.math.mul(tf.math.sub(first, own), time);
      ForwardPass.Tokens all = inputs.tokens().get(s);
      tokens.put(
          s,
          new ForwardPass.Tokens(
              tf.math.sub(all.predictedFrom(), shift),
              tf.math.sub(all.labelPositions(), shift),
              all.labels()));
      own = tf.math.add(own, count);
    }
    TfInputs whole = inputs.rows();
    TfInputs part =
        new TfInputs(
            cut(tf, whole.ids(), begins, counts),
            cut(tf, whole.positions(), begins, counts),
            cut(tf, whole.mask(), begins, counts),
            List.of());
    return new FrozenRows(part, tokens);
  }

  private static Operand<TInt32> cut(
      Ops tf, Operand<TInt32> x, List<Operand<TInt32>> begins, List<Operand<TInt32>> counts) {
    List<Operand<TInt32>> parts = new ArrayList<>();
    for (int i = 0; i < begins.size(); i++) {
      parts.add(
          tf.slice(
              x,
              tf.stack(List.of(begins.get(i), tf.constant(0))),
              tf.stack(List.of(counts.get(i), tf.constant(-1)))));
    }
    return parts.size() == 1 ? parts.get(0) : tf.concat(parts, tf.constant(0));
  }
}
