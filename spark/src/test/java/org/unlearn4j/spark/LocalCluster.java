package org.unlearn4j.spark;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** Executors, each a process of one core, and the product's own command line. */
final class LocalCluster implements AutoCloseable {
  static final Path HOME = Path.of(System.getProperty("unlearn4j.home"));
  static final Path ROOT = Path.of(System.getProperty("project.root")).toAbsolutePath().normalize();

  private final JavaSparkContext spark;
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

  /** A SPARK_HOME of the jars that this test has on its class path, and a cluster of it. */
  LocalCluster(int executors) throws IOException {
    if (!Files.isExecutable(HOME.resolve("bin/unlearn4j"))) {
      throw new IllegalStateException(HOME + ": no product, see make build");
    }
    Path jars = Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path path = Path.of(entry).toAbsolutePath();
      Path link = jars.resolve(path.getFileName());
      if (entry.endsWith(".jar") && !Files.exists(link)) {
        Files.createSymbolicLink(link, path);
      }
    }
    SparkConf conf =
        new SparkConf()
            .setMaster("local-cluster[" + executors + ",1,1024]")
            .setAppName("LocalCluster")
            .set("spark.log.level", "ERROR")
            .set("spark.scheduler.minRegisteredResourcesRatio", "1")
            .set("spark.executor.memory", "512m")
            .set("spark.ui.enabled", "false")
            .set(
                "spark.executor.extraClassPath",
                Path.of("target/classes").toAbsolutePath().toString())
            .set("spark.driver.host", "127.0.0.1")
            .set("spark.driver.bindAddress", "127.0.0.1");
    spark = new JavaSparkContext(conf);
  }

  int run(String project, int units, String... command) throws IOException {
    List<String> args =
        new ArrayList<>(
            List.of(
                "--units", String.valueOf(units), "--home", HOME.toString(), "--project", project));
    args.addAll(List.of(command));
    return new Engine(spark, new PrintStream(said, true, StandardCharsets.UTF_8))
        .run(
            Plan.parse(args.toArray(String[]::new)),
            new PrintStream(printed, true, StandardCharsets.UTF_8));
  }

  /** All that was told; the listener is told by a thread of its own, which ends with Spark. */
  String log() {
    spark.close();
    return said.toString(StandardCharsets.UTF_8);
  }

  String printed() {
    return printed.toString(StandardCharsets.UTF_8);
  }

  /** A pipeline in a folder, and the command that evaluates the embedded target by it. */
  static String[] evaluate(Path folder, String out) throws IOException {
    Path pipeline =
        Files.writeString(
            folder.resolve("p.yaml"),
            """
            name: spark
            model: {path: models/fable-target}
            data: {benchmark: fable, max_length: 96}
            unlearn: {objective: {name: NPO}}
            evaluate: {limit: 12, token_budget: 128, max_new_tokens: 8, threads: 1}
            """);
    return new String[] {
      "evaluate",
      "--pipeline",
      pipeline.toString(),
      "--model",
      "models/fable-target",
      "--runtime",
      "tf",
      "--out",
      out
    };
  }

  /** Without Spark, on as many threads. */
  static String local(String... command) throws IOException {
    Outcome outcome =
        new Commands(HOME, ROOT, 1).run(List.of(command), "here", System.err::println);
    if (!outcome.done()) {
      throw new IllegalStateException(outcome.failure("local"));
    }
    return timeless(Path.of(command[command.length - 1]));
  }

  /** An evaluation without how long it took. */
  static String timeless(Path file) throws IOException {
    return Files.readAllLines(file).stream()
        .filter(l -> !l.matches(" *\"(seconds|tokens_per_second)\" : .*"))
        .collect(Collectors.joining("\n"));
  }

  @Override
  public void close() {
    spark.close();
  }
}
