package org.unlearn4j.tf;

import java.util.ArrayList;
import java.util.List;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.SafeTensors;

/** Does a checkpoint hold what a configuration asks for? */
final class ParameterCheck {
  private ParameterCheck() {}

  /**
   * Under which name the checkpoint has a parameter: some published GPT-2 files leave out the
   * prefix.
   */
  static String stored(SafeTensors weights, Parameter p) {
    String bare =
        p.name().startsWith("transformer.")
            ? p.name().substring("transformer.".length())
            : p.name();
    return weights.contains(p.name()) ? p.name() : bare;
  }

  static void require(SafeTensors weights, List<Parameter> parameters) {
    List<String> mistakes = new ArrayList<>();
    for (Parameter p : parameters) {
      String name = stored(weights, p);
      if (!weights.contains(name)) {
        mistakes.add(
            weights.source()
                + ": found no tensor "
                + p.name()
                + ", expected one of shape "
                + p.shape()
                + ".");
      } else if (!weights.info(name).shape().equals(p.shape())) {
        mistakes.add(
            weights.source()
                + ", tensor "
                + name
                + ": found shape "
                + weights.info(name).shape()
                + ", expected "
                + p.shape()
                + " by config.json.");
      }
    }
    if (!mistakes.isEmpty()) {
      throw new UserException(String.join(System.lineSeparator(), mistakes));
    }
  }
}
