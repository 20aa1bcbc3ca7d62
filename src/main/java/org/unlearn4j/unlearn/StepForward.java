package org.unlearn4j.unlearn;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Hidden;
import org.unlearn4j.tf.LabelledHead;
import org.unlearn4j.tf.Pooling;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.TensorFlowEmitter;
import org.unlearn4j.tf.TfInputs;
import org.unlearn4j.tf.TfTensor;
import org.unlearn4j.tf.Variables;

/** The step's one forward pass, as the terms see it. */
final class StepForward implements StepContext {
  private final Ops tf;
  private final StepInputs inputs;
  private final Hidden<TfTensor> hidden;
  private final Map<Segment, Operand<TFloat32>> tokenNll = new EnumMap<>(Segment.class);
  private final Map<Segment, Operand<TFloat32>> rowNll = new EnumMap<>(Segment.class);
  private final Map<String, Operand<TFloat32>> pooled = new HashMap<>();

  /**
   * Emits the forward pass, and the head over the labelled rows of {@code scored} in one product.
   *
   * @param scored segments of which some term reads the likelihood
   */
  StepForward(
      Ops tf,
      Decoder decoder,
      Variables variables,
      StepInputs inputs,
      List<Segment> scored,
      Precision precision) {
    this.tf = tf;
    this.inputs = inputs;
    TfInputs in = new TfInputs(inputs.ids, inputs.positions, inputs.mask, List.of());
    TensorFlowEmitter e = new TensorFlowEmitter(tf, variables, in, precision);
    this.hidden = decoder.hidden(e, e.ids());
    if (!scored.isEmpty()) {
      head(decoder, e, scored);
    }
  }

  private void head(Decoder decoder, TensorFlowEmitter e, List<Segment> scored) {
    Ops ops = tf.withSubScope("labelled");
    List<Operand<TInt32>> from = new ArrayList<>();
    List<Operand<TInt32>> labels = new ArrayList<>();
    for (Segment s : scored) {
      from.add(inputs.of(s).predictedFrom());
      labels.add(inputs.of(s).labels());
    }
    Operand<TInt32> axis = ops.constant(0);
    boolean one = scored.size() == 1;
    LabelledHead head =
        LabelledHead.emit(
            ops,
            decoder,
            e,
            hidden.finalNorm(),
            one ? from.get(0) : ops.concat(from, axis),
            one ? labels.get(0) : ops.concat(labels, axis));
    Operand<TInt32> begin = ops.array(0);
    for (Segment s : scored) {
      Operand<TInt32> size = ops.reshape(ops.size(inputs.of(s).labels()), ops.array(1));
      tokenNll.put(s, one ? head.nll() : ops.slice(head.nll(), begin, size));
      begin = ops.math.add(begin, size);
    }
  }

  @Override
  public Operand<TInt32> rows(Segment segment) {
    return inputs.of(segment).rows();
  }

  @Override
  public Operand<TFloat32> tokenNll(Segment segment) {
    return tokenNll.get(segment);
  }

  @Override
  public Operand<TFloat32> rowNll(Segment segment) {
    return rowNll.computeIfAbsent(
        segment,
        s ->
            tf.math.unsortedSegmentSum(
                tokenNll.get(s), inputs.of(s).labelRows(), inputs.of(s).rows()));
  }

  @Override
  public Operand<TFloat32> rowTokens(Segment segment) {
    Operand<TInt32> rows = inputs.of(segment).labelRows();
    return tf.math.unsortedSegmentSum(
        tf.onesLike(tf.dtypes.cast(rows, TFloat32.class)), rows, inputs.of(segment).rows());
  }

  @Override
  public Operand<TFloat32> referenceNll(Segment segment) {
    return inputs.of(segment).referenceNll();
  }

  @Override
  public Operand<TFloat32> stepRows(Segment segment) {
    return inputs.of(segment).stepRows();
  }

  @Override
  public Operand<TFloat32> stepTokens(Segment segment) {
    return inputs.of(segment).stepTokens();
  }

  @Override
  public Operand<TFloat32> pooled(Segment segment, FeatureLayer layer) {
    return pooled.computeIfAbsent(
        segment.key() + "/" + layer,
        key -> {
          Ops ops = tf.withSubScope("pooled").withSubScope(segment.key());
          StepInputs.PerSegment in = inputs.of(segment);
          return Pooling.mean(
              ops, layer.of(hidden).f32(ops), in.labelPositions(), in.labelRows(), in.rows());
        });
  }

  @Override
  public Operand<TFloat32> queue() {
    return inputs.queue;
  }
}
