package org.unlearn4j.base;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Small programs that are asked for a few lines. */
public final class Programs {
  private static final int SECONDS = 10;

  private Programs() {}

  /**
   * Standard output of a program; empty where there is no such program, it did not end well, or not
   * within ten seconds, as a driver's tool does whose card hangs.
   */
  public static Optional<String> output(List<String> command) {
    return output(command, SECONDS);
  }

  static Optional<String> output(List<String> command, int seconds) {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    } catch (IOException e) {
      return Optional.empty();
    }
    // Read beside: a read waits for as long as the program does, and for whoever it has started.
    FutureTask<String> text = new FutureTask<>(() -> text(process));
    Futures.daemons("output of " + command.get(0)).newThread(text).start();
    try {
      boolean ended = process.waitFor(seconds, TimeUnit.SECONDS) && process.exitValue() == 0;
      return ended ? Optional.of(text.get(seconds, TimeUnit.SECONDS)) : Optional.empty();
    } catch (ExecutionException | TimeoutException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static String text(Process process) throws IOException {
    process.getOutputStream().close();
    try (InputStream in = process.getInputStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
