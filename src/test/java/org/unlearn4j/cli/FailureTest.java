package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** What a user is told about something thrown. */
class FailureTest {
  private static final String NO_DATA =
      "Cannot invoke \"Pointer.capacity(long)\" because the return value of"
          + " \"tensorflow.TF_TensorData(TF_Tensor)\" is null";

  private static Throwable thrown(String message, String in) {
    NullPointerException e = new NullPointerException(message);
    e.setStackTrace(new StackTraceElement[] {new StackTraceElement(in, "of", null, 1)});
    return e;
  }

  /** TensorFlow has no memory for a tensor, gives none, and its Java side goes on with it. */
  @Test
  void tensorThatIsNotThereIsWantOfMemory() {
    Failure failure = Failure.of(thrown(NO_DATA, "org.tensorflow.RawTensor"));
    assertEquals(ExitCode.MACHINE, failure.exitCode());
    assertEquals(
        "unlearn4j: TensorFlow found no memory for a tensor; a smaller batch needs less.",
        failure.message());
  }

  /** Anything else that is null is a mistake of the program, in TensorFlow's classes too. */
  @Test
  void otherNullsAreBugs() {
    assertEquals(
        ExitCode.BUG, Failure.of(thrown(NO_DATA, "org.unlearn4j.tf.Variables")).exitCode());
    assertEquals(
        ExitCode.BUG, Failure.of(thrown("\"x\" is null", "org.tensorflow.Graph")).exitCode());
  }
}
