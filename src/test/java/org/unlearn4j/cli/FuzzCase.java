package org.unlearn4j.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.unlearn4j.base.AtomicFiles;

/**
 * One target's folder, and what is held against the contract when it is read: exit code 0, 1, 2 or
 * 3; at most 20 sentences of at most 500 characters; five seconds of this thread; inputs as they
 * were, and nothing half written.
 */
final class FuzzCase {
  private static final double CPU_SECONDS = 5;

  /** Of this thread; then, whatever the rest of the machine does, of waiting. */
  private static final double HANG_CPU_SECONDS = 30;

  private static final long HANG_SECONDS = 600;

  private final FuzzTarget target;
  private final Path folder;
  private final Path out;
  private final Map<String, byte[]> seeds;

  FuzzCase(FuzzTarget target, Path root) {
    this.target = target;
    this.folder = root.resolve(target.name()).resolve("in");
    this.out = root.resolve(target.name()).resolve("out");
    try {
      Files.createDirectories(folder);
      target.seeds().into(folder);
      this.seeds = content();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What came of a case: what is wrong with it, if anything, and how it ended. */
  record Outcome(List<String> breaches, int code, String err, double seconds) {}

  /** The files that a random case changes. */
  Map<String, byte[]> damaged(Random r) {
    Map<String, byte[]> changed = new TreeMap<>();
    List<String> names = target.formats().keySet().stream().sorted().toList();
    for (int i = r.nextInt(8) == 0 ? 2 : 1; i > 0; i--) {
      String name = FuzzFormat.pick(names, r);
      changed.put(name, target.formats().get(name).damaged(seeds.get(name), r));
    }
    return changed;
  }

  /** Runs the target on its folder with some files changed. */
  Outcome run(Map<String, byte[]> changed) {
    try {
      for (Map.Entry<String, byte[]> file : changed.entrySet()) {
        Path path = folder.resolve(file.getKey());
        Files.createDirectories(path.getParent());
        Files.write(path, file.getValue());
      }
      Files.createDirectories(out);
      Map<String, byte[]> inputs = new TreeMap<>(seeds);
      inputs.putAll(changed);
      Outcome outcome = run();
      outcome.breaches().addAll(untouched(inputs));
      outcome.breaches().addAll(halfWritten());
      return outcome;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      restore(changed);
    }
  }

  private Outcome run() {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    PrintStream err = new PrintStream(said, true, StandardCharsets.UTF_8);
    CompletableFuture<Integer> code = new CompletableFuture<>();
    double[] cpu = new double[1];
    Thread thread =
        new Thread(
            () -> {
              try {
                code.complete(target.action().run(folder, out, err));
              } catch (Throwable t) { // the frame lets nothing through: a breach by itself
                code.completeExceptionally(t);
              }
              cpu[0] = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1e9;
            },
            target.name());
    thread.setDaemon(true);
    long start = System.nanoTime();
    thread.start();
    List<String> breaches = new ArrayList<>();
    int exit = -1;
    try {
      exit = wait(code, thread);
      thread.join();
    } catch (TimeoutException e) {
      breaches.add("hang at " + stack(thread));
    } catch (ExecutionException e) {
      breaches.add("thrown: " + e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    String text = said.toString(StandardCharsets.UTF_8);
    check(exit, text, breaches);
    if (cpu[0] > CPU_SECONDS) {
      breaches.add("slow: " + cpu[0] + " s");
    }
    return new Outcome(breaches, exit, text, seconds);
  }

  private static int wait(CompletableFuture<Integer> code, Thread thread)
      throws TimeoutException, ExecutionException, InterruptedException {
    for (int waited = 0; ; waited++) {
      try {
        return code.get(1, TimeUnit.SECONDS);
      } catch (TimeoutException e) {
        double used = ManagementFactory.getThreadMXBean().getThreadCpuTime(thread.getId()) / 1e9;
        if (used > HANG_CPU_SECONDS || waited > HANG_SECONDS) {
          throw e;
        }
      }
    }
  }

  private static String stack(Thread thread) {
    return Arrays.stream(thread.getStackTrace()).limit(8).toList().toString();
  }

  private static void check(int exit, String text, List<String> breaches) {
    if (exit == ExitCode.BUG) {
      breaches.add("exit 70: " + text.lines().limit(12).toList());
      return;
    }
    if (exit < 0 || exit > ExitCode.MACHINE) {
      return; // told already
    }
    if (exit >= ExitCode.USER && text.isBlank()) {
      breaches.add("exit " + exit + " without a word");
    }
    if (text.contains("out of memory")) {
      breaches.add("out of memory: " + text);
    }
    List<String> lines = text.lines().toList();
    if (lines.size() > 20) {
      breaches.add(lines.size() + " sentences");
    }
    for (String line : lines) {
      boolean control = line.chars().anyMatch(c -> Character.isISOControl(c));
      if (line.length() > 500 || control || !line.endsWith(".")) {
        breaches.add("no short sentence: " + line);
      }
    }
  }

  private Map<String, byte[]> content() {
    Map<String, byte[]> content = new TreeMap<>();
    try (Stream<Path> walk = Files.walk(folder)) {
      for (Path file : walk.filter(Files::isRegularFile).toList()) {
        content.put(folder.relativize(file).toString(), Files.readAllBytes(file));
      }
      return content;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<String> untouched(Map<String, byte[]> inputs) {
    List<String> breaches = new ArrayList<>();
    Map<String, byte[]> now = content();
    inputs.forEach(
        (name, bytes) -> {
          if (!Arrays.equals(bytes, now.get(name))) {
            breaches.add("input changed: " + name);
          }
        });
    return breaches;
  }

  /** What is written beside, to be renamed when it is whole, is not there afterwards. */
  private List<String> halfWritten() throws IOException {
    try (Stream<Path> walk = Files.walk(out.getParent())) {
      return walk.filter(p -> p.getFileName().toString().matches("\\..*[.](part|old)"))
          .map(p -> "half written: " + p)
          .toList();
    }
  }

  private void restore(Map<String, byte[]> changed) {
    try {
      AtomicFiles.deleteTree(out);
      for (String name : changed.keySet()) {
        Files.deleteIfExists(folder.resolve(name));
      }
      Map<String, byte[]> now = content();
      for (String name : now.keySet()) {
        if (!seeds.containsKey(name)) {
          Files.delete(folder.resolve(name)); // a report, in the folder of its run
        }
      }
      for (Map.Entry<String, byte[]> seed : seeds.entrySet()) {
        if (!Arrays.equals(seed.getValue(), now.get(seed.getKey()))) {
          Files.write(folder.resolve(seed.getKey()), seed.getValue());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
