package org.unlearn4j.tf;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.unlearn4j.nn.Parameter;

/**
 * A soft prompt (Lester et al., 2021): vectors in the place of the token table's rows at the first
 * positions of every row. Whatever ids stand there are not read, so that rows only need as many ids
 * of any kind in front; masks, positions and caches are those of longer rows.
 *
 * @param variables that hold them
 * @param parameter the vectors, {@code [vectors, hidden]}
 */
public record SoftVectors(Variables variables, Parameter parameter) {

  /**
   * Adds the variable to a graph; it has no values yet.
   *
   * @param hidden width of a row of the token table
   */
  public static SoftVectors of(TfRuntime runtime, int vectors, int hidden) {
    Parameter p = Parameter.matrix("soft_prompt", vectors, hidden);
    return new SoftVectors(new Variables(runtime, "prompt", List.of(p)), p);
  }

  /**
   * The vectors at their positions, and all else as it was looked up.
   *
   * @param embedded {@code [batch * time, hidden]}
   * @param positions {@code [batch, time]}
   */
  Operand<TFloat32> before(Ops tf, Operand<TFloat32> embedded, Operand<TInt32> positions) {
    Operand<TInt32> all = tf.reshape(positions, tf.array(-1));
    Operand<TInt32> last = tf.constant(parameter.dim(0) - 1);
    Operand<TFloat32> own =
        tf.gather(variables.read(parameter), tf.math.minimum(all, last), tf.constant(0));
    Operand<TFloat32> here =
        tf.reshape(tf.dtypes.cast(tf.math.lessEqual(all, last), TFloat32.class), tf.array(-1, 1));
    Operand<TFloat32> elsewhere = tf.math.sub(tf.constant(1f), here);
    return tf.math.add(tf.math.mul(own, here), tf.math.mul(embedded, elsewhere));
  }
}
