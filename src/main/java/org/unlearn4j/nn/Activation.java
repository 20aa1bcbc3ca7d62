package org.unlearn4j.nn;

/** Activation functions by their Hugging Face names. */
public enum Activation {
  /** {@code x * sigmoid(x)}. */
  SILU,
  /** {@code x/2 * (1 + erf(x / sqrt 2))}. */
  GELU,
  /** {@code x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))}. */
  GELU_TANH,
  RELU;

  /**
   * The function that a configuration names.
   *
   * @throws IllegalArgumentException for a name this project does not know
   */
  public static Activation named(String name) {
    return switch (name) {
      case "silu", "swish" -> SILU;
      case "gelu" -> GELU;
      case "gelu_new", "gelu_pytorch_tanh", "gelu_fast" -> GELU_TANH;
      case "relu" -> RELU;
      default ->
          throw new IllegalArgumentException(
              "activation \""
                  + name
                  + "\", expected one of silu, gelu, gelu_new, gelu_pytorch_tanh, relu");
    };
  }
}
