package org.unlearn4j.tf;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.TensorFlow;
import org.tensorflow.op.Ops;
import org.tensorflow.op.nn.SparseSoftmaxCrossEntropyWithLogits;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * Cross-entropy against token ids without a one-hot matrix. TensorFlow's C++ registry has no
 * gradient for the kernel; it is {@code dLoss[:, None] * (softmax - onehot)}, and the kernel's
 * second output is that difference already.
 */
final class SparseCrossEntropy {
  private static boolean registered;

  private SparseCrossEntropy() {}

  static synchronized void registerGradient() {
    if (registered) {
      return;
    }
    TensorFlow.registerCustomGradient(
        SparseSoftmaxCrossEntropyWithLogits.OP_NAME,
        (tf, op, grads) -> {
          Operand<TFloat32> difference = op.<TFloat32>output(1);
          @SuppressWarnings("unchecked")
          Operand<TFloat32> upstream = (Operand<TFloat32>) grads.get(0);
          Operand<TFloat32> logits = tf.math.mul(tf.reshape(upstream, tf.array(-1, 1)), difference);
          // The labels are integers; a null would be an error, so they get zeros that nobody
          // computes.
          return List.of(logits, tf.zerosLike(op.input(1)));
        });
    registered = true;
  }

  /** Negative log-likelihood of each label: {@code [n, vocab], [n] -> [n]}. */
  static Operand<TFloat32> nll(Ops tf, Operand<TFloat32> logits, Operand<TInt32> labels) {
    return tf.nn.sparseSoftmaxCrossEntropyWithLogits(logits, labels).loss();
  }
}
