package org.unlearn4j.cli;

import ai.onnxruntime.OrtException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.tensorflow.exceptions.TFResourceExhaustedException;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.NativeMemory;
import org.unlearn4j.base.NoGpuException;
import org.unlearn4j.base.StopRequest;
import org.unlearn4j.base.UserException;
import org.unlearn4j.gpu.GpuCause;
import org.unlearn4j.gpu.GpuCauses;
import org.unlearn4j.gpu.GpuFactsReader;

/**
 * What a user is told about something thrown, and the exit code for it. Runtimes wrap what they
 * meet, so the causes are looked through too.
 */
record Failure(String message, int exitCode) {

  static Failure of(Throwable thrown) {
    return causes(thrown)
        .map(Failure::known)
        .flatMap(Optional::stream)
        .findFirst()
        .orElseGet(
            () ->
                new Failure(
                    "unlearn4j: this is a bug ("
                        + describe(thrown)
                        + "); run again with --verbose for the stack trace, and please report it.",
                    ExitCode.BUG));
  }

  private static Stream<Throwable> causes(Throwable thrown) {
    return Stream.iterate(thrown, t -> t != null, Throwable::getCause).limit(20);
  }

  private static Optional<Failure> known(Throwable t) {
    if (t instanceof UserException) {
      return Optional.of(new Failure(t.getMessage(), ExitCode.USER));
    }
    if (t instanceof StopRequest.Stopped) {
      return Optional.of(new Failure(t.getMessage(), ExitCode.MACHINE));
    }
    if (t instanceof MachineException) {
      return Optional.of(new Failure(t.getMessage(), ExitCode.MACHINE));
    }
    if (t instanceof NoGpuException) {
      List<GpuCause> causes = GpuCauses.of(GpuFactsReader.ofThisMachine(), Optional.empty());
      // A card that is there and cannot be opened: the runtime has said why already.
      boolean told = t.getCause() != null && causes.stream().noneMatch(GpuCause::hitsTensorFlow);
      String why =
          told
              ? "nvidia-smi shows which processes hold the card; the device cpu needs none"
              : GpuCauses.why(causes);
      return Optional.of(new Failure(t.getMessage() + ": " + why + ".", ExitCode.MACHINE));
    }
    if (t instanceof OutOfMemoryError) {
      return machine(
          "out of memory ("
              + t.getMessage()
              + "); UNLEARN4J_JAVA_OPTS=-Xmx8g gives the JVM more, a smaller batch"
              + " needs less");
    }
    if (t instanceof TFResourceExhaustedException) {
      return machine(
          "TensorFlow ran out of memory (" + describe(t) + "); a smaller batch needs less");
    }
    if (t instanceof NullPointerException && noTensor(t)) {
      return machine("TensorFlow found no memory for a tensor; a smaller batch needs less");
    }
    if (t instanceof OrtException && NativeMemory.lacked(t.getMessage())) {
      return machine(
          "ONNX Runtime ran out of memory (" + describe(t) + "); a smaller batch needs less");
    }
    if (t instanceof UnsatisfiedLinkError) {
      return machine(
          "a native library could not be loaded (" + describe(t) + "); see unlearn4j doctor");
    }
    return t instanceof UncheckedIOException u ? Optional.of(file(u.getCause())) : Optional.empty();
  }

  /**
   * Whether TensorFlow answered a request for a tensor with none, which its Java side goes on with.
   */
  private static boolean noTensor(Throwable t) {
    return t.getStackTrace().length > 0
        && t.getStackTrace()[0].getClassName().startsWith("org.tensorflow.")
        && String.valueOf(t.getMessage()).contains("TF_TensorData");
  }

  private static Failure file(IOException e) {
    if (e instanceof NoSuchFileException || e instanceof FileNotFoundException) {
      return new Failure(e.getMessage() + ": found no such file, expected a file.", ExitCode.USER);
    }
    return new Failure(
        "unlearn4j: reading or writing failed (" + describe(e) + ").", ExitCode.MACHINE);
  }

  private static Optional<Failure> machine(String what) {
    return Optional.of(new Failure("unlearn4j: " + what + ".", ExitCode.MACHINE));
  }

  /** The kind and the first line of the message. */
  private static String describe(Throwable t) {
    String first = String.valueOf(t.getMessage()).lines().findFirst().orElse("");
    return t.getClass().getSimpleName() + ": " + first;
  }
}
