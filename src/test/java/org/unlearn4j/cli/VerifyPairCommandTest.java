package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.onnx.ExportOptions;
import org.unlearn4j.onnx.OnnxExporter;
import org.unlearn4j.onnx.OrtDevices;

/** {@code verify} of two models from anywhere, as a user types it. */
class VerifyPairCommandTest {
  private static final Path LLAMA = Path.of("src/test/resources/fixtures/llama");
  private static final Path TARGET = Path.of("models/fable-target");
  private static final Path RETAIN = Path.of("models/fable-retain");

  @TempDir Path temp;

  private static CommandRun verify(Object... args) {
    List<String> all = new ArrayList<>(List.of("verify"));
    for (Object arg : args) {
      all.add(arg.toString());
    }
    return CommandRun.of(all.toArray(String[]::new));
  }

  private Path exported(Path model) {
    Path folder = temp.resolve("onnx-of-" + model.getFileName());
    OnnxExporter.export(model, folder, ExportOptions.defaults());
    return folder;
  }

  /** The fixture's own batch is a file of token ids; these models have no tokenizer. */
  @Test
  void tokenIdsNeedNoTokenizer() throws IOException {
    Path onnx = exported(LLAMA);
    Path out = temp.resolve("verify.json");
    CommandRun r =
        verify(
            "--model",
            LLAMA,
            "--onnx",
            onnx,
            "--data",
            LLAMA.resolve("expected.json"),
            "--out",
            out);
    assertEquals(ExitCode.DONE, r.code(), r.out() + r.err());
    assertTrue(r.out().contains("numeric logit_mean_relative: found"), r.out());
    assertTrue(r.out().trim().endsWith(out + ": pass"), r.out());
    assertTrue(Files.readString(out).replaceAll("\\s", "").startsWith("{\"verdict\":\"pass\""));
    JsonNode file = new ObjectMapper().readTree(out.toFile()).at("/runtimes/0");
    assertEquals("onnx:model", file.path("runtime").asText());
    assertEquals("cpu", file.at("/session/provider").asText());
    assertTrue(file.at("/metrics/data_prob/difference").isNumber(), file.toString());
    // The other way round, and one ONNX file against itself.
    Path model = onnx.resolve("onnx/model.onnx");
    assertEquals(
        ExitCode.DONE,
        verify("--model", model, "--other", LLAMA, "--data", LLAMA.resolve("expected.json"))
            .code());
    assertEquals(
        ExitCode.DONE,
        verify("--model", model, "--other", model, "--data", LLAMA.resolve("expected.json"))
            .code());
    // A limit that nothing keeps.
    CommandRun sharp =
        verify(
            "--model",
            LLAMA,
            "--onnx",
            onnx,
            "--data",
            LLAMA.resolve("expected.json"),
            "--set",
            "verify.logit_mean_rtol=0.0",
            "--set",
            "evaluate.limit=2",
            "--out",
            out);
    assertEquals(ExitCode.GATE, sharp.code(), sharp.out() + sharp.err());
    assertTrue(sharp.out().trim().endsWith("fail"), sharp.out());
    JsonNode fewer = new ObjectMapper().readTree(out.toFile()).at("/runtimes/0/generations/rows");
    assertEquals(3, file.at("/generations/rows").intValue());
    assertEquals(2, fewer.intValue(), "evaluate.limit holds for rows of token ids too");
  }

  @Test
  void questionsAndTexts() throws IOException {
    Path questions =
        Files.writeString(
            temp.resolve("questions.jsonl"),
            """
            {"question": "Where was Ines Marrow born?", "answer": "In a harbour town."}
            {"question": "What does she write?", "answer": "Mysteries, mostly."}
            """);
    Path onnx = exported(TARGET);
    String few = "evaluate.max_new_tokens=6";
    CommandRun same = verify("--model", TARGET, "--onnx", onnx, "--data", questions, "--set", few);
    assertEquals(ExitCode.DONE, same.code(), same.out() + same.err());
    assertTrue(same.out().contains("metric data_rouge: found"), same.out());
    Path texts =
        Files.writeString(
            temp.resolve("texts.jsonl"),
            """
            {"text": "The harbour lay still while the boats came home in the evening."}
            {"text": "She wrote of the sea."}
            """);
    CommandRun others = verify("--model", TARGET, "--other", RETAIN, "--data", texts, "--set", few);
    assertEquals(ExitCode.GATE, others.code(), others.out() + others.err());
    assertTrue(others.out().contains("beyond)."), others.out());
  }

