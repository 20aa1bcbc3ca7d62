package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.config.Pipeline;

/** A first pipeline for five folders runs as it is written, and says why it is so. */
class InitCommandTest {
  @TempDir Path root;
  private InitFolders folders;
  private Path out;

  @BeforeEach
  void folders() {
    folders = new InitFolders(root);
    out = root.resolve("my first.yaml");
  }

  private CommandRun init(Path model, Path data, String... more) {
    List<String> args =
        new ArrayList<>(List.of("init", "--model", model.toString(), "--data", data.toString()));
    args.addAll(List.of("--out", out.toString()));
    args.addAll(List.of(more));
    return CommandRun.of(args.toArray(String[]::new));
  }

  private String written(Path model, Path data, String... more) throws IOException {
    CommandRun run = init(model, data, more);
    assertEquals(0, run.code(), run.err());
    String text = Files.readString(out);
    assertEquals("my_first", Pipeline.read(out, List.of()).name());
    return text;
  }

  /** Above every line with a value stands a comment. */
  private static void assertExplained(String text) {
    List<String> lines = text.lines().toList();
    int values = 0;
    for (int i = 1; i < lines.size(); i++) {
      if (lines.get(i).matches(" *[a-z_]+: .*")) {
        assertTrue(lines.get(i - 1).strip().startsWith("# "), lines.get(i));
        values++;
      }
    }
    assertTrue(values > 10, text);
  }

  @ParameterizedTest
  @CsvSource({
    "llama, pairs, false, NPO, default, strangers",
    "gpt2, text, false, SimNPO, , none",
    "qwen2, chat, true, NPO, , none",
    "llama, csv, false, NPO, default, none",
    "qwen2, mixed, true, SimNPO, chat, none"
  })
  void eachFolderGetsAPipelineThatPlans(
      String family, String form, boolean chat, String method, String template, String floor)
      throws IOException {
    String text = written(folders.model(family, chat), folders.data(form), "--memory", "4");
    assertExplained(text);
    assertTrue(text.contains("name: " + method + "\n"), text);
    assertTrue(text.contains("floor: " + floor + "\n"), text);
    assertEquals(template != null, text.contains("template: "), text);
    assertTrue(template == null || text.contains("template: " + template + "\n"), text);
    assertTrue(text.contains(family + ", "), text);
    CommandRun plan = CommandRun.of("run", "--pipeline", out.toString(), "--plan");
    assertEquals(0, plan.code(), plan.err());
    assertTrue(plan.out().contains("unlearned.onnx-int4"), plan.out());
  }

  @ParameterizedTest
  @CsvSource({
    "llama, pairs, false",
    "gpt2, text, false",
    "qwen2, chat, true",
    "llama, csv, false",
    "qwen2, mixed, true"
  })
  @Tag("slow")
  void eachPipelineRunsUneditedToAVerdict(String family, String form, boolean chat)
      throws IOException {
    written(folders.model(family, chat), folders.data(form));
    Path runs = root.resolve("run");
    CommandRun run =
        CommandRun.withNotes("run", "--pipeline", out.toString(), "--run", runs.toString());
    assertTrue(run.code() <= ExitCode.GATE, run.out() + run.err());
    JsonNode verdict = new ObjectMapper().readTree(runs.resolve("verify.json").toFile());
    assertTrue(List.of("pass", "fail").contains(verdict.path("verdict").asText()), run.out());
    assertTrue(Files.isRegularFile(runs.resolve("report.html")));
  }

  /**
   * The longest pair is "Question: Who is 35?\nAnswer: Writer 35." with the end of text; what
   * counts is that 8 divides the length, that it holds every row and that the next smaller one
   * would not.
   */
  @Test
  void lengthsAreThoseOfTheTokens() throws IOException {
    Path model = folders.model("llama", false);
    Path data = folders.data("pairs");
    String text = written(model, data, "--memory", "4");
    int length = Pipeline.read(out, List.of()).data().maxLength();
    CommandRun rows = CommandRun.of("pipeline", "--pipeline", out.toString(), "--rows", "6");
    int longest =
        rows.out()
            .lines()
            .filter(l -> l.startsWith("- "))
            .mapToInt(l -> Integer.parseInt(l.split(" ", -1)[1]))
            .max()
            .orElseThrow();
    assertTrue(longest <= length && longest > length - 8, longest + " of " + length);
    assertEquals(0, length % 8);
    assertTrue(text.contains("the longest row has " + longest + " tokens"), text);
    InitFolders.split(
        data,
        "forget_extra.jsonl",
        "{\"question\": \"Who?\", \"answer\": \"" + "Writer ".repeat(80) + "\"}\n");
    String longer = written(model, data, "--memory", "4", "--forget", "forget_extra", "--force");
    assertTrue(longer.contains("max_length: 64\n"), longer);
  }

  /** 0.85 of 0.9205 GiB, less 800 MiB for the program itself, leave 1.2 MiB for the training. */
  @Test
  void littleMemoryGetsSmallerSteps() throws IOException {
    Path model = folders.model("llama", false);
    Path data = folders.data("pairs");
    String plenty = written(model, data, "--memory", "4");
    assertTrue(plenty.contains("batch_size: 6\n"), plenty);
    assertFalse(plenty.contains("recompute"), plenty);
    String little = written(model, data, "--memory", "0.9205", "--force");
    assertFalse(little.contains("batch_size: 6\n"), little);
    CommandRun none = init(model, data, "--memory", "0.5", "--force");
    assertEquals(ExitCode.MACHINE, none.code(), none.err());
    assertTrue(none.err().startsWith("init: found 0.5 GiB free, in which no setting"), none.err());
    assertEquals(little, Files.readString(out));
  }

