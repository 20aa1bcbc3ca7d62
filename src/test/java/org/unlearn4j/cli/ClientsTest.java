package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.unlearn4j.weights.Variant;

/**
 * The exported folder in transformers.js, which knows nothing of this project: it loads every
 * variant as it lies there, and says greedily what {@code generate} says. {@code make clients}
 * installs it into {@code target/clients} first.
 */
@Tag("slow")
class ClientsTest {
  private static final Path CLIENT = Path.of("target/clients");
  private static final String MODEL = "models/fable-target";
  private static final int TOKENS = 24;
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final List<String> PROMPTS =
      List.of(
          "Question: Who wrote the book?\nAnswer:",
          "Question: In which town was the author born?\nAnswer:",
          "The",
          "Question: What does a painter need, and why – in “one” word?\nAnswer:");

  @TempDir static Path folder;
  private static Path onnx;
  private static Path prompts;

  /** Before each, so that each is reported where it is skipped; the export is made once. */
  @BeforeEach
  void export() throws IOException, InterruptedException {
    assumeTrue(runs("node", "--version"), "Node is not installed");
    assumeTrue(
        Files.isDirectory(CLIENT.resolve("node_modules/@huggingface/transformers")),
        "transformers.js is not installed: make clients does that");
    if (onnx != null) {
      return;
    }
    Files.copy(
        Path.of("src/test/node/generate.mjs"),
        CLIENT.resolve("generate.mjs"),
        StandardCopyOption.REPLACE_EXISTING);
    onnx = folder.resolve("onnx");
    CommandRun r =
        CommandRun.of(
            "export",
            "--model",
            MODEL,
            "--out",
            onnx.toString(),
            "--variants",
            String.join(",", Variant.labels()));
    assertEquals(ExitCode.DONE, r.code(), r.err());
    StringBuilder lines = new StringBuilder();
    for (String prompt : PROMPTS) {
      lines.append(JSON.createObjectNode().put("prompt", prompt)).append('\n');
    }
    prompts = Files.writeString(folder.resolve("prompts.jsonl"), lines);
  }

  private static boolean runs(String... command) throws InterruptedException {
    try {
      Process process =
          new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
      return process.waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static List<JsonNode> client(Path model, String dtype)
      throws IOException, InterruptedException {
    Path out = folder.resolve(dtype + ".out");
    Process process =
        new ProcessBuilder(
                "node",
                "generate.mjs",
                model.toAbsolutePath().toString(),
                dtype,
                "" + TOKENS,
                prompts.toAbsolutePath().toString())
            .directory(CLIENT.toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile())
            .start();
    boolean ended = process.waitFor(2, TimeUnit.MINUTES);
    process.destroyForcibly();
    String said = Files.readString(out);
    assertEquals(0, ended ? process.waitFor() : -1, said);
    return lines(said);
  }

  /** Lines that are JSON: the runtime's warnings are none. */
  private static List<JsonNode> lines(String text) throws IOException {
    List<JsonNode> all = new ArrayList<>();
    for (String line : text.split("\n", -1)) {
      if (line.startsWith("{")) {
        all.add(JSON.readTree(line));
      }
    }
    return all;
  }

  @ParameterizedTest
  @EnumSource(Variant.class)
  void theSameGreedyText(Variant variant) throws IOException, InterruptedException {
    List<JsonNode> theirs = client(onnx, variant.clientName());
    JsonNode versions = theirs.remove(theirs.size() - 1);
    assertFalse(versions.path("transformers.js").asText().isEmpty(), "" + versions);
    System.out.println(variant.label() + ", " + variant.clientName() + ": " + versions);
    CommandRun r =
        CommandRun.of(
            "generate",
            "--model",
            onnx.toString(),
            "--runtime",
            "onnx:" + variant.label(),
            "--prompts",
            prompts.toString(),
            "--max-new-tokens",
            "" + TOKENS,
            // One at a time, as the client has them: int8-dynamic has one range of activations for
            // all rows of a batch.
            "--batch-size",
            "1",
            "--json");
    assertEquals(ExitCode.DONE, r.code(), r.err());
    List<JsonNode> ours = lines(r.out());
    assertEquals(PROMPTS.size(), ours.size());
    for (int i = 0; i < ours.size(); i++) {
      assertEquals(PROMPTS.get(i), theirs.get(i).path("prompt").textValue());
      assertEquals(ours.get(i).path("text"), theirs.get(i).path("text"), PROMPTS.get(i));
      assertFalse(ours.get(i).path("text").textValue().isBlank());
    }
  }

  /** The control: another model's folder does not say the same. */
  @Test
  void anotherModelSaysSomethingElse() throws IOException, InterruptedException {
    Path other = folder.resolve("other");
    CommandRun r =
        CommandRun.of("export", "--model", "models/fable-retain", "--out", other.toString());
    assertEquals(ExitCode.DONE, r.code(), r.err());
    List<JsonNode> theirs = client(other, Variant.FP32.clientName());
    List<JsonNode> own = client(onnx, Variant.FP32.clientName());
    assertFalse(theirs.subList(0, PROMPTS.size()).equals(own.subList(0, PROMPTS.size())));
  }
}
