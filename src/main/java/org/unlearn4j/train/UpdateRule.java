package org.unlearn4j.train;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.Variables;

/** How a parameter moves by its gradient, and what is remembered of gradients for it. */
sealed interface UpdateRule permits AdamW, AdamW8bit, Adafactor {

  /**
   * Adds the update of one parameter to the graph.
   *
   * @param gradient clipped
   * @param before operations that the update has to wait for
   * @return all that the update consists of
   */
  List<Op> update(Parameter p, Operand<TFloat32> gradient, List<Op> before);

  /**
   * Whether one parameter's update is to be over before the next one's begins: what it makes on its
   * way is as large as the parameter and should not be there for all of them.
   */
  boolean oneAtATime();

  /** What is remembered from step to step; zero at first. */
  List<Variables> state();

  /**
   * Feeds one update.
   *
   * @param t counts updates from 1
   */
  void feed(Feeds feeds, int t, double lr);
}
