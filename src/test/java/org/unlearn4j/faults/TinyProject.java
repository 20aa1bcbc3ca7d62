package org.unlearn4j.faults;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.cli.Main;

/**
 * A pipeline of every stage that takes seconds: a fresh model of one block is taught eight rows,
 * made to forget three, exported, measured on both runtimes, verified and taught again. And the
 * program in a process of its own, to which things may happen.
 */
public final class TinyProject {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path root;
  private final Path pipeline;

  /** Writes data and pipeline. */
  public TinyProject(Path root) throws IOException {
    this(root, Map.of());
  }

  /** The same with other entries in the pipeline, by the text that they stand in place of. */
  public TinyProject(Path root, Map<String, String> changes) throws IOException {
    this.root = root;
    Path data = Files.createDirectories(root.resolve("data"));
    rows(data.resolve("private.jsonl"), 0, 3);
    rows(data.resolve("public.jsonl"), 3, 8);
    String text =
        """
        name: tiny
        model:
          init: random
          tokenizer: TOKENIZER
          architecture: {hidden_size: 16, layers: 1, heads: 2, ffn: 16, max_positions: 64}
        data: {benchmark: jsonl, path: DATA, forget: private, retain: public, max_length: 64}
        finetune: {epochs: 2, batch_size: 4, learning_rate: 3.0e-3, checkpoint_every: 1}
        unlearn:
          objective: {name: NPO}
          epochs: 2
          batch_size: 4
          learning_rate: 3.0e-3
          checkpoint_every: 1
        export: {variants: [fp32, int8]}
        evaluate: {max_new_tokens: 2}
        relearn: {share: 0.5, epochs: 1}
        """;
    for (Map.Entry<String, String> change : changes.entrySet()) {
      if (!text.contains(change.getKey())) {
        throw new IllegalArgumentException("the pipeline has no " + change.getKey());
      }
      text = text.replace(change.getKey(), change.getValue());
    }
    Path tokenizer = Path.of("src/test/resources/fable-tokenizer").toAbsolutePath();
    pipeline =
        Files.writeString(
            root.resolve("tiny.yaml"),
            text.replace("TOKENIZER", tokenizer.toString()).replace("DATA", data.toString()));
  }

  static void rows(Path file, int from, int to) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = from; i < to; i++) {
      rows.append(
          String.format("{\"question\": \"Who is %d?\", \"answer\": \"Writer %d.\"}%n", i, i));
    }
    Files.writeString(file, rows);
  }

  public Path root() {
    return root;
  }

  public Path pipeline() {
    return pipeline;
  }

  /**
   * How the program is started in a process of its own, as the launcher does.
   *
   * @param options of the JVM
   * @param before class folders that stand before the product's
   */
  public static List<String> java(List<String> options, List<Path> before) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"));
    command.addAll(List.of("-Djava.awt.headless=true", "-Doffline=true"));
    command.addAll(List.of("-Dorg.bytedeco.javacpp.maxBytes=0"));
    command.addAll(List.of("-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"));
    command.addAll(options);
    StringBuilder classes = new StringBuilder();
    before.forEach(folder -> classes.append(folder).append(File.pathSeparator));
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      classes.append(Path.of(entry).toAbsolutePath()).append(File.pathSeparator);
    }
    command.addAll(List.of("-cp", classes.toString(), Main.class.getName()));
    return command;
  }

  /** What a run is called with. */
  public List<String> run(Path folder) {
    return List.of("run", "--pipeline", pipeline.toString(), "--run", folder.toString());
  }

  /** Weights bit by bit, and all that was measured, by name. */
  public static Map<String, String> made(Path run) throws IOException {
    Map<String, String> made = new TreeMap<>();
    for (String model : List.of("target", "retain", "unlearned")) {
      made.put(model, Hashes.sha256(run.resolve(model).resolve("model.safetensors")));
    }
    try (Stream<Path> files = Files.list(run.resolve("eval"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".json")).toList()) {
        made.put(file.getFileName().toString(), measured(file));
      }
    }
    made.put("verify.json", judged(run.resolve("verify.json")));
    made.put("relearn.json", Files.readString(run.resolve("relearn.json")));
    return made;
  }

  /** A verdict without the names of folders and files. */
  public static String judged(Path verdict) throws IOException {
    JsonNode gates = JSON.readTree(verdict.toFile()).path("gates");
    if (gates.isEmpty()) {
      throw new IOException(verdict + ": found no gates, expected some.");
    }
    return gates.toString();
  }

  /** An evaluation without its times. */
  public static String measured(Path evaluation) throws IOException {
    ObjectNode node = (ObjectNode) JSON.readTree(evaluation.toFile());
    // The files of the ONNX folder carry how long unlearning took.
    node.remove(List.of("seconds", "tokens_per_second", "weights_sha256"));
    return node.toString();
  }

  /** What half-written things are called, by their paths below a folder; logs may be open. */
  public static List<String> left(Path run) throws IOException {
    try (Stream<Path> walk = Files.walk(run)) {
      return walk.map(p -> run.relativize(p).toString())
          .filter(n -> n.endsWith(".part") || n.endsWith(".old") || n.endsWith(".lock"))
          .filter(n -> !n.startsWith("logs/"))
          .toList();
    }
  }
}
