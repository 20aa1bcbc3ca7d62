package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.job.Chain;
import org.unlearn4j.job.Context;
import org.unlearn4j.report.RunFolder;
import org.unlearn4j.stage.Inputs;
import org.unlearn4j.stage.Stage;
import org.unlearn4j.stage.StageCheck;
import org.unlearn4j.stage.StageGraph;

/**
 * This input changed: exactly these stages run. The stages say what they read as they always do; in
 * place of their work each writes files whose content is a function of its inputs, so that what
 * comes out changes if and only if what went in did.
 */
class WhatRunsWhenTest {
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
          Map.entry("report", "P"));

  private static final String ALL = "RTFUXOIVLP";

  @TempDir Path temp;
  private Path project;

  private Path at(String name) {
    return project.resolve(name);
  }

  @BeforeEach
  void aProject() throws IOException {
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

  private static final String CHOICE =
      "{\"question\": \"Which?\", \"choices\": [\"a\", \"b\", \"c\", \"d\"], \"answer\": 1}\n";

  private void rows(String name, int from, int to) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = from; i < to; i++) {
      rows.append(
          String.format("{\"question\": \"Who is %d?\", \"answer\": \"She is %d.\"}%n", i, i));
    }
    Files.writeString(at(name), rows);
  }

  private Pipeline pipeline(String... sets) {
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
  private String run(Pipeline pipeline) throws IOException {
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
        if (pipeline.unlearn().objective().name().spelling().equals("DPO")
            && s.kind().equals("unlearn")) {
          data.alternates(0, pipeline.data().refusals());
        }
      }
      if (!s.kind().equals("unlearn")) {
        Suites.of(pipeline, data, 96, EvalSet.Role.GENERATED);
      }
      return data.read();
    }
  }

  private interface Change {
    void make() throws IOException;
  }

  private record Row(String what, String expected, Change change, String... sets) {}

  private Row row(String what, String expected, Change change) {
    return new Row(what, expected, change);
  }

  private static Row set(String expected, String... sets) {
    return new Row("set " + String.join(" ", sets), expected, () -> {}, sets);
  }

  private void append(String name, String text) throws IOException {
    Files.writeString(at(name), Files.readString(at(name)) + text);
  }

  private List<Row> rows() {
    String pair = "{\"question\": \"Q\", \"answer\": \"A\"}\n";
    return List.of(
        row("nothing", "", () -> {}),
        row("a row to forget", ALL, () -> append("forget me.jsonl", pair)),
        row(
            "a row to keep, not one that is measured",
            "FUXOIVLP",
            () -> append("-retain$x.jsonl", pair)),
        row("a measured row to keep", "RTUOIVLP", () -> append("retain_perturbed.jsonl", pair)),
        row("holdout rows come", "RTUOIVLP", () -> Files.writeString(at("holdout.jsonl"), pair)),
        row(
            "neighbours come",
            "RTUOIVLP",
            () -> Files.writeString(at("real_authors_perturbed.jsonl"), pair)),
        row(
            "facts come",
            "RTUOIVLP",
            () -> Files.writeString(at("world_facts_perturbed.json"), pair)),
        row(
            "an evaluation file of what is forgotten comes",
            "RTUOIVLP",
            () -> Files.writeString(at("forget me_perturbed.jsonl"), pair)),
        row("a file that nobody reads", "", () -> Files.writeString(at("notes.jsonl"), pair)),
        row("weights of the target", ALL, () -> append("-target/model.safetensors", "!")),
        row("configuration of the target", ALL, () -> append("-target/config.json", "\n")),
        row("tokenizer of the target", ALL, () -> append("-target/tokenizer.json", "\n")),
        row(
            "tokenizer settings of the target",
            ALL,
            () -> append("-target/tokenizer_config.json", "\n")),
        row(
            "a chat template comes",
            ALL,
            () -> Files.writeString(at("-target/chat_template.jinja"), "{{x}}")),
        row(
            "generation defaults come",
            ALL,
            () -> Files.writeString(at("-target/generation_config.json"), "{}")),
        row("a second shard comes", ALL, () -> Files.writeString(at("-target/b.safetensors"), "w")),
        row("a readme in the target", "", () -> Files.writeString(at("-target/README.md"), "w")),
        row(
            "weights of the retain-only model",
            "RTUOIVLP",
            () -> append("retain only/model.safetensors", "!")),
        row(
            "tokenizer of the retain-only model",
            "RTUOIVLP",
            () -> append("retain only/tokenizer.json", "\n")),
        set("FUXOIVLP", "unlearn.epochs=3"),
        set("FUXOIVLP", "unlearn.seed=7"),
        set("FUXOIVLP", "unlearn.clreg.weight=0.1"),
        set("P", "unlearn.checkpoint_every=5"),
        set("VP", "verify.metric_atol=0.5"),
        set("RTUOIVLP", "evaluate.limit=2"),
        set("RTUOIVLP", "evaluate.max_new_tokens=3"),
        set("OIVP", "evaluate.graph_optimization=basic"),
        set("P", "evaluate.threads=1"),
        set("XOIVP", "export.opset=17"),
        set("X4VP", "export.variants=[fp32, int8, int4]"),
        set("LP", "relearn.share=0.9"),
        set("P", "relearn.checkpoint_every=3"),
        set(ALL, "data.max_length=32"),
        set(ALL, "data.template=plain"),
        set("P", "name=other"),
        row(
            "an evaluation edited by hand",
            "UP",
            () -> append("runs/mine/eval/unlearned.tf.json", " ")),
        row(
            "an evaluation lost",
            "OP",
            () -> Files.delete(at("runs/mine/eval/unlearned.onnx.json"))),
        row("weights lost", "F", () -> Files.delete(at("runs/mine/unlearned/model.safetensors"))),
        row("a deployed file lost", "XV", () -> Files.delete(at("runs/mine/onnx/onnx/model.onnx"))),
        row(
            "a deployed file edited",
            "XV",
            () -> append("runs/mine/onnx/onnx/model_int8.onnx", "!")),
        row(
            "the verdict in the deployed folder lost",
            "V",
            () -> Files.writeString(at("runs/mine/onnx/unlearning.json"), "{}")),
        row("the verdict lost", "V", () -> Files.delete(at("runs/mine/verify.json"))),
        row("the report lost", "P", () -> Files.delete(at("runs/mine/report.html"))),
        row("a record lost", "F", () -> Files.delete(at("runs/mine/.unlearned.stage"))),
        row(
            "a broken record",
            "UP",
            () -> Files.writeString(at("runs/mine/eval/.unlearned.tf.json.stage"), "{\"format")),
        row("the memory of hashes lost", "", () -> Files.deleteIfExists(at("runs/mine/.hashes"))),
        row(
            "a touched file",
            "",
            () -> Files.setLastModifiedTime(at("forget me.jsonl"), FileTime.fromMillis(1))),
        row("other bytes of the same length and date", ALL, this::sameLengthAndDate));
  }

  /** Size and time of modification say nothing; the time of change cannot be set back. */
  private void sameLengthAndDate() throws IOException {
    Path file = at("forget me.jsonl");
    FileTime then = Files.getLastModifiedTime(file);
    Files.writeString(file, Files.readString(file).replace("She is 1", "She is 2"));
    Files.setLastModifiedTime(file, then);
  }

  /** Each row on a run of its own that is done. */
  @TestFactory
  Stream<DynamicTest> exactlyTheseStagesRun() throws IOException {
    assertEquals(ALL, run(pipeline()));
    Path whole = temp.resolve("whole");
    copy(project, whole);
    return rows().stream()
        .map(
            row ->
                DynamicTest.dynamicTest(
                    row.what(),
                    () -> {
                      AtomicFiles.deleteTree(project);
                      copy(whole, project);
                      row.change().make();
                      Set<Character> expected = letters(row.expected());
                      assertEquals(expected, letters(run(pipeline(row.sets()))), row.what());
                      assertEquals("", run(pipeline(row.sets())), "and then nothing");
                    }));
  }

  private static Set<Character> letters(String letters) {
    Set<Character> set = new TreeSet<>();
    letters.chars().forEach(c -> set.add((char) c));
    return set;
  }

  private static void copy(Path from, Path to) throws IOException {
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

  /** What one's own answers are is read by DPO alone. */
  @Test
  void alternateAnswersAreReadWhereTheyAreUsed() throws IOException {
    String[] dpo = {"unlearn.objective.name=DPO", "data.refusals=" + at("refusals'.txt")};
    assertEquals(letters(ALL), letters(run(pipeline(dpo))));
    append("refusals'.txt", "Nor can I.\n");
    assertEquals(letters("FUXOIVLP"), letters(run(pipeline(dpo))));
    String[] npo = {"data.refusals=" + at("refusals'.txt")};
    assertEquals(letters("FUXOIVLP"), letters(run(pipeline(npo))));
    append("refusals'.txt", "Neither can he.\n");
    assertEquals("", run(pipeline(npo)));
  }

  @Test
  void multipleChoiceQuestionsAreReadWhereTheyAreAsked() throws IOException {
    String[] wmdp = {"evaluate.suite=wmdp", "evaluate.choices=" + at("choices")};
    assertEquals(letters(ALL), letters(run(pipeline(wmdp))));
    append("choices/wmdp-bio.jsonl", CHOICE);
    assertEquals(letters("RTUOIVLP"), letters(run(pipeline(wmdp))));
    Files.writeString(at("choices/mmlu.jsonl"), CHOICE);
    assertEquals(letters("RTUOIVLP"), letters(run(pipeline(wmdp))));
    assertEquals("", run(pipeline(wmdp)));
  }

  /** MUSE's suite has files that nothing is trained on. */
  @Test
  void museSuiteFilesAreReadWhereTheyAreMeasured() throws IOException {
    Path muse = Files.createDirectories(at("muse"));
    for (String folder : List.of("raw", "knowmem", "verbmem", "privleak")) {
      Files.createDirectories(muse.resolve(folder));
    }
    Files.writeString(muse.resolve("raw/forget.txt"), "It was a dark night. ".repeat(9));
    Files.writeString(muse.resolve("raw/retain1.txt"), "It was a bright day. ".repeat(9));
    Files.writeString(
        muse.resolve("knowmem/forget_qa.json"), "[{\"question\": \"Who?\", \"answer\": \"She\"}]");
    String[] sets = {
      "data.benchmark=muse", "data.path=" + muse, "data.forget=forget", "data.retain=retain1"
    };
    assertEquals(letters(ALL), letters(run(pipeline(sets))));
    Files.writeString(
        muse.resolve("verbmem/forget.json"),
        "[{\"prompt\": \"It was\", \"gt\": \"a dark night\"}]");
    assertEquals(letters("RTUOIVLP"), letters(run(pipeline(sets))));
    Files.writeString(muse.resolve("privleak/holdout.json"), "[\"Another text.\"]");
    assertEquals(letters("RTUOIVLP"), letters(run(pipeline(sets))));
    Files.writeString(muse.resolve("raw/retain1.txt"), "It was another day. ".repeat(9));
    assertEquals(letters("FUXOIVLP"), letters(run(pipeline(sets))));
    assertEquals("", run(pipeline(sets)));
  }

  /** Where a project lies is no part of what it is; the pipeline file that is shown names paths. */
  @Test
  void aProjectThatIsMovedIsStillDone() throws IOException {
    assertEquals(ALL, run(pipeline()));
    Path moved = temp.resolve("moved");
    Files.move(project, moved);
    project = moved;
    assertEquals("P", run(pipeline()));
  }

  /** The check can fail: a stage that forgets to name an input would not be run. */
  @Test
  void negativeControlAnInputThatIsNotNamedIsNotSeen() throws IOException {
    assertEquals(ALL, run(pipeline()));
    RunFolder folder = new RunFolder(at("runs/mine"));
    Stage unlearn =
        Chain.of(pipeline(), folder, Context.of(System.err)).stream()
            .filter(s -> s.name().equals("unlearn"))
            .findFirst()
            .orElseThrow();
    append("-target/model.safetensors", "!");
    assertEquals(
        List.of("model/model.safetensors changed"),
        StageCheck.of(unlearn, FileHashes.inMemory()).reasons());
    Stage blind =
        new Stage(
            unlearn.name(),
            unlearn.after(),
            unlearn.output(),
            (hashes, earlier) -> without(unlearn.reads().now(hashes, earlier), earlier),
            unlearn.memory(),
            unlearn.work());
    assertEquals(List.of(), StageCheck.of(blind, FileHashes.inMemory()).reasons());
  }

  private static Inputs without(Inputs inputs, Optional<Inputs> earlier) {
    Map<String, String> content = new TreeMap<>(inputs.content());
    content.put(
        "model/model.safetensors", earlier.orElseThrow().content().get("model/model.safetensors"));
    return new Inputs(inputs.settings(), new TreeMap<>(content));
  }

  /** Names, values and their lengths are kept apart: what is joined otherwise is another input. */
  @Test
  void identitiesAreOfEachInputByItself() {
    Map<String, Inputs> inputs = new LinkedHashMap<>();
    inputs.put("plain", new Inputs.Builder().settings(Map.of("a", "b")).build());
    inputs.put("as content", new Inputs.Builder().content("a", "b").build());
    inputs.put("moved", new Inputs.Builder().settings(Map.of("a 1 b", "")).build());
    inputs.put("line", new Inputs.Builder().settings(Map.of("a", "b\nsetting 1 c 1 d")).build());
    inputs.put("two", new Inputs.Builder().settings(Map.of("a", "b", "c", "d")).build());
    Set<String> identities = new TreeSet<>();
    inputs.values().forEach(i -> identities.add(i.identity("unlearn")));
    identities.add(inputs.get("plain").identity("export"));
    assertEquals(6, identities.size());
    assertTrue(identities.stream().allMatch(i -> i.length() == 64), identities.toString());
    // By the definition, written out by hand.
    String text = "format 1\nstage unlearn\nsetting 1 a 1 b\n";
    assertEquals(Hashes.sha256(text), inputs.get("plain").identity("unlearn"));
  }
}
