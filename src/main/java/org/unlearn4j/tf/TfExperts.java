package org.unlearn4j.tf;

import java.util.List;
import java.util.function.Consumer;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.op.nn.TopK;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.unlearn4j.nn.Experts;

/**
 * A mixture of experts: the rows of each expert are gathered, go through it, and are added where
 * they came from. The router is computed in float32 whatever the precision, for a rounding there
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
   * @param routes told which experts each token goes through, {@code [tokens, chosen]}
   */
  TfTensor emit(Ops tf, TfTensor x, Experts spec, Consumer<Operand<TInt32>> routes) {
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
    TopK<TFloat32, TInt32> largest =
        tf.nn.topK(tf.stopGradient(probabilities), tf.constant(spec.chosen()), TInt32.class);
    routes.accept(largest.indices());
    Operand<TFloat32> each =
        tf.oneHot(largest.indices(), tf.constant(all), tf.constant(1f), tf.constant(0f));
    Operand<TFloat32> choice = tf.stopGradient(tf.sum(each, tf.constant(1))); // [tokens, experts]
    Operand<TFloat32> kept = tf.math.mul(probabilities, choice);
    if (spec.normalised()) {
      kept = tf.math.div(kept, tf.sum(kept, tf.constant(-1), Sum.keepDims(true)));
    }
    List<Output<TFloat32>> weights = tf.split(tf.constant(1), kept, (long) all).output();
    List<Output<TFloat32>> chosen = tf.split(tf.constant(1), choice, (long) all).output();
    Operand<TInt64> shape =
        tf.concat(
            List.of(
                tf.slice(tf.shape(flat, TInt64.class), tf.array(0), tf.array(1)),
                tf.array((long) spec.out())),
            tf.constant(0));
    Operand<TFloat32> sum = null;
    for (int i = 0; i < all; i++) {
      Operand<TInt64> rows = tf.where(tf.reshape(chosen.get(i), tf.array(-1))); // [own tokens, 1]
      TfTensor own = TfTensor.of(tf.gatherNd(flat, rows));
      Operand<TFloat32> made = mlp.of(own, rows, spec.all().get(i)).f32(tf);
      Operand<TFloat32> weighted = tf.math.mul(made, tf.gatherNd(weights.get(i), rows));
      Operand<TFloat32> part = tf.scatterNd(rows, weighted, shape);
      sum = sum == null ? part : tf.math.add(sum, part);
    }
    return TfTensor.of(sum);
  }
}
