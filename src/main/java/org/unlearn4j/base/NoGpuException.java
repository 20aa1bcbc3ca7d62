package org.unlearn4j.base;

/** A GPU was asked for by name and none is to be had; who reports it adds why (exit code 3). */
public final class NoGpuException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * The beginning of a sentence, without its end: the reason follows.
   *
   * @param message for instance {@code model.device: found gpu:0, expected a GPU that TensorFlow
   *     sees}
   */
  public NoGpuException(String message) {
    super(message);
  }

  /**
   * The same where the runtime has said why.
   *
   * @param message with what the runtime said
   */
  public NoGpuException(String message, Throwable cause) {
    super(message, cause);
  }
}
