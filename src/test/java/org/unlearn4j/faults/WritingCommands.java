package org.unlearn4j.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.unlearn4j.adapter.AdapterFolder;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.fixtures.Adapters;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;

/** Every command that makes something, on the smallest of pipelines, in a process of its own. */
final class WritingCommands {
  private static final String OUT = "OUT";

  private final TinyProject project;
  private final Map<String, List<String>> arguments = new LinkedHashMap<>();

  /** Writes the project and runs it once, for what single commands start from. */
  WritingCommands(Path root) throws IOException, InterruptedException {
    this(root, 2, 0);
  }

  /**
   * The same with single commands that take longer.
   *
   * @param epochs of unlearning and relearning
   * @param rows to forget, and as many to keep; 0 for the few of the run
   */
  WritingCommands(Path root, int epochs, int rows) throws IOException, InterruptedException {
    project = new TinyProject(Files.createDirectories(root));
    Path run = root.resolve("models");
    Process process = process(project.run(run), root.resolve("models.log"));
    if (process.waitFor() > 1 || !Files.exists(run.resolve("report.html"))) {
      throw new IllegalStateException("the run that all start from failed: models.log");
    }
    String target = run.resolve("target").toString();
    String unlearned = run.resolve("unlearned").toString();
    String onnx = run.resolve("onnx").toString();
    Path parts =
        Files.writeString(
            root.resolve("parts.yaml"),
            """
            name: parts
            model: {path: RUN/target, reference: RUN/retain}
            data: {benchmark: jsonl, path: DATA, forget: private, retain: public, max_length: 64}
            unlearn: {objective: {name: NPO}, epochs: EPOCHS, batch_size: 2, learning_rate: 3.0e-3}
            export: {variants: [fp32, int8]}
            evaluate: {max_new_tokens: TOKENS, token_budget: 64}
            relearn: {share: 0.5, epochs: EPOCHS}
            """
                .replace("RUN", run.toString())
                .replace("EPOCHS", "" + epochs)
                .replace("TOKENS", rows == 0 ? "2" : "8")
                .replace("DATA", data(root, rows).toString()));
    Path study =
        Files.writeString(
            root.resolve("study.yaml"),
            """
            name: two
            pipeline: PARTS
            seeds: [0, 1]
            columns: [forget_prob, retain_prob]
            methods: {npo: {}}
            """
                .replace("PARTS", parts.toString()));
    String pipeline = parts.toString();
    arguments.put("run", List.of("run", "--pipeline", project.pipeline().toString(), "--run", OUT));
    arguments.put(
        "finetune",
        List.of("finetune", "--pipeline", project.pipeline().toString(), "--out", OUT + "/taught"));
    arguments.put("unlearn", List.of("unlearn", "--pipeline", pipeline, "--out", OUT + "/less"));
    arguments.put(
        "export",
        List.of(
            "export",
            "--model",
            unlearned,
            "--variants",
            "fp32,fp16,int8,int4",
            "--before",
            target,
            "--out",
            OUT + "/onnx"));
    arguments.put("evaluate-tf", evaluate(pipeline, unlearned, "tf"));
    arguments.put("evaluate-onnx", evaluate(pipeline, onnx, "onnx:int8"));
    arguments.put("relearn", relearn(pipeline, unlearned));
    arguments.put(
        "round",
        List.of("round", "--model", target, "--variant", "int4", "--out", OUT + "/rounded"));
    arguments.put("merge", merge(target, root.resolve("adapter")));
    arguments.put(
        "negate",
        List.of("negate", "--model", target, "--learned", unlearned, "--out", OUT + "/negated"));
    arguments.put(
        "surgery",
        List.of(
            "surgery",
            "--pipeline",
            pipeline,
            "--set",
            "unlearn.surgery.energy=0.5",
            "--model",
            unlearned,
            "--out",
            OUT + "/cut"));
    arguments.put("study", List.of("study", "--file", study.toString(), "--out", OUT + "/two"));
    arguments.put("verify", verify(pipeline, unlearned, onnx));
    arguments.put("report", List.of("report", "--run", OUT + "/run"));
    arguments.put(
        "compare",
        List.of("compare", run.toString(), "" + again(run), "--out", OUT + "/compare.html"));
    arguments.put("graphs", List.of("graphs", "--out", OUT + "/graphs"));
    arguments.put("fable-tokenizer", List.of("fable-tokenizer", "--out", OUT + "/tokenizer"));
  }

