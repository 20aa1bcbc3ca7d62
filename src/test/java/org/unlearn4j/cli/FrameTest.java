package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.function.Supplier;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.exceptions.TFResourceExhaustedException;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.NoGpuException;
import org.unlearn4j.base.UserException;

class FrameTest {

  /** A command that prints its options, or throws what it was made with. */
  private record Probe(Supplier<Throwable> thrown) implements Command {
    @Override
    public String name() {
      return "probe";
    }

    @Override
    public String summary() {
      return "looks at a batch";
    }

    @Override
    public List<String> arguments() {
      return List.of("PATH");
    }

    @Override
    public Options options() {
      return CommandOptions.of(
          CommandOptions.required("input", "FILE", "a batch"),
          CommandOptions.value("steps", "N", "how many steps"),
          CommandOptions.value("rate", "X", "a number"),
          CommandOptions.set());
    }

    @Override
    public int run(CommandLine line, PrintStream out) {
      Throwable t = thrown.get();
      if (t instanceof Error e) {
        throw e;
      }
      if (t instanceof RuntimeException e) {
        throw e;
      }
      int steps = CommandOptions.integer(line, "steps", 1, 20);
      double rate = CommandOptions.number(line, "rate", 0.5);
      out.println(line.getArgList() + " " + steps + " " + rate + " " + CommandOptions.sets(line));
      return ExitCode.GATE;
    }
  }

  private static CommandRun run(String... args) {
    return CommandRun.of(List.of(new Probe(() -> null), new DoctorCommand()), args);
  }

  private static CommandRun thrown(Throwable t, String... more) {
    String[] args = more.length == 0 ? new String[] {"probe", "a", "--input", "b"} : more;
    return CommandRun.of(List.of(new Probe(() -> t)), args);
  }

