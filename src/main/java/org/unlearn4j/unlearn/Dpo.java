package org.unlearn4j.unlearn;

import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Direct preference optimisation towards an alternate answer (Rafailov et al. 2023; with refusals:
 * IdkDPO, Maini et al. 2024; with other answers of the model's own: AltPO, Mekala et al. 2024):
 * {@code -(2/beta) mean_i logsigmoid(beta ((nll_ai^ref - nll_ai) + (nll_fi - nll_fi^ref)))}.
 */
record Dpo(double beta) implements Term {

  @Override
  public Set<Segment> segments() {
    return Set.of(Segment.FORGET, Segment.ALTERNATE);
  }

  @Override
  public Set<Segment> referenceNll() {
    return segments();
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    Operand<TFloat32> gained =
        tf.math.sub(c.referenceNll(Segment.ALTERNATE), c.rowNll(Segment.ALTERNATE));
    Operand<TFloat32> lost = tf.math.sub(c.forgetRowNll(), c.referenceNll(Segment.FORGET));
    return Preference.loss(tf, c, tf.math.add(gained, lost), beta);
  }
}
