package org.unlearn4j.tf;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat32;

/**
 * Values of the step graph, {@code [batch * time, features]}, in one number format and, once
 * somebody asked, in the other too: several matrix products that read the same values share one
 * cast.
 */
public final class TfTensor {
  /** Stands for the batch's token ids, which the emitter holds itself. */
  static final TfTensor IDS = new TfTensor(null, null);

  private Operand<TFloat32> f32;
  private Operand<TBfloat16> bf16;

  private TfTensor(Operand<TFloat32> f32, Operand<TBfloat16> bf16) {
    this.f32 = f32;
    this.bf16 = bf16;
  }

  static TfTensor of(Operand<TFloat32> values) {
    return new TfTensor(values, null);
  }

  static TfTensor ofBrain(Operand<TBfloat16> values) {
    return new TfTensor(null, values);
  }

  /** The values came in bfloat16 and nobody needed them wider so far. */
  boolean onlyBrain() {
    return f32 == null;
  }

  /** The values in float32, cast by {@code tf} if need be. */
  public Operand<TFloat32> f32(Ops tf) {
    if (f32 == null) {
      f32 = tf.dtypes.cast(bf16, TFloat32.class);
    }
    return f32;
  }

  Operand<TBfloat16> bf16(Ops tf) {
    if (bf16 == null) {
      bf16 = tf.dtypes.cast(f32, TBfloat16.class);
    }
    return bf16;
  }
}