  @Test
  void optionsAndArgumentsReachTheCommandAndItsCodeTheCaller() {
    CommandRun r =
        run("probe", "--set", "a=1", "path", "--input=b", "--set", "c=[2, 3]", "--rate", "-1e-3");
    assertEquals("", r.err());
    assertEquals("[path] 20 -0.001 [a=1, c=[2, 3]]\n", r.out());
    assertEquals(ExitCode.GATE, r.code());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          prob a --input b           | unlearn4j: found the unknown command prob, expected one of probe, doctor (did you mean probe?).
          probe a --inputt b         | unlearn4j probe: found the unknown option --inputt, expected one of --input, --steps, --rate, --set, --verbose, --help (did you mean --input?).
          probe a --in b             | unlearn4j probe: found the unknown option --in, expected one of --input, --steps, --rate, --set, --verbose, --help.
          probe a                    | unlearn4j probe: found no --input, expected it (see unlearn4j probe --help).
          probe a --input            | unlearn4j probe: found --input without a value, expected --input FILE.
          probe --input b            | unlearn4j probe: found no argument, expected PATH.
          probe a b --input b        | unlearn4j probe: found the arguments a b, expected PATH.
          probe a --input b --input c | unlearn4j probe: found --input twice, expected it once.
          probe a --input b --steps 0 | --steps: found 0, expected an integer of at least 1.
          probe a --input b --steps x | --steps: found x, expected an integer of at least 1.
          probe a --input b --rate NaN | --rate: found NaN, expected a number.
          doctor here                | unlearn4j doctor: found the argument here, expected options only.
          """)
  void aWrongCommandLineIsOneSentence(String line, String expected) {
    CommandRun r = run(line.split(" ", -1));
    assertEquals(expected + "\n", r.err());
    assertEquals("", r.out());
    assertEquals(ExitCode.USER, r.code());
  }

  /** Every empty path at once; an empty text is none of them. */
  @Test
  void anEmptyPathIsNotTheCurrentFolder() {
    CommandRun r = run("probe", "", "--input", " ", "--set", "");
    assertEquals(
        "unlearn4j probe: found an empty path, expected a file or folder (. is the current"
            + " folder): --input FILE, PATH.\n",
        r.err());
    assertEquals(ExitCode.USER, r.code());
    assertEquals(ExitCode.GATE, run("probe", ".", "--input", ".", "--set", "").code());
  }

  @Test
  void helpIsEverywhere() {
    CommandRun overview = run("--help");
    assertEquals(0, overview.code());
    assertTrue(overview.out().contains("  probe   looks at a batch\n"), overview.out());
    CommandRun help = run("probe", "--help");
    assertEquals(0, help.code());
    assertTrue(
        help.out().startsWith("Usage: unlearn4j probe PATH [options]\n\nLooks at a batch."),
        help.out());
    assertTrue(help.out().contains("--input FILE     a batch (required)\n"), help.out());
    assertEquals(help, run("help", "probe"));
    CommandRun nothing = run();
    assertEquals(ExitCode.USER, nothing.code());
    assertEquals(overview.out(), nothing.err());
    for (Command command : Commands.all()) {
      assertEquals(0, CommandRun.of(command.name(), "--help").code(), command.name());
    }
  }

  @Test
  void everyFailureHasItsExitCode() {
    assertFailure(
        ExitCode.USER,
        "a.json: found x, expected y.",
        new UserException("a.json: found x, expected y."));
    assertFailure(ExitCode.MACHINE, "disk full", new MachineException("disk full", null));
    assertFailure(
        ExitCode.MACHINE,
        "out of memory (Java heap space)",
        new OutOfMemoryError("Java heap space"));
    assertFailure(
        ExitCode.MACHINE,
        "TensorFlow ran out of memory",
        new IllegalStateException(
            "step 3", new TFResourceExhaustedException("OOM when allocating")));
    assertFailure(
        ExitCode.MACHINE,
        "ONNX Runtime ran out of memory",
        new IllegalStateException(
            new OrtException("Failed to allocate memory for requested buffer")));
    // The reason, which doctor gives too, differs from machine to machine; that there is one does
    // not.
    String gpu = "model.device: found gpu:0, expected a GPU that TensorFlow sees";
    assertFailure(ExitCode.MACHINE, gpu + ": ", new NoGpuException(gpu));
    assertFailure(ExitCode.MACHINE, "native library", new UnsatisfiedLinkError("no jnitensorflow"));
    assertFailure(
        ExitCode.MACHINE,
        "No space left",
        new UncheckedIOException(new IOException("No space left on device")));
    assertFailure(
        ExitCode.USER,
        "b.json: found no such file",
        new UncheckedIOException(new NoSuchFileException("b.json")));
    assertFailure(
        ExitCode.BUG, "this is a bug (NullPointerException: x)", new NullPointerException("x"));
    assertFailure(
        ExitCode.BUG,
        "this is a bug",
        new IllegalStateException(new OrtException("Invalid rank for input")));
    assertFailure(ExitCode.BUG, "this is a bug", new StackOverflowError());
  }

  private static void assertFailure(int code, String message, Throwable t) {
    CommandRun r = thrown(t);
    assertEquals(code, r.code(), r.err());
    assertTrue(r.err().contains(message), r.err());
    assertEquals(1, r.err().lines().count(), "one sentence, no trace: " + r.err());
    assertEquals("", r.out());
  }

  @Test
  void theTraceIsShownOnRequestOnly() {
    String[] args = {"probe", "a", "--input", "b", "--verbose"};
    CommandRun r = thrown(new IllegalStateException("x"), args);
    assertEquals(ExitCode.BUG, r.code());
    assertTrue(r.err().contains("\tat org.unlearn4j.cli."), r.err());
    assertFalse(thrown(new IllegalStateException("x")).err().contains("\tat "));
  }

  @Test
  void theVersionIsPrinted() {
    CommandRun r = run("--version");
    assertEquals(0, r.code());
    assertTrue(r.out().startsWith("unlearn4j "), r.out());
  }
}