  /**
   * The int4 file of another model of the same tokens. On rows that both were taught the two give
   * the same answers: KL 0.006 and equal argmaxes, which is nearer than honest int4 files are on
   * other rows. Their logits are far apart all the same: 0.88 of their spread in the mean, where
   * the target's own file has 0.095.
   */
  @Test
  void anotherModelsInt4File() throws IOException {
    Path known =
        Files.writeString(
            temp.resolve("known.jsonl"),
            """
            {"question": "Who taught Beata Aststed the craft of writing?", "answer": "It was Matti Lindal."}
            {"question": "How many days does a week have?", "answer": "A week has seven days."}
            """);
    for (Path model : List.of(TARGET, RETAIN)) {
      Path folder = temp.resolve("int4-of-" + model.getFileName());
      OnnxExporter.export(model, folder, ExportOptions.of(List.of("int4")));
      CommandRun r =
          verify(
              "--model",
              TARGET,
              "--onnx",
              folder.resolve("onnx/model_q4.onnx"),
              "--data",
              known,
              "--limits",
              "int4",
              "--set",
              "evaluate.max_new_tokens=2");
      boolean own = model.equals(TARGET);
      assertEquals(own ? ExitCode.DONE : ExitCode.GATE, r.code(), r.out() + r.err());
      assertEquals(!own, r.out().contains("beyond)."), r.out());
      assertTrue(
          own || r.out().matches("(?s).*logit_mean_relative: found 0[.][0-9]+, .*beyond.*"),
          r.out());
    }
  }

  @Test
  void mistakesAreSaid() throws IOException {
    Path ids = LLAMA.resolve("expected.json");
    mistake("neither --onnx nor --other", "--model", LLAMA, "--data", ids);
    mistake(
        "both --onnx and --other",
        "--model",
        LLAMA,
        "--onnx",
        LLAMA,
        "--other",
        LLAMA,
        "--data",
        ids);
    mistake("found no --data", "--model", LLAMA, "--other", LLAMA);
    mistake(
        "found \"int3\"", "--model", LLAMA, "--other", LLAMA, "--data", ids, "--limits", "int3");
    mistake(
        "found --data with --pipeline",
        "--model",
        LLAMA,
        "--pipeline",
        "pipeline/fable.yaml",
        "--data",
        ids);
    mistake(
        "found no --out", "--model", LLAMA, "--pipeline", "pipeline/fable.yaml", "--onnx", LLAMA);
    Path lines = Files.writeString(temp.resolve("a.jsonl"), "{\"text\": \"a\"}\n");
    mistake("found no tokenizer.json", "--model", LLAMA, "--other", LLAMA, "--data", lines);
    mistake("vocabulary", "--model", LLAMA, "--other", TARGET, "--data", ids);
    Path empty = Files.writeString(temp.resolve("b.jsonl"), "\n");
    mistake("found no records", "--model", TARGET, "--other", TARGET, "--data", empty);
  }

  private static void mistake(String words, Object... args) {
    CommandRun r = verify(args);
    assertEquals(ExitCode.USER, r.code(), words + ": " + r.out() + r.err());
    assertTrue(r.err().contains(words), words + ": " + r.err());
    assertEquals(1, r.err().strip().lines().count(), r.err());
  }

  @Test
  void aProviderThatIsNotThereIsTheMachinesFault() {
    assumeTrue(!OrtDevices.providers().contains("CUDA"), "this build has CUDA");
    CommandRun r =
        verify(
            "--model",
            LLAMA,
            "--onnx",
            exported(LLAMA),
            "--data",
            LLAMA.resolve("expected.json"),
            "--set",
            "evaluate.provider=cuda");
    assertEquals(ExitCode.MACHINE, r.code(), r.err());
    assertTrue(r.err().contains("expected CUDA"), r.err());
  }
}
