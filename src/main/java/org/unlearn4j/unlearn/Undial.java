package org.unlearn4j.unlearn;

import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Self-distillation against the reference with the label made unlikely (Dong et al. 2024): mean
 * over labelled forget tokens of {@code CE(softmax(logits^ref - beta * onehot(label)), logits)}.
 */
record Undial(double beta) implements Term {

  @Override
  public Set<Segment> segments() {
    return Set.of(Segment.FORGET);
  }

  @Override
  public Set<Segment> frozenLogits() {
    return Set.of(Segment.FORGET);
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    Operand<TFloat32> target =
        tf.nn.softmax(
            SoftLabels.lowered(
                tf, c, c.frozenLogits(Segment.FORGET), Segment.FORGET, beta)); // [labelled, vocab]
    Operand<TFloat32> each = SoftLabels.crossEntropy(tf, target, c.logits(Segment.FORGET));
    each = FloorPull.aboveFloor(tf, c, each);
    return tf.math.div(tf.sum(each, tf.constant(0)), c.stepTokens(Segment.FORGET));
  }
}
