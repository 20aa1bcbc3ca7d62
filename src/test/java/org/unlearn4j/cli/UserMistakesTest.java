package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.fixtures.Fixture;

/**
 * What a user gets wrong, as a user meets it: the exit code, one sentence a mistake that names file
 * and place, what was found and what was expected; and nothing new on the disk.
 */
class UserMistakesTest {
  private static final String TOKENIZER = "src/test/resources/fable-tokenizer";

  @TempDir Path temp;
  private Path model;
  private Path data;
  private Path batch;

  @BeforeEach
  void aModelAndItsData() throws IOException {
    model = Files.createDirectory(temp.resolve("model"));
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(Fixture.named("llama").folder().resolve(file), model.resolve(file));
    }
    data = Files.createDirectory(temp.resolve("data"));
    String pair = "{\"question\": \"Who?\", \"answer\": \"She.\"}\n";
    Files.writeString(data.resolve("forget.jsonl"), pair + pair);
    String other = pair.replace("She", "He");
    Files.writeString(data.resolve("retain.jsonl"), other + other + other);
    batch = Files.writeString(temp.resolve("batch.json"), "{\"input_ids\": [[5, 6, 7]]}");
  }

  private String pipeline(String unlearn, String more) throws IOException {
    return Files.writeString(
            temp.resolve("p.yaml"),
            String.join(
                "\n",
                "name: mistakes",
                "model: {path: " + model + ", tokenizer: " + TOKENIZER + "}",
                "data: {benchmark: jsonl, path: " + data + ", forget: forget, retain: retain}",
                "unlearn: {epochs: 1, objective: {name: NPO}" + unlearn + "}",
                more,
                ""))
        .toString();
  }

  private List<String> files() throws IOException {
    try (Stream<Path> walk = Files.walk(temp)) {
      return walk.map(p -> temp.relativize(p).toString()).sorted().toList();
    }
  }

  /** Runs a command that must fail with so many sentences, and leave the disk as it was. */
  private String fails(int code, int sentences, String... args) throws IOException {
    List<String> before = files();
    CommandRun r = CommandRun.of(args);
    assertEquals(code, r.code(), () -> Arrays.toString(args) + ": " + r.err());
    assertEquals("", r.out());
    assertEquals(sentences, r.err().lines().count(), r.err());
    assertTrue(r.err().lines().allMatch(l -> l.endsWith(".")), r.err());
    assertEquals(before, files(), "left on the disk");
    return r.err();
  }

  private void mistake(String expected, String... args) throws IOException {
    String found = fails(ExitCode.USER, 1, args);
    assertTrue(found.contains(expected), () -> found + "expected: " + expected);
  }

  private String[] forward() {
    return new String[] {
      "forward", "--model", model.toString(), "--runtime", "tf", "--input", batch.toString()
    };
  }

  private String[] export() {
    return new String[] {
      "export", "--model", model.toString(), "--out", temp.resolve("onnx").toString()
    };
  }

  private String[] unlearn(String pipeline, String... more) {
    List<String> args = new ArrayList<>(List.of("unlearn", "--pipeline", pipeline));
    args.addAll(List.of("--out", temp.resolve("runs/a/unlearned").toString()));
    args.addAll(List.of(more));
    return args.toArray(String[]::new);
  }

  @Test
  void aModelFolderThatIsNotThere() throws IOException {
    String ok = pipeline("", "");
    Path nowhere = temp.resolve("nowhere");
    mistake(
        nowhere + ": found nothing there, expected a model folder",
        "forward",
        "--model",
        nowhere.toString(),
        "--runtime",
        "tf",
        "--input",
        batch.toString());
    mistake(
        nowhere + ": found no such file, expected a Hugging Face config.json.",
        "export",
        "--model",
        nowhere.toString(),
        "--out",
        temp.resolve("onnx").toString());
    mistake(
        nowhere + ", which does not exist, expected a Hugging Face model folder",
        unlearn(ok, "--set", "model.path=" + nowhere));
  }

  @Test
  void weightsThatAreNotThere() throws IOException {
    Files.delete(model.resolve("model.safetensors"));
    String expected = model + ": found no weights, expected model.safetensors or";
    mistake(expected, forward());
    mistake(expected, export());
    mistake(expected, unlearn(pipeline("", "")));
  }

  @Test
  void weightsThatAreCutOff() throws IOException {
    Path file = model.resolve("model.safetensors");
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(whole, whole.length - 1));
    mistake(file + ", tensor ", forward());
    mistake("a file of " + (whole.length - 1) + " bytes (truncated), expected at least", export());
    Files.write(file, Arrays.copyOf(whole, 1000));
    mistake(file + ": found 1000 bytes (truncated), expected at least the", forward());
    mistake(file + ": found 1000 bytes (truncated)", unlearn(pipeline("", "")));
    Files.write(
        file, "<!DOCTYPE html><p>Please log in.".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    mistake(file + ", byte 0: found a header length of", export());
  }

  @Test
  void weightsThatDoNotFitTheConfiguration() throws IOException {
    configure(c -> c.put("vocab_size", 121));
    Path file = model.resolve("model.safetensors");
    for (String[] command : List.of(forward(), export())) {
      String found = fails(ExitCode.USER, 2, command);
      for (String tensor : List.of("model.embed_tokens.weight", "lm_head.weight")) {
        String sentence =
            file + ", tensor " + tensor + ": found shape [120, 32], expected [121, 32] ";
        assertTrue(found.lines().anyMatch(l -> l.startsWith(sentence)), found);
      }
    }
    configure(c -> c.put("vocab_size", 120).put("num_hidden_layers", 4));
    String found = fails(ExitCode.USER, 9, forward());
    assertTrue(found.contains("found no tensor model.layers.3.mlp.up_proj.weight"), found);
  }

  @Test
  void anUnknownArchitecture() throws IOException {
    configure(c -> c.put("model_type", "lama"));
    String expected =
        "config.json, model_type: found \"lama\", expected one of gemma, gemma2, gpt2,";
    mistake(expected, forward());
    mistake(expected, export());
    mistake(expected, unlearn(pipeline("", "")));
  }

  private void configure(java.util.function.Consumer<ObjectNode> change) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    Path file = model.resolve("config.json");
    ObjectNode json = (ObjectNode) mapper.readTree(file.toFile());
    change.accept(json);
    mapper.writeValue(file.toFile(), json);
  }

  @Test
  void badLinesOfData() throws IOException {
    String ok = pipeline("", "");
    Path forget = data.resolve("forget.jsonl");
    Files.writeString(
        forget, "{\"question\": \"Who?\", \"answer\": \"She.\"}\n{\"question\": \"Wh\n");
    mistake(forget + ", line 2: found ", unlearn(ok));
    Files.writeString(forget, "{\"question\": \"Who?\"}\n");
    mistake(forget + ", line 1: found ", unlearn(ok));
    Files.writeString(forget, "");
    mistake(forget + ": found no examples, expected", unlearn(ok));
    Files.delete(forget);
    mistake(forget.resolveSibling("forget") + ", which does not exist", unlearn(ok));
  }

  @Test
  void badLinesOfEvaluationData() throws IOException {
    String[] evaluate = {
      "evaluate",
      "--pipeline",
      pipeline("", ""),
      "--model",
      model.toString(),
      "--runtime",
      "tf",
      "--out",
      temp.resolve("eval.json").toString()
    };
    String row = "{\"question\": \"Who?\", \"answer\": \"She.\", \"perturbed_answer\": [%s]}\n";
    Path judged = data.resolve("forget_perturbed.jsonl");
    Files.writeString(judged, row.formatted("\"He.\", \"It.\"") + row.formatted("\"He.\""));
    mistake(judged + ", line 2: found perturbed_answer of length 1, expected length 2.", evaluate);
    Files.write(judged, "{\"question\": \"\u00E9\"}".getBytes(StandardCharsets.ISO_8859_1));
    mistake(judged + ", line 1: found bytes that are not UTF-8, expected UTF-8 text.", evaluate);
    Files.delete(judged);
    Path kept = data.resolve("retain_perturbed.jsonl");
    try (RandomAccessFile file = new RandomAccessFile(kept.toFile(), "rw")) {
      file.setLength(100_000_000);
    }
    mistake(kept + ", line 1: found a line of more than 16 MiB, expected JSON Lines", evaluate);
  }

  @Test
  void rowsThatAreToBeForgottenAndKept() throws IOException {
    String ok = pipeline("", "");
    Path retain = data.resolve("retain.jsonl");
    Files.writeString(
        retain, Files.readString(data.resolve("forget.jsonl")), StandardOpenOption.APPEND);
    mistake(
        "data.retain: found 2 rows of retain that forget has too, the first at "
            + retain
            + ", line 4,",
        unlearn(ok));
    mistake(
        "data.retain: found 156 rows of retain99 that forget10 has too",
        unlearn(ok, "--set", "data={benchmark: fable, retain: retain99}"));
  }

  @Test
  void aPipelineThatIsNone() throws IOException {
    String file = pipeline(", learning_rat: 1.0e-4", "");
    mistake(file + ", line 4, unlearn.learning_rat: found ", unlearn(file));
    String two = pipeline("", "modle: {}\nverify: {logit_atol: -1}");
    String found = fails(ExitCode.USER, 2, unlearn(two));
    assertTrue(found.contains("line 5, modle: found"), found);
    assertTrue(found.contains("line 6, verify.logit_atol: found -1, expected"), found);
    mistake("nothere.yaml", unlearn(temp.resolve("nothere.yaml").toString()));
  }

  @Test
  void whatTheModelDoesNotHave() throws IOException {
    String ok = pipeline("", "");
    mistake(
        "data.max_length: found 300, expected at most the model's 256 positions.",
        unlearn(ok, "--set", "data.max_length=300"));
    mistake(
        "unlearn.clreg.layers: found 3, expected embeddings, last or 0 to 2 for a model of 3",
        unlearn(ok, "--set", "unlearn.clreg.weight=0.1", "--set", "unlearn.clreg.layers=[3]"));
    // The tokenizer of another model: its ids end far beyond this model's 120.
    mistake("expected 0 to 119, the model's vocabulary.", unlearn(ok));
  }

  @Test
  void aBatchThatTheModelCannotRead() throws IOException {
    refused(
        "{\"ids\": [[1]]}", ", input_ids: found nothing, expected an array of rows of token ids");
    refused("{\"input_ids\": []}", ", input_ids: found [], expected at least one row");
    refused(
        "{\"input_ids\": [[1, \"a\"]]}", ", input_ids[0][1]: found \"a\", expected a whole number");
    refused(
        "{\"input_ids\": [[1, 2], [3, 120]]}",
        ", input_ids[1]: found token 120, expected 0 to 119");
    refused("{\"input_ids\": [[-5]]}", ", input_ids[0]: found token -5");
    refused(
        "{\"input_ids\": [[1, 2]], \"labels\": [[-100, 500]]}",
        ", labels[0]: found token 500, expected 0 to 119");
    refused(
        "{\"input_ids\": [[1, 2]], \"labels\": [[1, 2]]}",
        ", labels[0]: found [1,2], expected -100");
    refused(
        "{\"input_ids\": [[0, 2]], \"attention_mask\": [[0, 1]]}",
        ", attention_mask[0]: found [0,1]");
    refused("{\"input_ids\": [[1, 2]\n", "line 2: ");
    String row = IntStream.range(0, 257).mapToObj(i -> "1").toList().toString();
    refused(
        "{\"input_ids\": [[1], " + row + "]}",
        ", input_ids[1]: found 257 tokens, expected at most the model's 256 positions.");
    Files.delete(batch);
    mistake(batch + ": found no such file, expected a batch of token ids.", forward());
  }

  private void refused(String json, String expected) throws IOException {
    Files.writeString(batch, json);
    mistake(expected, forward());
    Files.writeString(batch, "{\"forget\": " + json + ", \"retain\": {\"input_ids\": [[5, 6]]}}");
    boolean parsed = !expected.startsWith("line");
    mistake(
        parsed ? ", forget." + expected.substring(2) : "",
        "probe",
        "--model",
        model.toString(),
        "--input",
        batch.toString(),
        "--objective",
        "GradDiff");
  }

  @Test
  void optionsThatMakeNoSense() throws IOException {
    String[] args = Arrays.copyOf(forward(), 9);
    args[7] = "--columns";
    args[8] = "5,120";
    mistake("--columns: found 120, expected numbers from 0 to 119.", args);
    args[7] = "--cached-from";
    args[8] = "3";
    mistake("cached-from: found 3, expected 0 to 2, less than the shortest row.", args);
    String[] runtime = forward();
    runtime[4] = "torch";
    mistake("--runtime: found torch, expected tf, onnx or onnx:VARIANT.", runtime);
    runtime[4] = "onnx";
    mistake(model + ": found no onnx/model.onnx", runtime);
  }

  /**
   * What a stage would replace must be its own: a model's folder takes the place of a model's, not
   * of a home.
   */
  @Test
  void somebodyElsesFilesAreNotReplaced() throws IOException {
    Path file = Files.writeString(temp.resolve("letter"), "mine");
    Path home = Files.createDirectories(temp.resolve("home"));
    Files.writeString(home.resolve("letter"), "mine");
    mistake(file + ": found a file", "export", "--model", "" + model, "--out", "" + file);
    mistake(
        home + ": found files but no genai_config.json",
        "export",
        "--model",
        "" + model,
        "--out",
        "" + home);
    String pipeline = pipeline("", "");
    mistake(
        home + ": found files but no config.json",
        "unlearn",
        "--pipeline",
        pipeline,
        "--out",
        "" + home);
    mistake(
        model + ": found the model to start from",
        "unlearn",
        "--pipeline",
        pipeline,
        "--out",
        "" + model);
    // A config.json makes no folder a model's: what else is in it is somebody's own.
    Files.writeString(home.resolve("config.json"), "{}");
    mistake(
        home + ": found letter, which is no part of an older model, expected an older model and",
        "unlearn",
        "--pipeline",
        pipeline,
        "--out",
        "" + home);
    assertEquals("mine", Files.readString(file));
    assertEquals("mine", Files.readString(home.resolve("letter")));
  }

  @Test
  void weightsThatNoCodeStandsForAndDefaultsThatAreNoJson() throws IOException {
    Path out = temp.resolve("onnx");
    String[] export = {
      "export", "--model", "" + model, "--out", "" + out, "--variants", "int4", "--before", ""
    };
    export[8] = Fixture.named("llama").folder().toString();
    Files.writeString(model.resolve("generation_config.json"), "{\n\"temperature\": warm}");
    mistake(
        model.resolve("generation_config.json") + ", line 2: found invalid JSON (Unrecognized",
        export);
    Files.delete(model.resolve("generation_config.json"));
    // The first float of the first tensor, behind a length and a header, is no number.
    try (RandomAccessFile file =
        new RandomAccessFile(model.resolve("model.safetensors").toFile(), "rw")) {
      file.seek(Long.BYTES + Long.reverseBytes(file.readLong()));
      file.write(new byte[] {0, 0, (byte) 0xc0, 0x7f});
    }
    String nan =
        model.resolve("model.safetensors")
            + ", tensor lm_head.weight, output 0: found a value that is not finite (NaN), expected"
            + " weights that can be quantised.";
    mistake(nan, export);
    export[2] = Fixture.named("llama").folder().toString();
    export[8] = model.toString(); // the model before, and so only compared
    mistake(nan, export);
  }

  /** A file where a folder should be refuses every write, for every user, root included. */
  @Test
  void aDiskThatRefuses() throws IOException {
    Path file = Files.writeString(temp.resolve("file"), "mine");
    Path below = file.resolve("below/it");
    String found =
        fails(ExitCode.MACHINE, 1, "export", "--model", model.toString(), "--out", "" + below);
    assertTrue(found.startsWith(below + ": could not be written ("), found);
    String ok = pipeline("", "");
    String resolved =
        fails(ExitCode.MACHINE, 1, "pipeline", "--pipeline", ok, "--out", file + "/p");
    assertTrue(resolved.contains("file/p: could not be written ("), resolved);
    assertEquals("mine", Files.readString(file));
  }
}
