package org.unlearn4j.unlearn;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.tf.ExpertShares;

/**
 * The auxiliary loss that keeps a router from sending all tokens to few experts (Fedus, Zoph and
 * Shazeer 2022), over several layers and chosen experts as Mixtral's published code has it: {@code
 * N sum_e f_e P_e}, N experts, over the tokens of all layers taken together; {@code f_e} is how
 * many of them go through expert e, {@code P_e} its mean probability. Where all experts are used
 * alike it is the number of experts that a token goes through. Its gradient is that of {@code P}.
 *
 * <p>A product of means is no sum over micro-batches: a step's value is the mean over them,
 * weighted by their rows.
 *
 * @param segments of the step, whose rows all count
 */
record RouterLoss(Set<Segment> segments) implements Term {
  static final String COEFFICIENT = "router_aux_loss_coef";

  /**
   * An objective with the loss, where a training's settings have one.
   *
   * @param block of the pipeline file, for messages
   * @throws UserException for a model without experts, or whose configuration has no coefficient
   *     where it is asked for
   */
  static Objective added(Objective objective, LoopSettings loop, String block, Decoder decoder) {
    if (loop.router().off()) {
      return objective;
    }
    String key = block + ".router_loss: found " + loop.router();
    if (decoder.routed().isEmpty()) {
      throw new UserException(
          key + " for a model without experts (" + decoder.config().modelType() + "), expected 0.");
    }
    return objective.balancing(
        loop.router()
            .number()
            .orElseGet(
                () -> {
                  JsonNode own = decoder.config().json().path(COEFFICIENT);
                  if (!own.isNumber() || own.doubleValue() < 0) {
                    throw new UserException(
                        key
                            + " and in config.json, "
                            + COEFFICIENT
                            + ": "
                            + (own.isMissingNode() ? "nothing" : own)
                            + ", expected a number of at least 0 there or here.");
                  }
                  return own.doubleValue();
                }));
  }

  @Override
  public Set<Segment> scored() {
    return Set.of();
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    List<ExpertShares> layers = c.expertShares();
    Operand<TFloat32> real = tf.dtypes.cast(c.realTokens(), TFloat32.class);
    Operand<TFloat32> all = tf.math.mul(real, tf.constant((float) layers.size()));
    Operand<TFloat32> tokens = tf.math.maximum(all, tf.constant(1f)); // of all layers
    Operand<TFloat32> f = tf.math.div(sum(tf, layers, ExpertShares::tokens), tokens);
    Operand<TFloat32> p = tf.math.div(sum(tf, layers, ExpertShares::probabilities), tokens);
    Operand<TFloat32> experts = tf.dtypes.cast(tf.size(p), TFloat32.class);
    Operand<TFloat32> loss = tf.math.mul(experts, tf.sum(tf.math.mul(f, p), tf.constant(0)));
    return tf.math.mul(loss, share(tf, c));
  }

  private static Operand<TFloat32> sum(
      Ops tf, List<ExpertShares> layers, Function<ExpertShares, Operand<TFloat32>> which) {
    return tf.math.addN(layers.stream().map(which).toList());
  }

  /** Rows of this micro-batch among the step's. */
  private Operand<TFloat32> share(Ops tf, StepContext c) {
    List<Operand<TInt32>> own = segments.stream().sorted().map(c::rows).toList();
    List<Operand<TFloat32>> whole = segments.stream().sorted().map(c::stepRows).toList();
    return tf.math.div(tf.dtypes.cast(tf.math.addN(own), TFloat32.class), tf.math.addN(whole));
  }
}
