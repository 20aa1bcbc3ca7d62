package org.unlearn4j.tf;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Stack;
import org.tensorflow.op.core.Sum;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.op.nn.TopK;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.unlearn4j.nn.ClampedGate;
import org.unlearn4j.nn.Experts;

/**
 * A mixture of experts: rows are sorted by expert, go through theirs, and are put back to be summed
 * token by token. The router is computed in float32 whatever the precision, for a rounding there
 * sends tokens elsewhere. The gradient goes through the router's probabilities, not through which
 * of them are the largest.
 */
final class TfExperts {
  private final Variables variables;
  private final Mlp mlp;

  /** Emits the MLP of an expert. */
  @FunctionalInterface
  interface Mlp {
    /**
     * What an expert makes of its tokens.
     *
     * @param own {@code [own tokens, in]}
     * @param tokens which of all tokens these are, {@code [own tokens, 1]}
     */
    TfTensor of(TfTensor own, Operand<TInt64> tokens, Experts.Expert expert);
  }

  /**
   * Experts whose MLPs somebody else emits.
   *
   * @param mlp of an expert, on its rows
   */
  TfExperts(Variables variables, Mlp mlp) {
    this.variables = variables;
    this.mlp = mlp;
  }

  /**
   * Emits them on {@code x [tokens, in]}.
   *
   * @param routes told the experts' probabilities, {@code [tokens, experts]}, and which each token
   *     goes through, {@code [tokens, chosen]}
   */
  TfTensor emit(
      Ops tf, TfTensor x, Experts spec, BiConsumer<Operand<TFloat32>, Operand<TInt32>> routes) {
    Operand<TFloat32> flat = x.f32(tf);
    int all = spec.all().size();
    Operand<TFloat32> logits =
        tf.linalg.matMul(
            flat,
            variables.read(spec.router().weight()),
            MatMul.transposeB(!spec.router().inOut()));
    if (spec.router().bias().isPresent()) {
      logits = tf.nn.biasAdd(logits, variables.read(spec.router().bias().get()));
    }
    Operand<TFloat32> probabilities = tf.nn.softmax(logits); // [tokens, experts]
    int chosen = spec.chosen();
    TopK<TFloat32, TInt32> largest =
        tf.nn.topK(tf.stopGradient(probabilities), tf.constant(chosen), TInt32.class);
    routes.accept(probabilities, largest.indices());
    Operand<TInt32> expert = tf.reshape(largest.indices(), tf.array(-1)); // [pairs]
    Operand<TInt32> pair = tf.range(tf.constant(0), tf.size(expert), tf.constant(1));
    Operand<TInt32> token = tf.math.div(pair, tf.constant(chosen));
    Operand<TFloat32> kept =
        tf.reshape(
            tf.gatherNd(probabilities, tf.stack(List.of(token, expert), Stack.axis(1L))),
            tf.array(-1, chosen, 1));
    if (spec.normalised()) {
      kept = tf.math.div(kept, tf.sum(kept, tf.constant(1), Sum.keepDims(true)));
    }
    // Sorted in one operation and put back in one: what each expert gathered and scattered by
    // itself would have as many arrays of all tokens as there are experts, and as many gradients.
    Operand<TInt32> column = tf.reshape(token, tf.array(-1, 1));
    List<Output<TFloat32>> own =
        tf.dynamicPartition(tf.gatherNd(flat, column), expert, (long) all).outputs();
    List<Output<TInt32>> places = tf.dynamicPartition(pair, expert, (long) all).outputs();
    List<Operand<TInt32>> to = new ArrayList<>();
    List<Operand<TFloat32>> made = new ArrayList<>();
    for (int i = 0; i < all; i++) {
      Operand<TInt64> tokens =
          tf.dtypes.cast(
              tf.reshape(tf.math.div(places.get(i), tf.constant(chosen)), tf.array(-1, 1)),
              TInt64.class);
      to.add(places.get(i));
      made.add(mlp.of(TfTensor.of(own.get(i)), tokens, spec.all().get(i)).f32(tf));
    }
    Operand<TFloat32> each =
        tf.reshape(tf.dynamicStitch(to, made), tf.array(-1, chosen, spec.out()));
    return TfTensor.of(tf.sum(tf.math.mul(each, kept), tf.constant(1)));
  }

  /** {@code (u + 1) g sigmoid(alpha g)} of bounded gate and up. */
  static TfTensor clampedGate(Ops ops, TfTensor gate, TfTensor up, ClampedGate form) {
    Operand<TFloat32> limit = ops.constant((float) form.limit());
    Operand<TFloat32> g = ops.math.minimum(gate.f32(ops), limit);
    Operand<TFloat32> u =
        ops.math.maximum(ops.math.minimum(up.f32(ops), limit), ops.math.neg(limit));
    Operand<TFloat32> s = ops.math.sigmoid(ops.math.mul(g, ops.constant((float) form.alpha())));
    return TfTensor.of(ops.math.mul(ops.math.add(u, ops.constant(1f)), ops.math.mul(g, s)));
  }
}