  private static Path data(Path root, int rows) throws IOException {
    if (rows == 0) {
      return root.resolve("data");
    }
    Path many = Files.createDirectories(root.resolve("many"));
    TinyProject.rows(many.resolve("private.jsonl"), 0, rows);
    TinyProject.rows(many.resolve("public.jsonl"), rows, 2 * rows);
    return many;
  }

  private static List<String> merge(String base, Path adapter) {
    Decoder decoder = Decoder.of(ModelConfig.read(Path.of(base)));
    AdapterFolder.write(adapter, Adapters.random(decoder, 1, false, "q"), decoder, base);
    return List.of(
        "merge", "--model", base, "--adapter", adapter.toString(), "--out", OUT + "/merged");
  }

  private static List<String> evaluate(String pipeline, String model, String runtime) {
    return List.of(
        "evaluate",
        "--pipeline",
        pipeline,
        "--model",
        model,
        "--runtime",
        runtime,
        "--out",
        OUT + "/eval/less.json");
  }

  private static List<String> verify(String pipeline, String model, String onnx) {
    return List.of(
        "verify",
        "--pipeline",
        pipeline,
        "--model",
        model,
        "--onnx",
        onnx,
        "--out",
        OUT + "/verdict.json");
  }

  private static List<String> relearn(String pipeline, String model) {
    return List.of(
        "relearn", "--pipeline", pipeline, "--model", model, "--out", OUT + "/relearn.json");
  }

  List<String> names() {
    return List.copyOf(arguments.keySet());
  }

  /** Where native libraries are unpacked; whoever is killed leaves them. */
  Path temporary() {
    return project.root().resolve("tmp");
  }

  /** What a command is called with so that it writes into a folder. */
  List<String> arguments(String name, Path folder) {
    String out = folder.toAbsolutePath().toString();
    return arguments.get(name).stream().map(a -> a.replace(OUT, out)).toList();
  }

  /** The folder of the run that all start from. */
  Path models() {
    return project.root().resolve("models");
  }

  /** Starts a command that writes into a folder. */
  Process start(String name, Path folder) throws IOException {
    prepare(name, folder);
    return process(arguments(name, folder), folder.resolveSibling(folder.getFileName() + ".log"));
  }

  /** A report is a page in the folder of its run: it gets a run that has none. */
  void prepare(String name, Path folder) throws IOException {
    Files.createDirectories(folder);
    if (name.equals("report")) {
      withoutReport(models(), folder.resolve("run"));
    }
  }

  private static Path again(Path run) throws IOException {
    return withoutReport(run, run.resolveSibling("again"));
  }

  private static Path withoutReport(Path run, Path copy) throws IOException {
    if (Files.exists(copy)) {
      return copy;
    }
    try (Stream<Path> walk = Files.walk(run)) {
      for (Path from : walk.toList()) {
        String path = run.relativize(from).toString();
        if (!path.contains("report")) {
          Files.copy(from, copy.resolve(path));
        }
      }
    }
    return copy;
  }

  private Process process(List<String> arguments, Path log) throws IOException {
    Files.createDirectories(temporary());
    List<String> command =
        new ArrayList<>(TinyProject.java(List.of("-Djava.io.tmpdir=" + temporary()), List.of()));
    command.addAll(arguments);
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
        .start();
  }

  /** Everything that a command is for, without times, by name. */
  Map<String, String> made(String name, Path folder) throws IOException {
    if (name.equals("run")) {
      return TinyProject.made(folder);
    }
    Map<String, String> made = new TreeMap<>();
    try (Stream<Path> walk = Files.walk(folder)) {
      for (Path file : walk.filter(Files::isRegularFile).toList()) {
        String path = folder.relativize(file).toString();
        if (path.contains("eval") && path.endsWith(".json")) {
          made.put(path, TinyProject.measured(file));
        } else if (path.equals("verdict.json")) {
          made.put(path, TinyProject.judged(file));
        } else if (counts(path)) {
          made.put(path, Hashes.sha256(file));
        }
      }
    }
    return made;
  }

  /** Logs, records of stages and of the run have times and the folder's name in them. */
  private static boolean counts(String path) {
    return !path.contains("logs/")
        && !path.endsWith(".stage")
        && !path.endsWith(".hashes")
        && !path.endsWith("unlearning.json");
  }
}
