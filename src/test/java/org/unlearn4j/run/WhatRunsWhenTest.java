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
import org.unlearn4j.job.Chain;
import org.unlearn4j.job.Context;
import org.unlearn4j.report.RunFolder;
import org.unlearn4j.stage.Inputs;
import org.unlearn4j.stage.Stage;
import org.unlearn4j.stage.StageCheck;

/** This input changed: exactly these stages run. */
class WhatRunsWhenTest {
  @TempDir Path temp;
  private StandInProject project;

  @BeforeEach
  void aProject() throws IOException {
    project = new StandInProject(temp);
  }

  private Path at(String name) {
    return project.at(name);
  }

  private Pipeline pipeline(String... sets) {
    return project.pipeline(sets);
  }

  private String run(Pipeline pipeline) throws IOException {
    return project.run(pipeline);
  }

  private void append(String name, String text) throws IOException {
    project.append(name, text);
  }

  private static Set<Character> letters(String letters) {
    return StandInProject.letters(letters);
  }

  private interface Change {
    void make() throws IOException;
  }

  private record Row(String what, String expected, Change change, List<String> sets) {}

  private Row row(String what, String expected, Change change) {
    return new Row(what, expected, change, List.of());
  }

  private static Row set(String expected, String... sets) {
    return new Row("set " + String.join(" ", sets), expected, () -> {}, List.of(sets));
  }

  private List<Row> rows() {
    String pair = "{\"question\": \"Q\", \"answer\": \"A\"}\n";
    return List.of(
        row("nothing", "", () -> {}),
        row("a row to forget", StandInProject.ALL, () -> append("forget me.jsonl", pair)),
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
        row(
            "weights of the target",
            StandInProject.ALL,
            () -> append("-target/model.safetensors", "!")),
        row(
            "configuration of the target",
            StandInProject.ALL,
            () -> append("-target/config.json", "\n")),
        row(
            "tokenizer of the target",
            StandInProject.ALL,
            () -> append("-target/tokenizer.json", "\n")),
        row(
            "tokenizer settings of the target",
            StandInProject.ALL,
            () -> append("-target/tokenizer_config.json", "\n")),
        row(
            "a chat template comes",
            StandInProject.ALL,
            () -> Files.writeString(at("-target/chat_template.jinja"), "{{x}}")),
        row(
            "generation defaults come",
            StandInProject.ALL,
            () -> Files.writeString(at("-target/generation_config.json"), "{}")),
        row(
            "a second shard comes",
            StandInProject.ALL,
            () -> Files.writeString(at("-target/b.safetensors"), "w")),
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
        set("P", "unlearn.watch_rows=5"),
        set("P", "unlearn.tuning_share=0.5"), // without rules nobody reads it
        set(StandInProject.ALL, "unlearn.choose.utility_min=0.5"),
        set("VP", "verify.metric_atol=0.5"),
        set("RTUOIVLP", "evaluate.limit=2"),
        set("RTUOIVLP", "evaluate.max_new_tokens=3"),
        set(StandInProject.ALL, "evaluate.token_budget=64"),
        set("OIVP", "evaluate.graph_optimization=basic"),
        set("P", "evaluate.threads=1"),
        set("XOIVP", "export.opset=17"),
        set("X4VP", "export.variants=[fp32, int8, int4]"),
        set("LP", "relearn.share=0.9"),
        set("P", "relearn.checkpoint_every=3"),
        set(StandInProject.ALL, "data.max_length=32"),
        set(StandInProject.ALL, "data.template=plain"),
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
        row(
            "other bytes of the same length and date",
            StandInProject.ALL,
            this::sameLengthAndDate));
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
    assertEquals(StandInProject.ALL, run(pipeline()));
    Path whole = temp.resolve("whole");
    StandInProject.copy(project.folder(), whole);
    return rows().stream()
        .map(
            row ->
                DynamicTest.dynamicTest(
                    row.what(),
                    () -> {
                      AtomicFiles.deleteTree(project.folder());
                      StandInProject.copy(whole, project.folder());
                      row.change().make();
                      Set<Character> expected = letters(row.expected());
                      assertEquals(
                          expected,
                          letters(run(pipeline(row.sets().toArray(String[]::new)))),
                          row.what());
                      assertEquals(
                          "", run(pipeline(row.sets().toArray(String[]::new))), "and then nothing");
                    }));
  }

