package org.unlearn4j.unlearn;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Hidden;
import org.unlearn4j.tf.LabelledHead;
import org.unlearn4j.tf.TensorFlowEmitter;
import org.unlearn4j.tf.TfTensor;

/**
 * One model over the rows of some segments: the residual stream, and the head at labelled tokens of
 * the segments that are scored, in one product.
 */
final class ForwardPass {

  /**
   * Where a segment's labelled tokens are.
   *
   * @param predictedFrom flat index of the position before each, {@code [labelled]}
   * @param labelPositions flat index of its own position, {@code [labelled]}
   * @param labels {@code [labelled]}
   */
  record Tokens(
      Operand<TInt32> predictedFrom, Operand<TInt32> labelPositions, Operand<TInt32> labels) {}

  private final Ops tf;
  private final Map<Segment, Tokens> tokens;
  private final Hidden<TfTensor> hidden;
  private final Map<Segment, Operand<TFloat32>> logits = new EnumMap<>(Segment.class);
  private final Map<Segment, Operand<TFloat32>> nll = new EnumMap<>(Segment.class);
  private final Map<String, Operand<TFloat32>> states = new HashMap<>();
  private final List<Segment> scored;
  private LabelledHead head;

  /**
   * Emits the pass.
   *
   * @param tokens of each segment of the batch, in its order
   * @param scored segments of which likelihood or logits are read
   */
  ForwardPass(
      Ops tf,
      Decoder decoder,
      TensorFlowEmitter emitter,
      Map<Segment, Tokens> tokens,
      Set<Segment> scored) {
    this.tf = tf;
    this.tokens = tokens;
    this.scored = tokens.keySet().stream().filter(scored::contains).toList();
    this.hidden = decoder.hidden(emitter, emitter.ids());
    if (!this.scored.isEmpty()) {
      Ops ops = tf.withSubScope("labelled");
      List<Operand<TInt32>> from = new ArrayList<>();
      List<Operand<TInt32>> labels = new ArrayList<>();
      for (Segment s : this.scored) {
        from.add(tokens.get(s).predictedFrom());
        labels.add(tokens.get(s).labels());
      }
      head =
          LabelledHead.emit(
              ops, decoder, emitter, hidden.finalNorm(), joined(ops, from), joined(ops, labels));
    }
  }

  private static Operand<TInt32> joined(Ops ops, List<Operand<TInt32>> parts) {
    return parts.size() == 1 ? parts.get(0) : ops.concat(parts, ops.constant(0));
  }

  Hidden<TfTensor> hidden() {
    return hidden;
  }

  /** {@code [labelled, vocab]}. */
  Operand<TFloat32> logits(Segment segment) {
    return logits.computeIfAbsent(segment, s -> part("logits", head.logits(), s));
  }

  /** {@code [labelled]}. */
  Operand<TFloat32> nll(Segment segment) {
    return nll.computeIfAbsent(segment, s -> part("nll", head.nll(), s));
  }

  /** The rows of what the head gave that belong to one segment. */
  private Operand<TFloat32> part(String name, Operand<TFloat32> all, Segment segment) {
    if (!scored.contains(segment)) {
      throw new IllegalArgumentException("no term declared that it scores " + segment);
    }
    if (scored.size() == 1) {
      return all;
    }
    Ops ops = tf.withSubScope("labelled").withSubScope(name).withSubScope(segment.key());
    Operand<TInt32> begin = ops.constant(0);
    for (Segment s : scored.subList(0, scored.indexOf(segment))) {
      begin = ops.math.add(begin, ops.size(tokens.get(s).labels()));
    }
    Operand<TInt32> size = ops.size(tokens.get(segment).labels());
    boolean matrix = all.asOutput().shape().numDimensions() == 2;
    return matrix
        ? ops.slice(all, pair(ops, begin, ops.constant(0)), pair(ops, size, ops.constant(-1)))
        : ops.slice(all, ops.reshape(begin, ops.array(1)), ops.reshape(size, ops.array(1)));
  }

  private static Operand<TInt32> pair(Ops ops, Operand<TInt32> a, Operand<TInt32> b) {
    return ops.stack(List.of(a, b));
  }

  /** Residual stream at labelled positions, {@code [labelled, hidden]}. */
  Operand<TFloat32> states(Segment segment, FeatureLayer layer) {
    return states.computeIfAbsent(
        segment.key() + "/" + layer,
        key -> {
          Ops ops = tf.withSubScope("states").withSubScope(segment.key());
          return ops.gather(
              layer.of(hidden).f32(ops), tokens.get(segment).labelPositions(), ops.constant(0));
        });
  }
}
