package org.unlearn4j.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.unlearn4j.base.AtomicFiles;

/**
 * Asks every reader about damaged files: {@code make fuzz CASES=20000 SEED=1}. A case is a function
 * of seed and number alone, so {@code FROM=123 CASES=1} with the same seed is it again. Cases run
 * in a process of their own, since some of them may end it; what is found lies in {@code
 * target/fuzz}.
 */
public final class Fuzzer {
  private static final Path FOUND = Path.of("target/fuzz");
  private static final Path AT = FOUND.resolve("at");
  private static final int HUNG = 99;

  private final List<FuzzTarget> targets = FuzzTargets.all();
  private final Map<String, FuzzCase> cases = new HashMap<>();
  private final Path root;
  private final long seed;

  Fuzzer(Path root, long seed) {
    this.root = root;
    this.seed = seed;
  }

  /** What a case was, and what is wrong with it. */
  record Found(String target, Map<String, byte[]> files, FuzzCase.Outcome outcome) {}

  /** The target of a case, by its weight. */
  private FuzzTarget target(Random r) {
    int at = r.nextInt(targets.stream().mapToInt(FuzzTarget::weight).sum());
    for (FuzzTarget t : targets) {
      at -= t.weight();
      if (at < 0) {
        return t;
      }
    }
    throw new IllegalStateException();
  }

  private static Random random(long seed, long number) {
    return new Random(seed * 1_000_003 + number);
  }

  private FuzzCase of(FuzzTarget target) {
    return cases.computeIfAbsent(target.name(), name -> new FuzzCase(target, root));
  }

  /** The name of a case's target. */
  String target(long number) {
    return target(random(seed, number)).name();
  }

  /** Runs a case. */
  Found run(long number) {
    Random r = random(seed, number);
    FuzzTarget target = target(r);
    FuzzCase each = of(target);
    Map<String, byte[]> files = each.damaged(r);
    return new Found(target.name(), files, each.run(files));
  }

  /** Runs a target with given files. */
  Found run(String name, Map<String, byte[]> files) {
    FuzzTarget target =
        targets.stream().filter(t -> t.name().equals(name)).findFirst().orElseThrow();
    return new Found(name, files, of(target).run(files));
  }

  /** The files of a folder, by path. */
  static Map<String, byte[]> files(Path folder) {
    Map<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> walk = Files.walk(folder)) {
      for (Path f : walk.filter(Files::isRegularFile).toList()) {
        files.put(folder.relativize(f).toString(), Files.readAllBytes(f));
      }
      return files;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Runs cases and says what was found; exit code 1 if anything was.
   *
   * @param args seed, number of the first case, number of cases
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    long seed = Long.parseLong(args[0]);
    long from = Long.parseLong(args[1]);
    long to = from + Long.parseLong(args[2]);
    if (args.length > 3) {
      System.exit(work(seed, from, to));
    }
    AtomicFiles.deleteTree(FOUND);
    Files.createDirectories(FOUND);
    List<String> crashes = new ArrayList<>();
    long start = System.nanoTime();
    for (long next = from; next < to; ) {
      int code = child(seed, next, to);
      long at = Files.exists(AT) ? Long.parseLong(Files.readString(AT)) : next;
      if (code != 0) {
        String how = code == HUNG ? "hung" : "ended the process (" + code + ")";
        crashes.add("case " + at + " " + how);
        note(at, how);
      }
      next = code == 0 ? to : at + 1;
    }
    List<String> found =
        Files.exists(FOUND.resolve("found.txt"))
            ? Files.readAllLines(FOUND.resolve("found.txt"))
            : List.of();
    found.forEach(System.out::println);
    System.out.printf(
        Locale.ROOT,
        "%d cases with seed %d in %.0f s: %d ended the process, %d breaches%n",
        to - from,
        seed,
        (System.nanoTime() - start) / 1e9,
        crashes.size(),
        found.size() - crashes.size());
    System.exit(found.isEmpty() ? 0 : 1);
  }

  private static int child(long seed, long from, long to) throws IOException, InterruptedException {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-XX:ErrorFile=" + FOUND.resolve("crash.log"),
            "-Djava.awt.headless=true",
            "-cp",
            System.getProperty("java.class.path"),
            Fuzzer.class.getName(),
            "" + seed,
            "" + from,
            "" + (to - from),
            "work");
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("TF_CPP_MIN_LOG_LEVEL", "3");
    builder.environment().put("ORT_DISABLE_TELEMETRY", "1");
    return builder
        .redirectOutput(ProcessBuilder.Redirect.INHERIT)
        .redirectError(ProcessBuilder.Redirect.appendTo(FOUND.resolve("stderr.txt").toFile()))
        .start()
        .waitFor();
  }

  private static int work(long seed, long from, long to) throws IOException {
    Path root = Files.createTempDirectory("unlearn4j-fuzz");
    Map<String, int[]> codes = new TreeMap<>();
    try {
      Fuzzer fuzzer = new Fuzzer(root, seed);
      for (long n = from; n < to; n++) {
        Files.writeString(AT, "" + n);
        Found found = fuzzer.run(n);
        FuzzCase.Outcome o = found.outcome();
        if (o.code() >= 0 && o.code() <= 3) {
          codes.computeIfAbsent(found.target(), t -> new int[4])[o.code()]++;
        }
        if (!o.breaches().isEmpty()) {
          Path kept = FOUND.resolve(found.target() + "/" + n);
          for (Map.Entry<String, byte[]> file : found.files().entrySet()) {
            Path path = kept.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.write(path, file.getValue());
          }
          note(n, found.target() + ": " + o.breaches());
        }
        if (o.code() == -1) {
          return HUNG;
        }
        if ((n + 1 - from) % 1000 == 0) {
          System.out.printf(Locale.ROOT, "%d of %d%n", n + 1 - from, to - from);
        }
      }
      codes.forEach(
          (target, c) ->
              System.out.printf(
                  Locale.ROOT,
                  "%-22s exit 0: %d, 1: %d, 2: %d, 3: %d%n",
                  target,
                  c[0],
                  c[1],
                  c[2],
                  c[3]));
      return 0;
    } finally {
      AtomicFiles.deleteTree(root);
    }
  }

  private static void note(long number, String what) throws IOException {
    String line = "case " + number + ": " + what.replace('\n', ' ') + "\n";
    Files.writeString(
        FOUND.resolve("found.txt"),
        line.length() > 3000 ? line.substring(0, 3000) + "\n" : line,
        StandardCharsets.UTF_8,
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }
}
