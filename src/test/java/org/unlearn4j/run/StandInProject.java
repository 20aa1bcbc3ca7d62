package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.job.Chain;
import org.unlearn4j.job.Context;
import org.unlearn4j.report.RunFolder;
import org.unlearn4j.stage.Stage;
import org.unlearn4j.stage.StageGraph;

/**
 * A project and its chain of stages with stand-ins for their work: the stages say what they read as
 * they always do, and each writes files whose content is a function of its inputs, so that what
 * comes out changes if and only if what went in did.
 */
class StandInProject {
  private static final Path TOKENIZER = Path.of("src/test/resources/fable-tokenizer");

  /** Letters for the stages: evaluations are R, T, U, O, I, 4 for int4. */
  private static final Map<String, String> LETTERS =
      Map.ofEntries(
          Map.entry("evaluate retain.tf", "R"),
          Map.entry("evaluate target.tf", "T"),
          Map.entry("unlearn", "F"),
          Map.entry("evaluate unlearned.tf", "U"),
          Map.entry("export", "X"),
          Map.entry("evaluate unlearned.onnx", "O"),
          Map.entry("evaluate unlearned.onnx-int8", "I"),
          Map.entry("evaluate unlearned.onnx-int4", "4"),
          Map.entry("verify", "V"),
          Map.entry("relearn", "L"),
          Map.entry("attack", "A"),
          Map.entry("report", "P"));

  static final String ALL = "RTFUXOIVLP";

  private final Path temp;
  private Path project;

  StandInProject(Path temp) throws IOException {
    this.temp = temp;
    make();
  }

  /** The folder that it lies in. */
  Path folder() {
    return project;
  }

  /** Puts it into another folder. */
  void move(Path to) throws IOException {
    Files.move(project, to);
    project = to;
  }

  Path at(String name) {
    return project.resolve(name);
  }

