package org.unlearn4j.spark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;

/**
 * Starts the product's command line. A process of its own: its native libraries lie outside the
 * heap and the class path of the executor, and what ends it does not end the executor.
 *
 * @param home the product's folder
 * @param project where it is started
 * @param threads processors that it may use; 0 for all
 */
record Commands(Path home, Path project, int threads) {
  private static final int KEPT = 20;

  /**
   * Runs a command to its end. The process ends with this thread's interrupt, as Spark's when a
   * task is killed, and with this JVM where that ends in order.
   *
   * @param heard every line of standard error
   * @throws UncheckedIOException if there is no such program here
   */
  Outcome run(List<String> command, String where, Consumer<String> heard) {
    List<String> all = new ArrayList<>();
    all.add(home.toAbsolutePath().resolve("bin").resolve("unlearn4j").toString());
    all.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(all).directory(project.toFile());
    if (threads > 0) {
      builder
          .environment()
          .merge(
              "UNLEARN4J_JAVA_OPTS", "-XX:ActiveProcessorCount=" + threads, (a, b) -> a + " " + b);
    }
    long start = System.nanoTime();
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(where + ": " + e.getMessage(), e);
    }
    Thread ending = new Thread(process::destroy);
    Runtime.getRuntime().addShutdownHook(ending);
    try {
      Deque<String> log = new ArrayDeque<>();
      Thread err =
          new Thread(
              () ->
                  lines(
                      process.getErrorStream(),
                      line -> {
                        heard.accept(line);
                        log.add(line);
                        if (log.size() > KEPT) {
                          log.remove();
                        }
                      }));
      err.setDaemon(true);
      err.start();
      List<String> out = new ArrayList<>();
      Thread said = new Thread(() -> lines(process.getInputStream(), out::add));
      said.setDaemon(true);
      said.start();
      int code = process.waitFor(); // an interrupt reaches this, but no read from a pipe
      said.join();
      err.join();
      double seconds = (System.nanoTime() - start) / 1e9;
      return new Outcome(code, out, List.copyOf(log), where, seconds);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(where + ": interrupted", e);
    } finally {
      process.destroy();
      try {
        boolean ignored = Runtime.getRuntime().removeShutdownHook(ending);
      } catch (IllegalStateException e) {
        // this JVM is ending, and has ended it
      }
    }
  }

  private static void lines(InputStream from, Consumer<String> to) {
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
      reader.lines().forEach(to);
    } catch (IOException | UncheckedIOException e) {
      to.accept("(the rest could not be read: " + e.getMessage() + ")");
    }
  }
}