  @Test
  void itPrintsWhereItIsAskedTo() throws IOException {
    CommandRun run =
        CommandRun.of(
            "init",
            "--model",
            folders.model("llama", false).toString(),
            "--data",
            folders.data("csv").resolve("forget.csv").toString(),
            "--memory",
            "4",
            "--out",
            "-");
    assertEquals(0, run.code(), run.err());
    assertTrue(run.out().startsWith("# Written by unlearn4j init"), run.out());
    assertTrue(run.out().contains("retain: \"retain.csv\""), run.out());
  }

  private void mistake(Path model, Path data, String... sentences) {
    CommandRun run = init(model, data, "--memory", "4");
    assertEquals(ExitCode.USER, run.code(), run.out() + run.err());
    assertEquals(sentences.length, run.err().lines().count(), run.err());
    for (String sentence : sentences) {
      assertTrue(run.err().contains(sentence), run.err());
    }
    assertFalse(Files.exists(out));
  }

  @Test
  void whatIsMissingIsSaidAllAtOnce() throws IOException {
    Path nothing = Files.createDirectory(root.resolve("nothing"));
    mistake(
        nothing,
        nothing,
        "config.json: found no such file",
        "nothing: found no rows to forget among no files, expected a file",
        "nothing: found no rows to retain among no files, expected a file");
    Path model = folders.model("gpt2", false);
    Path chat = folders.data("chat");
    mistake(
        model,
        chat,
        "forget.jsonl, line 1: found a conversation, but no chat template",
        "retain.jsonl, line 1: found a conversation",
        "holdout.jsonl, line 1: found a conversation");
    Files.delete(model.resolve("tokenizer.json"));
    Files.writeString(
        model.resolve("config.json"),
        Files.readString(model.resolve("config.json")).replace("gpt2", "mpt"));
    Files.writeString(chat.resolve("retain.jsonl"), "{\"page\": 1}\n");
    mistake(
        model, chat, "mpt", "tokenizer.json: found no such file", "retain.jsonl, line 1: found");
  }

  @Test
  void rowsThatNoReaderTakesAndRowsInBoth() throws IOException {
    Path model = folders.model("llama", false);
    Path data = folders.data("pairs");
    InitFolders.split(data, "forget_too.parquet", "PAR1");
    mistake(model, data, "found forget_too.parquet and my_forget_set.jsonl, expected one file");
    Files.delete(data.resolve("my_forget_set.jsonl"));
    mistake(model, data, "forget_too.parquet: found a Parquet file, expected JSON Lines");
    Files.delete(data.resolve("forget_too.parquet"));
    InitFolders.split(data, "forget.jsonl", InitFolders.rows(12, "pair"));
    mistake(model, data, "data.retain: found 4 rows of retain.jsonl that forget.jsonl has too");
    Path muse = Files.createDirectories(root.resolve("muse"));
    InitFolders.split(muse, "raw/forget.txt", "A text.");
    mistake(model, muse, "muse: found the folder raw of MUSE");
    mistake(model, root.resolve("nowhere"), "nowhere: found nothing there");
  }

  /** Two pairs of corpora lie in one folder, so that one has to be named. */
  @Test
  void theCorporaOfWmdp() throws IOException {
    Path model = folders.model("llama", false);
    Path data = root.resolve("wmdp-corpora");
    for (String field : List.of("bio", "cyber")) {
      InitFolders.split(data, field + "-forget-corpus.jsonl", InitFolders.rows(0, "text"));
      InitFolders.split(data, field + "-retain-corpus.jsonl", InitFolders.rows(10, "text"));
    }
    mistake(
        model,
        data,
        "found bio-forget-corpus.jsonl and cyber-forget-corpus.jsonl, expected one file or folder",
        "found bio-retain-corpus.jsonl and cyber-retain-corpus.jsonl, expected one file or folder");
    String[] named = {"--forget", "bio-forget-corpus", "--retain", "bio-retain-corpus"};
    String text = written(model, data, named);
    assertTrue(text.contains("forget: \"bio-forget-corpus\"\n"), text);
    assertTrue(text.contains("# 6 passages of "), text);
  }

  /** A tokenizer of 2048 tokens beside a table of 1024 rows. */
  @Test
  void tokensThatTheModelDoesNotKnow() throws IOException {
    Path model = folders.model("llama", false);
    CommandRun run = init(model, folders.data("pairs"), "--memory", "4");
    assertEquals(0, run.code(), run.err());
    Files.delete(out);
    Path fixture = Path.of("src/test/resources/fixtures/llama");
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(fixture.resolve(file), model.resolve(file), StandardCopyOption.REPLACE_EXISTING);
    }
    run = init(model, folders.data("pairs"), "--memory", "4");
    assertEquals(ExitCode.USER, run.code(), run.out() + run.err());
    assertTrue(run.err().contains("expected tokens below 120, the model's vocabulary"), run.err());
  }

  @Test
  void aFileThatIsThereStays() throws IOException {
    Files.writeString(out, "name: theirs\n");
    CommandRun run = init(folders.model("llama", false), folders.data("pairs"));
    assertEquals(ExitCode.USER, run.code());
    assertTrue(run.err().contains("found a file, expected nothing there, or --force"), run.err());
    assertEquals("name: theirs\n", Files.readString(out));
  }
}