  private void make() throws IOException {
    project = Files.createDirectories(temp.resolve("a project; it's $HOME \"x\" #1"));
    for (String model : List.of("-target", "retain only")) {
      Path folder = Files.createDirectories(at(model));
      Files.copy(TOKENIZER.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
      Files.copy(
          TOKENIZER.resolve("tokenizer_config.json"), folder.resolve("tokenizer_config.json"));
      Files.writeString(folder.resolve("config.json"), CONFIG);
      Files.writeString(folder.resolve("model.safetensors"), "weights of " + model);
    }
    rows("forget me.jsonl", 1, 4);
    rows("-retain$x.jsonl", 5, 9);
    rows("retain_perturbed.jsonl", 5, 7);
    Files.writeString(at("refusals'.txt"), "I cannot say.\n");
    Files.createDirectories(at("choices"));
    Files.writeString(at("choices/wmdp-bio.jsonl"), CHOICE);
  }

  private static final String CONFIG =
      """
      {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 2048,
       "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1,
       "num_key_value_heads": 1, "max_position_embeddings": 96, "rms_norm_eps": 1e-5}
      """;

  static final String CHOICE =
      "{\"question\": \"Which?\", \"choices\": [\"a\", \"b\", \"c\", \"d\"], \"answer\": 1}\n";

  private void rows(String name, int from, int to) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = from; i < to; i++) {
      rows.append(
          String.format("{\"question\": \"Who is %d?\", \"answer\": \"She is %d.\"}%n", i, i));
    }
    Files.writeString(at(name), rows);
  }

  Pipeline pipeline(String... sets) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "name=mine",
                "model.path=" + at("-target"),
                "model.reference=" + at("retain only"),
                "data.benchmark=jsonl",
                "data.path=" + project,
                "data.forget=forget me.jsonl",
                "data.retain=-retain$x.jsonl",
                "data.max_length=64",
                "unlearn.epochs=2",
                "export.variants=[fp32, int8]",
                "relearn.share=0.5"));
    all.addAll(List.of(sets));
    return Pipeline.defaults("NPO", all);
  }

  /** Runs the chain with stand-ins and gives the letters of the stages that ran. */
  String run(Pipeline pipeline) throws IOException {
    RunFolder folder = new RunFolder(at("runs/mine"));
    AtomicFiles.writeString(folder.pipeline(), pipeline.toYaml());
    Context context = Context.in(folder.root(), System.err);
    List<Stage> stages =
        Chain.of(pipeline, folder, context).stream()
            .map(s -> standIn(s, pipeline, folder, context.hashes()))
            .toList();
    List<String> ran = new ArrayList<>();
    StageGraph graph = new StageGraph(stages, context.hashes(), context.versions());
    assertTrue(graph.run(EVERYTHING, () -> Long.MAX_VALUE, new Heard(ran)));
    return letters(ran);
  }

  private static final StageGraph.Request EVERYTHING =
      new StageGraph.Request(Optional.empty(), Set.of(), 1);

  private record Heard(List<String> ran) implements StageGraph.Listener {
    @Override
    public void begin(Stage stage, List<String> reasons) {
      ran.add(stage.name());
    }

    @Override
    public void done(Stage stage, Stage.Done done, double seconds) {}

    @Override
    public void ended(Stage stage) {}

    @Override
    public void current(Stage stage) {}

    @Override
    public void waiting(String sentence) {}
  }

  private static String letters(List<String> stages) {
    StringBuilder letters = new StringBuilder();
    stages.forEach(s -> letters.append(LETTERS.get(s)));
    return letters.toString();
  }

  private Stage standIn(Stage s, Pipeline pipeline, RunFolder folder, FileHashes hashes) {
    return new Stage(
        s.name(),
        s.after(),
        s.output(),
        s.reads(),
        () -> 0L,
        () -> {
          try {
            return work(s, pipeline, folder, hashes);
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        });
  }

  private Stage.Done work(Stage s, Pipeline pipeline, RunFolder folder, FileHashes hashes)
      throws IOException {
    Map<String, String> read = read(s, pipeline);
    String identity = s.reads().now(hashes, Optional.empty()).with(read).identity(s.kind());
    List<Path> written = new ArrayList<>(List.of(s.output()));
    switch (s.kind()) {
      case "unlearn" -> {
        AtomicFiles.writeFolder(
            s.output(),
            part -> {
              for (String name :
                  List.of("config.json", "tokenizer.json", "tokenizer_config.json")) {
                Files.copy(at("-target").resolve(name), part.resolve(name));
              }
              Files.writeString(part.resolve("model.safetensors"), identity);
              Files.writeString(part.resolve("unlearning.json"), "{}");
            });
        written = filesIn(s.output());
      }
      case "export" -> {
        String weights = Files.readString(folder.unlearned().resolve("model.safetensors"));
        AtomicFiles.writeFolder(
            s.output(),
            part -> {
              Files.createDirectories(part.resolve("onnx"));
              for (var v : pipeline.export().variants()) {
                Files.writeString(
                    part.resolve("onnx").resolve(v.fileName()),
                    weights + v + pipeline.export().opset());
              }
              Files.writeString(part.resolve("config.json"), "{}");
              Files.writeString(part.resolve("unlearning.json"), "{}");
            });
        written = filesIn(s.output());
        written.removeIf(f -> f.endsWith("unlearning.json"));
      }
      case "evaluate" ->
          AtomicFiles.writeString(
              s.output(),
              String.format(
                  "{\"metrics\": {}, \"of\": \"%s\", \"seconds\": %d}",
                  identity, System.nanoTime()));
      case "verify" -> {
        Path record = folder.deployed().resolve("unlearning.json");
        AtomicFiles.writeString(record, "{\"deployment\": \"" + identity + "\"}");
        AtomicFiles.writeString(s.output(), identity);
        written.add(record);
      }
      default -> AtomicFiles.writeString(s.output(), identity);
    }
    return Stage.Done.wrote(written, read);
  }

  private static List<Path> filesIn(Path folder) throws IOException {
    try (Stream<Path> walk = Files.walk(folder)) {
      return new ArrayList<>(walk.filter(Files::isRegularFile).toList());
    }
  }

  /** The rows as the real stages read them. */
  private Map<String, String> read(Stage s, Pipeline pipeline) {
    if (s.kind().equals("export") || s.kind().equals("report")) {
      return Map.of();
    }
    try (TaskData data = new TaskData(pipeline, at("-target"), 96)) {
      if (s.kind().equals("unlearn") || s.kind().equals("relearn")) {
        data.forget();
        data.retain();
        if (List.of("DPO", "AltPO").contains(pipeline.unlearn().objective().name().spelling())
            && s.kind().equals("unlearn")) {
          data.alternates(0, pipeline.data().refusals());
        }
      }
      if (s.kind().equals("attack")) {
        AttackData.of(pipeline, pipeline.attack().orElseThrow(), data, 96);
        return data.read();
      }
      if (!s.kind().equals("unlearn")) {
        Suites.of(pipeline, data, 96, EvalSet.Role.GENERATED);
      }
      return data.read();
    }
  }

  void append(String name, String text) throws IOException {
    Files.writeString(at(name), Files.readString(at(name)) + text);
  }

  static Set<Character> letters(String letters) {
    Set<Character> set = new TreeSet<>();
    letters.chars().forEach(c -> set.add((char) c));
    return set;
  }

  static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> walk = Files.walk(from)) {
      for (Path p : walk.toList()) {
        Path target = to.resolve(from.relativize(p).toString());
        if (Files.isDirectory(p)) {
          Files.createDirectories(target);
        } else {
          Files.copy(p, target);
        }
      }
    }
  }
}
