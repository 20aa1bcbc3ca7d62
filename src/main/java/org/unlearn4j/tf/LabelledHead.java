package org.unlearn4j.tf;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.op.math.ArgMax;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.unlearn4j.nn.Decoder;

/**
 * The vocabulary projection at labelled tokens only: hidden states at the positions that predict
 * them are gathered first, so prompt and padding never reach the head.
 *
 * @param logits {@code [labelled, vocab]}, float32
 * @param nll negative log-likelihood of each label, {@code [labelled]}
 */
public record LabelledHead(Operand<TFloat32> logits, Operand<TFloat32> nll) {

  /**
   * Emits the head.
   *
   * @param hidden output of the final norm, {@code [batch * time, hidden]}
   * @param predictedFrom flat index of the position before each labelled token, {@code [labelled]}
   * @param labels {@code [labelled]}
   */
  public static LabelledHead emit(
      Ops tf,
      Decoder decoder,
      TensorFlowEmitter emitter,
      TfTensor hidden,
      Operand<TInt32> predictedFrom,
      Operand<TInt32> labels) {
    Operand<TFloat32> rows = tf.gather(hidden.f32(tf), predictedFrom, tf.constant(0));
    Operand<TFloat32> logits = decoder.head(emitter, TfTensor.of(rows)).f32(tf);
    return new LabelledHead(logits, SparseCrossEntropy.nll(tf, logits, labels));
  }

  /** The most probable token, {@code [labelled]}. */
  ArgMax<TInt32> argmax(Ops tf) {
    return tf.math.argMax(logits, tf.constant(-1), TInt32.class);
  }

  /**
   * Mean and variance of the log-probabilities under the distribution itself, each {@code
   * [labelled]}.
   */
  Moments moments(Ops tf) {
    Operand<TFloat32> logProbs = tf.nn.logSoftmax(logits);
    Operand<TFloat32> p = tf.math.exp(logProbs);
    Operand<TFloat32> mean =
        tf.sum(tf.math.mul(p, logProbs), tf.constant(-1), Sum.keepDims(true)); // [labelled, 1]
    // The mean goes off first: of a confident token E[x^2] - E[x]^2 would leave rounding alone.
    Operand<TFloat32> apart = tf.math.square(tf.math.sub(logProbs, mean));
    Operand<TFloat32> variance = tf.sum(tf.math.mul(p, apart), tf.constant(-1));
    return new Moments(tf.reshape(mean, tf.array(-1)), variance);
  }

  record Moments(Operand<TFloat32> mean, Operand<TFloat32> variance) {}
}
