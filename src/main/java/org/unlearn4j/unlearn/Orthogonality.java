package org.unlearn4j.unlearn;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Variables;

/**
 * Keeps adapters from writing where the retain rows' outputs are (ReGLU's orthogonality loss: Xiao
 * et al. 2026): the sum over targets of {@code ||B^T Q||_F^2}, Q being the eigenvectors of largest
 * eigenvalue of the second moments of what the target makes of retain rows. Its gradient is {@code
 * 2 Q Q^T B}.
 *
 * @param weight lambda, its factor in the total
 * @param rank columns of Q, or all that there are
 */
public record Orthogonality(double weight, int rank) {

  /** Q of a target, {@code [out, min(rank, out)]}. */
  public Parameter directions(Adapter.Target target) {
    int out = target.linear().out();
    return Parameter.matrix(target.linear().module() + ".retain_outputs", out, Math.min(rank, out));
  }

  /** Q of each target. */
  public List<Parameter> directions(Adapter adapter) {
    return adapter.targets().stream().map(this::directions).toList();
  }

  /**
   * The term. A micro-batch's share is that of its forget rows.
   *
   * @param learned A and B
   * @param directions Q
   */
  Term term(Adapter adapter, Variables learned, Variables directions) {
    return new Term() {
      @Override
      public Set<Segment> segments() {
        return Set.of(Segment.FORGET);
      }

      @Override
      public Operand<TFloat32> value(Ops tf, StepContext c) {
        List<Operand<TFloat32>> squares = new ArrayList<>();
        for (Adapter.Target t : adapter.targets()) {
          Operand<TFloat32> along =
              tf.linalg.matMul(
                  learned.read(t.up()),
                  directions.read(directions(t)),
                  MatMul.transposeA(true)); // [rank, columns of Q]
          squares.add(tf.sum(tf.math.square(along), tf.array(0, 1)));
        }
        Operand<TFloat32> share =
            tf.math.div(
                tf.dtypes.cast(c.rows(Segment.FORGET), TFloat32.class), c.stepRows(Segment.FORGET));
        return tf.math.mul(tf.math.addN(squares), share);
      }
    };
  }
}
