package org.unlearn4j.check;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.MachineException;

/**
 * Programs that are run one after the other: each has the device's memory to itself, and one that
 * is killed takes nothing with it.
 *
 * @param folder they run in
 * @param limitSeconds after which a program is ended; asked when one begins
 * @param stopped whether to end the one that runs, asked again and again
 */
public record ChildProcess(Path folder, IntSupplier limitSeconds, BooleanSupplier stopped) {
  /** Exit code of a program that was ended: it ran past the limit, or was to stop. */
  static final int ENDED = 124;

  private static final int TAIL = 20;
  private static final long ASK_MILLIS = 100;

  /**
   * What a program did.
   *
   * @param code exit code; {@link #ENDED} where it was ended, 127 where it could not be started
   * @param out standard output
   * @param tail the last lines on standard error
   */
  public record Ended(int code, String out, String tail, double seconds) {}

  /**
   * Runs one to its end; throws nothing of its own making.
   *
   * @param command the program and its arguments
   * @param environment variables that are added
   * @throws MachineException if no temporary file could be made
   */
  public Ended run(List<String> command, Map<String, String> environment) {
    long start = System.nanoTime();
    Path out = temporary();
    Path err = temporary();
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      builder.environment().putAll(environment);
      int code = wait(builder);
      double seconds = (System.nanoTime() - start) / 1e9;
      List<String> lines = Files.readString(err, StandardCharsets.UTF_8).lines().toList();
      String tail =
          String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL), lines.size()));
      return new Ended(code, Files.readString(out, StandardCharsets.UTF_8), tail, seconds);
    } catch (IOException e) {
      return new Ended(127, "", String.valueOf(e.getMessage()), 0);
    } finally {
      AtomicFiles.deleteTree(out);
      AtomicFiles.deleteTree(err);
    }
  }

  private int wait(ProcessBuilder builder) throws IOException {
    Process process = builder.start();
    try {
      process.getOutputStream().close();
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(limitSeconds.getAsInt());
      while (System.nanoTime() < end && !stopped.getAsBoolean()) {
        if (process.waitFor(ASK_MILLIS, TimeUnit.MILLISECONDS)) {
          return process.exitValue();
        }
      }
      return ENDED;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return ENDED;
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static Path temporary() {
    try {
      return Files.createTempFile("unlearn4j", ".txt");
    } catch (IOException e) {
      throw new MachineException("a temporary file could not be made (" + e + ").", e);
    }
  }
}
