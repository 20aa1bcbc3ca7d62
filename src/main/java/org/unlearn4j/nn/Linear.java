package org.unlearn4j.nn;

import java.util.Optional;

/**
 * A linear map.
 *
 * @param weight {@code [out, in]}, or {@code [in, out]} if {@code inOut}
 * @param bias {@code [out]}
 * @param inOut the layout of GPT-2's "Conv1D"; nearly everybody else stores {@code [out, in]}
 */
public record Linear(Parameter weight, Optional<Parameter> bias, boolean inOut) {

  /** {@code name.weight [out, in]} and, if wanted, {@code name.bias [out]}. */
  public static Linear of(String name, int in, int out, boolean bias) {
    return new Linear(Parameter.matrix(name + ".weight", out, in), bias(name, out, bias), false);
  }

  /** {@code name.weight [in, out]} and {@code name.bias [out]}. */
  public static Linear inOut(String name, int in, int out) {
    return new Linear(Parameter.matrix(name + ".weight", in, out), bias(name, out, true), true);
  }

  /** A head that reads an embedding table {@code [vocab, hidden]}. */
  public static Linear tied(Parameter table) {
    return new Linear(table, Optional.empty(), false);
  }

  /** The name of the module, without {@code .weight}. */
  public String module() {
    String name = weight.name();
    return name.endsWith(".weight") ? name.substring(0, name.length() - ".weight".length()) : name;
  }

  public int in() {
    return weight.dim(inOut ? 0 : 1);
  }

  public int out() {
    return weight.dim(inOut ? 1 : 0);
  }

  private static Optional<Parameter> bias(String name, int out, boolean wanted) {
    return wanted
        ? Optional.of(Parameter.vector(name + ".bias", out, Parameter.Init.ZEROS))
        : Optional.empty();
  }
}
