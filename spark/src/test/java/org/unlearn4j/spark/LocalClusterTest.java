package org.unlearn4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two executors, each a process, and the product's own command line. */
class LocalClusterTest {
  private static final Path HOME = Path.of(System.getProperty("unlearn4j.home"));
  private static final Path ROOT =
      Path.of(System.getProperty("project.root")).toAbsolutePath().normalize();

  @TempDir Path temp;
  private JavaSparkContext spark;
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

  /** A SPARK_HOME of the jars that this test has on its class path. */
  @BeforeEach
  void start() throws IOException {
    assertTrue(
        Files.isExecutable(HOME.resolve("bin/unlearn4j")), HOME + ": no product, see make build");
    Path jars = Files.createDirectories(Path.of("target/home/jars"));
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path path = Path.of(entry).toAbsolutePath();
      Path link = jars.resolve(path.getFileName());
      if (entry.endsWith(".jar") && !Files.exists(link)) {
        Files.createSymbolicLink(link, path);
      }
    }
    SparkConf conf =
        new SparkConf()
            .setMaster("local-cluster[2,1,1024]")
            .setAppName("LocalClusterTest")
            .setSparkHome(jars.getParent().toAbsolutePath().toString())
            .set("spark.log.level", "ERROR")
            .set("spark.scheduler.minRegisteredResourcesRatio", "1")
            .set("spark.executor.memory", "512m")
            .set("spark.ui.enabled", "false")
            .set("spark.executor.extraClassPath", Path.of("target/classes").toAbsolutePath() + "")
            .set("spark.driver.host", "127.0.0.1")
            .set("spark.driver.bindAddress", "127.0.0.1");
    spark = new JavaSparkContext(conf);
  }

  @AfterEach
  void end() {
    spark.close();
  }

  private int run(int units, String... command) throws IOException {
    List<String> args =
        new ArrayList<>(
            List.of(
                "--units", units + "", "--home", HOME.toString(), "--project", ROOT.toString()));
    args.addAll(List.of(command));
    return new Engine(spark, new PrintStream(said, true, StandardCharsets.UTF_8))
        .run(
            Plan.parse(args.toArray(String[]::new)),
            new PrintStream(printed, true, StandardCharsets.UTF_8));
  }

  /** All that was told; the listener is told by a thread of its own. */
  private String log() {
    spark.close();
    return said.toString(StandardCharsets.UTF_8);
  }

  private Path pipeline() throws IOException {
    return Files.writeString(
        temp.resolve("p.yaml"),
        """
        name: spark
        model: {path: models/fable-target}
        data: {benchmark: fable, max_length: 96}
        unlearn: {objective: {name: NPO}}
        evaluate: {limit: 12, token_budget: 128, max_new_tokens: 8, threads: 1}
        """);
  }

  private String[] evaluate(Path out) throws IOException {
    return new String[] {
      "evaluate",
      "--pipeline",
      pipeline().toString(),
      "--model",
      "models/fable-target",
      "--runtime",
      "tf",
      "--out",
      out.toString()
    };
  }

  /** Without Spark, on as many threads. */
  private void local(String... command) {
    Outcome outcome =
        new Commands(HOME, ROOT, 1).run(List.of(command), "here", System.err::println);
    assertEquals(0, outcome.code(), outcome.failure("local"));
  }

  private static String timeless(Path file) throws IOException {
    return Files.readAllLines(file).stream()
        .filter(l -> !l.matches(" *\"(seconds|tokens_per_second)\" : .*"))
        .collect(Collectors.joining("\n"));
  }

  @Test
  void anEvaluationIsTheBytesOfALocalOne() throws IOException {
    Path whole = temp.resolve("local/t.json");
    local(evaluate(whole));
    Path out = temp.resolve("spark/t.json");
    int code = run(4, evaluate(out));
    assertEquals(0, code, log());
    assertEquals(timeless(whole), timeless(out));
    assertTrue(log().contains("[4/4] part "), log());
    assertTrue(printed.toString(StandardCharsets.UTF_8).contains("forget_prob"));
    assertTrue(log().contains(", executor 0: ") && log().contains(", executor 1: "), log());
  }

  /** What the input is at fault for no other machine does better: once, and by name. */
  @Test
  void aMistakeIsToldOnceWithItsPlace() throws IOException {
    String[] command = evaluate(temp.resolve("out/t.json"));
    command[4] = "models/none";
    assertEquals(2, run(2, command));
    assertTrue(log().contains("part 1/2 on "), log());
    assertTrue(log().contains("models/none"), log());
    assertFalse(Files.exists(temp.resolve("out/t.json")));
  }

  /**
   * A machine is lost: an executor and what it runs are killed while it has a unit. That unit is
   * made again elsewhere, those that were finished are not.
   */
  @Test
  void aLostExecutorCostsItsUnitOnly() throws Exception {
    Path whole = temp.resolve("local/t.json");
    local(evaluate(whole));
    Path out = temp.resolve("lost/t.json");
    Path first = temp.resolve("lost/t.json.shards");
    List<Long> killed = new ArrayList<>();
    Thread killer =
        new Thread(
            () -> {
              long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
              while (System.nanoTime() < end && killed.isEmpty()) {
                if (finished(first) >= 2) {
                  busy().ifPresent(e -> kill(e, killed));
                }
                pause();
              }
            });
    killer.start();
    int code = run(6, evaluate(out));
    assertEquals(0, code, log());
    killer.join();
    assertEquals(1, killed.size(), "an executor was killed");
    assertTrue(log().contains(" is gone ("), log());
    assertTrue(log().contains(" failed: "), log());
    assertEquals(timeless(whole), timeless(out));
    long made = log().lines().filter(l -> l.startsWith("[")).count();
    assertEquals(6, made, "each once: " + log());
  }

  private static void pause() {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static long finished(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> f.toString().endsWith(".stage")).count();
    } catch (IOException e) {
      return 0;
    }
  }

  /** An executor of this process that has a command running. */
  private static Optional<ProcessHandle> busy() {
    return ProcessHandle.current()
        .descendants()
        .filter(p -> commandLine(p).contains("CoarseGrainedExecutorBackend"))
        .filter(p -> p.children().anyMatch(c -> commandLine(c).contains("--shard")))
        .findFirst();
  }

  private static String commandLine(ProcessHandle p) {
    try {
      return Files.readString(Path.of("/proc/" + p.pid() + "/cmdline"));
    } catch (IOException e) {
      return "";
    }
  }

  private static void kill(ProcessHandle executor, List<Long> killed) {
    List<ProcessHandle> own = executor.descendants().toList();
    killed.add(executor.pid());
    boolean ignored = executor.destroyForcibly();
    own.forEach(ProcessHandle::destroyForcibly);
  }
}
