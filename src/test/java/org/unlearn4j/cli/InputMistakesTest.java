package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Data, pipelines, batches and options that are not what a command needs. */
class InputMistakesTest extends MistakeCase {
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
        "data.max_length: found 300, expected at most 256, the longest sequence that this model reads,",
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
}