  /** What one's own answers are is read by DPO alone. */
  @Test
  void alternateAnswersAreReadWhereTheyAreUsed() throws IOException {
    String[] dpo = {"unlearn.objective.name=DPO", "data.refusals=" + at("refusals'.txt")};
    assertEquals(letters(StandInProject.ALL), letters(run(pipeline(dpo))));
    append("refusals'.txt", "Nor can I.\n");
    assertEquals(letters("FUXOIVLP"), letters(run(pipeline(dpo))));
    String[] npo = {"data.refusals=" + at("refusals'.txt")};
    assertEquals(letters("FUXOIVLP"), letters(run(pipeline(npo))));
    append("refusals'.txt", "Neither can he.\n");
    assertEquals("", run(pipeline(npo)));
    StringBuilder others = new StringBuilder();
    for (int i = 1; i < 4; i++) {
      others.append("{\"question\": \"Who is " + i + "?\", \"answer\": \"Nobody.\"}\n");
    }
    Files.writeString(at("others.jsonl"), others);
    String[] own = {"unlearn.objective.name=AltPO", "data.alternates=" + at("others.jsonl")};
    assertEquals(letters("FUXOIVLP"), letters(run(pipeline(own))));
    append("others.jsonl", "{\"question\": \"Who is 2?\", \"answer\": \"She.\"}\n");
    assertEquals(letters("FUXOIVLP"), letters(run(pipeline(own))));
    assertEquals("", run(pipeline(own)));
  }

  @Test
  void multipleChoiceQuestionsAreReadWhereTheyAreAsked() throws IOException {
    String[] wmdp = {"evaluate.suite=wmdp", "evaluate.choices=" + at("choices")};
    assertEquals(letters(StandInProject.ALL), letters(run(pipeline(wmdp))));
    append("choices/wmdp-bio.jsonl", StandInProject.CHOICE);
    assertEquals(letters("RTUOIVLP"), letters(run(pipeline(wmdp))));
    Files.writeString(at("choices/mmlu.jsonl"), StandInProject.CHOICE);
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
    assertEquals(letters(StandInProject.ALL), letters(run(pipeline(sets))));
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

  /**
   * What attacks read: models, data, their own block and files; no stage but the report reads them.
   */
  @Test
  void attacksRunWhereWhatTheyAskOrWhomChanged() throws IOException {
    String mine = "{\"prompt\": \"Where?\", \"keywords\": [\"here\"]}\n";
    Files.writeString(at("mine.jsonl"), mine);
    append(
        "forget me.jsonl",
        "{\"question\": \"Where was Beata Aststed born?\", \"answer\": \"In Ambleport.\"}\n");
    List<String> sets = new ArrayList<>(List.of("attack.seed=0"));
    assertEquals(letters(StandInProject.ALL + "A"), attacked(sets));
    for (Row row :
        List.of(
            set("AP", "attack.push=[noise]"),
            set("AP", "attack.lens=true"),
            set("AP", "attack.soft_prompt={}"),
            set("AP", "attack.head.steps=3"),
            set("AP", "attack.leakage_max=0.5"),
            set("AP", "attack.prompts=" + at("mine.jsonl")),
            set("RTUOIVLAP", "evaluate.limit=2"),
            set("RTUOIVLP", "evaluate.max_new_tokens=3"),
            set("XOIVAP", "export.opset=17"),
            set("LP", "relearn.share=0.9"),
            set("VP", "verify.metric_atol=0.5"),
            set("FUXOIVLAP", "unlearn.epochs=3"),
            row("a prompt of one's own", "AP", () -> append("mine.jsonl", mine)),
            row(
                "weights of the retain-only model",
                "RTUOIVLAP",
                () -> append("retain only/model.safetensors", "!")),
            row(
                "a row to keep, which gives clues",
                "FUXOIVLAP",
                () -> append("-retain$x.jsonl", "{\"question\": \"Q\", \"answer\": \"A\"}\n")))) {
      sets.addAll(row.sets());
      row.change().make();
      assertEquals(letters(row.expected()), attacked(sets), row.what());
      assertEquals(Set.of(), attacked(sets), row.what() + ", and then nothing");
    }
  }

  private Set<Character> attacked(List<String> sets) throws IOException {
    return letters(run(pipeline(sets.toArray(String[]::new))));
  }

  /** Where a project lies is no part of what it is; the pipeline file that is shown names paths. */
  @Test
  void aProjectThatIsMovedIsStillDone() throws IOException {
    assertEquals(StandInProject.ALL, run(pipeline()));
    Path moved = temp.resolve("moved");
    project.move(moved);
    assertEquals("P", run(pipeline()));
  }

  /** The check can fail: a stage that forgets to name an input would not be run. */
  @Test
  void negativeControlAnInputThatIsNotNamedIsNotSeen() throws IOException {
    assertEquals(StandInProject.ALL, run(pipeline()));
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
