package org.unlearn4j.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** The program in a process of its own, with something wrong around it. */
final class Child {
  private static final int MINUTES = 10;

  private final Path folder;
  private final List<String> around = new ArrayList<>();
  private final List<String> options = new ArrayList<>();
  private ProcessBuilder.Redirect output;

  /** What it said and how it ended. */
  record End(int code, String out, String err) {
    /** Lines that a user takes for the reason, without progress and what TensorFlow says. */
    List<String> reasons() {
      return err.lines().filter(l -> l.matches(".*[.!]") && !l.startsWith("    ")).toList();
    }
  }

  /**
   * A process.
   *
   * @param folder for what it prints and what it unpacks
   */
  Child(Path folder) {
    this.folder = folder;
  }

  /** In a mount namespace of its own, after a shell command, for instance one that mounts. */
  Child after(String shell) throws IOException, InterruptedException {
    requireMounts();
    around.addAll(
        List.of("unshare", "--mount", "sh", "-c", "set -e; " + shell + "; exec \"$@\"", "sh"));
    return this;
  }

  /** Lists a folder's files when it has ended, for one that is mounted for the process alone. */
  Child listing(Path of, Path into) {
    String list = "\"$@\"; code=$?; find " + of + " > " + into + "; exit $code";
    around.addAll(List.of("sh", "-c", list, "sh"));
    return this;
  }

  /** With so much address space, in MiB. */
  Child within(int mebibytes) throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        succeeds("sh", "-c", "ulimit -v 4000000 && ulimit -c 0"),
        "this shell cannot limit a process's address space (ulimit -v)");
    String limit = "ulimit -c 0; ulimit -v " + 1024L * mebibytes + "; exec \"$@\"";
    around.addAll(List.of("sh", "-c", limit, "sh"));
    options.addAll(List.of("-Xmx256m", "-XX:ReservedCodeCacheSize=64m"));
    options.add("-XX:CompressedClassSpaceSize=64m");
    return this;
  }

  /**
   * Hears of signals even where whoever runs the tests ignores them, as work in a background does.
   */
  Child hearing() throws InterruptedException {
    if (hears()) {
      around.addAll(List.of("env", "--default-signal=INT,TERM,HUP"));
    }
    return this;
  }

  static boolean hears() throws InterruptedException {
    return succeeds("env", "--default-signal=INT,TERM,HUP", "true");
  }

  Child to(Path file) {
    output = ProcessBuilder.Redirect.to(file.toFile());
    return this;
  }

  Process start(List<String> arguments) throws IOException {
    Path temporary = Files.createDirectories(folder.resolve("tmp"));
    options.add("-Djava.io.tmpdir=" + temporary);
    List<String> command = new ArrayList<>(around);
    command.addAll(TinyProject.java(options, List.of()));
    command.addAll(arguments);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(output == null ? to("said") : output)
            .redirectError(to("complained"));
    builder.environment().put("TF_CPP_MIN_LOG_LEVEL", "2");
    builder.environment().put("ORT_DISABLE_TELEMETRY", "1");
    return builder.start();
  }

  private ProcessBuilder.Redirect to(String name) {
    return ProcessBuilder.Redirect.to(folder.resolve(name).toFile());
  }

  End run(List<String> arguments) throws IOException, InterruptedException {
    return end(start(arguments));
  }

  /** Waits; what has not ended by itself after minutes hangs. */
  End end(Process process) throws IOException, InterruptedException {
    if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError("hung; it said " + read("complained"));
    }
    return new End(process.exitValue(), read("said"), read("complained"));
  }

  private String read(String name) throws IOException {
    Path file = folder.resolve(name);
    return Files.exists(file) ? Files.readString(file) : "";
  }

  /** Mounting takes root, or Linux's user namespaces; tests that need it say so and are skipped. */
  private static void requireMounts() throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        succeeds("unshare", "--mount", "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /mnt"),
        "this user may not mount a small file system (unshare --mount, mount -t tmpfs)");
  }

  private static boolean succeeds(String... command) throws InterruptedException {
    try {
      return new ProcessBuilder(command)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false; // no such program
    }
  }
}
