package org.unlearn4j.base;

/** The machine failed us (disk full, out of memory, no device): exit code 3. */
public final class MachineException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public MachineException(String message) {
    super(Sentences.limited(message));
  }

  public MachineException(String message, Throwable cause) {
    super(Sentences.limited(message), cause);
  }
}
