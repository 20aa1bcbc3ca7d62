package org.unlearn4j.tf;

import java.nio.FloatBuffer;
import org.unlearn4j.nn.Parameter;

/** Where parameters get their values, piece by piece. */
@FunctionalInterface
public interface WeightSource {

  /**
   * Fills {@code to}, from its position to its limit.
   *
   * @param from index of the first value among the parameter's flattened ones
   */
  void read(Parameter p, long from, FloatBuffer to);
}
