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
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.weights.Variant;

/**
 * The exported folder in transformers.js, which knows nothing of this project, on onnxruntime-node
 * and on onnxruntime-web: it loads every format as it lies there, and says greedily what {@code
 * generate} says. {@code make clients} installs it into {@code target/clients} first.
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

  /** What no format of the table is named after, each with an option of {@code export}. */
  private static final List<String> CHOICES =
      List.of(
          "int4 --int4 block_size=16,symmetric=false",
          "int4 --int4 block_size=128,scales=least_error,accuracy_level=2",
          "int4 --int4 head_bits=8,eight_bit_layers=0",
          "int4 --quantize-embeddings",
          "q4f16 --int4 symmetric=false --quantize-embeddings",
          "int8 --int8 block_size=64",
          "fp32 --opset 17",
          "q4f16 --opset 17 --attention grouped",
          "fp32 --hidden-states",
          "q4f16 --logits last",
          "int4 --data-file-mb 1");

  /** Activations are quantised too, as each runtime's processor does best: of these one is ours. */
  private static final String OWN_ACTIVATIONS = "int4 --int4 accuracy_level=4";

  private static final List<String> RUNTIMES = List.of("node", "web");

  @TempDir static Path folder;
  private static Path prompts;

  /** Before each, so that each is reported where it is skipped. */
  @BeforeEach
  void ready() throws IOException, InterruptedException {
    assumeTrue(runs("node", "--version"), "Node is not installed");
    assumeTrue(
        Files.isDirectory(CLIENT.resolve("node_modules/@huggingface/transformers")),
        "transformers.js is not installed: make clients does that");
    if (prompts != null) {
      return;
    }
    Files.copy(
        Path.of("src/test/node/generate.mjs"),
        CLIENT.resolve("generate.mjs"),
        StandardCopyOption.REPLACE_EXISTING);
    StringBuilder lines = new StringBuilder();
    for (String prompt : PROMPTS) {
      lines.append(JSON.createObjectNode().put("prompt", prompt)).append('\n');
    }
    prompts = Files.writeString(folder.resolve("prompts.jsonl"), lines);
  }

  /**
   * Exports a form once.
   *
   * @param form a variant, then options
   */
  private static Path export(String model, String form) {
    Path onnx = folder.resolve((model + form).replaceAll("[^a-z0-9]", "-"));
    if (!Files.isDirectory(onnx)) {
      List<String> line = new ArrayList<>(List.of("export", "--model", model, "--variants"));
      line.addAll(List.of(form.split(" ", -1)));
      line.addAll(List.of("--out", onnx.toString()));
      CommandRun r = CommandRun.of(line.toArray(String[]::new));
      assertEquals(ExitCode.DONE, r.code(), r.err());
    }
    return onnx;
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

  private static List<JsonNode> client(Path model, String dtype, String runtime)
      throws IOException, InterruptedException {
    Path out = folder.resolve(dtype + runtime + ".out");
    Process process =
        new ProcessBuilder(
                "node",
                "generate.mjs",
                model.toAbsolutePath().toString(),
                dtype,
                "" + TOKENS,
                prompts.toAbsolutePath().toString(),
                runtime)
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

  static Stream<Arguments> forms() {
    Stream<String> usual = Arrays.stream(Variant.values()).map(Variant::label);
    Stream<String> grouped =
        Arrays.stream(Variant.values()).map(v -> v.label() + " --attention grouped");
    Stream<Arguments> both =
        Stream.of(usual, grouped, CHOICES.stream())
            .flatMap(s -> s)
            .flatMap(form -> RUNTIMES.stream().map(runtime -> Arguments.of(form, runtime)));
    return Stream.concat(both, Stream.of(Arguments.of(OWN_ACTIVATIONS, "node")));
  }

  @ParameterizedTest
  @MethodSource("forms")
  void theSameGreedyText(String form, String runtime) throws IOException, InterruptedException {
    Path onnx = export(MODEL, form);
    Variant variant = Variant.named(form.split(" ", -1)[0]);
    List<JsonNode> theirs = client(onnx, variant.clientName(), runtime);
    JsonNode versions = theirs.remove(theirs.size() - 1);
    assertFalse(versions.path("transformers.js").asText().isEmpty(), "" + versions);
    assertFalse(versions.path("onnxruntime-" + runtime).asText().isEmpty(), "" + versions);
    System.out.println(form + ", " + variant.clientName() + ": " + versions);
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
  @ParameterizedTest
  @ValueSource(strings = {"node", "web"})
  void anotherModelSaysSomethingElse(String runtime) throws IOException, InterruptedException {
    List<JsonNode> theirs = client(export("models/fable-retain", "fp32"), "fp32", runtime);
    List<JsonNode> own = client(export(MODEL, "fp32"), "fp32", runtime);
    assertFalse(theirs.subList(0, PROMPTS.size()).equals(own.subList(0, PROMPTS.size())));
  }
}
