package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.fixtures.Adapters;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.train.ModelFolder;
import org.unlearn4j.weights.CheckpointLayout;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.TensorInfo;

/** A bfloat16 base of several files, and what it has learned, in float32 and one file. */
class NegateCommandTest {
  private static final Path TOKENIZER = Path.of("src/test/resources/fable-tokenizer");

  /** Values of the base and what was added to them, in thirty-seconds: exact in every format. */
  private static final int PARTS = 32;

  @TempDir Path temp;

  private static int base(int i) {
    return 4 * (i % 7 - 3);
  }

  private static int added(int i) {
    return 2 * (5 * i % 9 - 4);
  }

  private Path write(
      String name, Decoder decoder, DType dtype, long shard, IntToDoubleFunction value) {
    List<TensorInfo> tensors =
        decoder.parameters().stream().map(p -> new TensorInfo(p.name(), dtype, p.shape())).toList();
    ModelFolder.write(
        temp.resolve(name),
        decoder,
        CheckpointLayout.fresh(tensors, shard),
        (p, pieces) -> pieces.accept(values(p, value)),
        TOKENIZER,
        Optional.empty());
    return temp.resolve(name);
  }

  private static FloatBuffer values(Parameter p, IntToDoubleFunction value) {
    FloatBuffer values = FloatBuffer.allocate((int) p.size());
    IntStream.range(0, values.capacity())
        .forEach(i -> values.put(i, (float) value.applyAsDouble(i)));
    return values;
  }

  private void base(Decoder decoder) {
    write("base", decoder, DType.BF16, 20_000, i -> base(i) / (double) PARTS);
  }

  private void learned(Decoder decoder) {
    write(
        "learned",
        decoder,
        DType.F32,
        CheckpointLayout.SHARD,
        i -> (base(i) + added(i)) / (double) PARTS);
  }

  private CommandRun negate(String... more) {
    List<String> line =
        new ArrayList<>(
            List.of(
                "negate",
                "--model",
                "" + temp.resolve("base"),
                "--learned",
                "" + temp.resolve("learned"),
                "--out",
                "" + temp.resolve("out")));
    line.addAll(Arrays.asList(more));
    return CommandRun.withNotes(line.toArray(String[]::new));
  }

  /** Whole numbers of thirty-seconds all the way: half of what was added is one, too. */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void whatWasLearnedIsSubtracted(String family) throws IOException {
    Decoder decoder = Adapters.decoder(family);
    base(decoder);
    learned(decoder);
    CommandRun run = negate();
    assertEquals(0, run.code(), run.err());
    assertEquals(temp.resolve("out").toString(), run.out().strip());
    try (SafeTensors after = SafeTensors.open(temp.resolve("out"))) {
      for (Parameter p : decoder.parameters()) {
        assertEquals(DType.BF16, after.info(p.name()).dtype());
        float[] found = after.floats(p.name());
        for (int i = 0; i < found.length; i++) {
          assertEquals((base(i) - added(i) / 2) / (float) PARTS, found[i], p.name());
        }
        // Plausible mistakes are other numbers: the sign, and theta - strength * theta_learned.
        int i = 1;
        assertNotEquals((base(i) + added(i) / 2) / (float) PARTS, found[i]);
        assertNotEquals((base(i) - (base(i) + added(i)) / 2) / (float) PARTS, found[i]);
      }
    }
    assertEquals(names(temp.resolve("base")), names(temp.resolve("out")));
    for (String same : List.of("config.json", "tokenizer.json", "model.safetensors.index.json")) {
      Path before = temp.resolve("base").resolve(same);
      assertEquals(-1, Files.mismatch(before, temp.resolve("out").resolve(same)), same);
    }
  }

  /** But for the record, which the base has none of. */
  private static List<String> names(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files
          .map(f -> String.valueOf(f.getFileName()))
          .filter(n -> !n.equals("unlearning.json"))
          .sorted()
          .toList();
    }
  }

  @Test
  void theStrengthIsAFactorAndTheRecordSaysIt() throws IOException {
    Decoder decoder = Adapters.decoder("llama");
    base(decoder);
    learned(decoder);
    Path before = temp.resolve("base").resolve("unlearning.json");
    Files.writeString(before, "{\"objective\": \"NPO\"}");
    assertEquals(0, negate("--strength", "1.5").code());
    try (SafeTensors after = SafeTensors.open(temp.resolve("out"))) {
      float[] found = after.floats("model.norm.weight");
      for (int i = 0; i < found.length; i++) {
        assertEquals((2 * base(i) - 3 * added(i)) / (2f * PARTS), found[i]);
      }
    }
    JsonNode record =
        new ObjectMapper().readTree(temp.resolve("out").resolve("unlearning.json").toFile());
    assertEquals("NPO", record.path("objective").textValue());
    JsonNode block = record.path("negated");
    assertEquals(1.5, block.path("strength").doubleValue());
    assertFalse(block.path("source_sha256").isEmpty());
    assertFalse(block.path("learned_sha256").isEmpty());
    assertNotEquals(block.path("source_sha256"), block.path("learned_sha256"));
  }

  private static Decoder changed(String family, UnaryOperator<ObjectNode> change) {
    ObjectNode json = Adapters.decoder(family).config().json().deepCopy();
    return Decoder.of(ModelConfig.of(change.apply(json)));
  }

  private void refused(Decoder other, String expected) {
    learned(other);
    CommandRun run = negate();
    assertEquals(2, run.code(), run.err());
    assertEquals(1, run.err().strip().lines().count(), run.err());
    assertTrue(run.err().contains(expected), run.err());
    assertFalse(Files.exists(temp.resolve("out")));
  }

  /** Of many mismatches the first: one sentence. */
  @Test
  void modelsThatDifferInMoreThanValuesAreAMistake() {
    Decoder llama = Adapters.decoder("llama");
    base(llama);
    refused(
        changed("llama", c -> c.put("vocab_size", 121)),
        "tensor model.embed_tokens.weight: found shape [121, 32], expected [120, 32] as in ");
    refused(
        changed("llama", c -> c.put("num_hidden_layers", 2)),
        "tensor model.layers.2.input_layernorm.weight: found no such tensor, expected one of shape"
            + " [32] as in ");
    refused(
        changed("llama", c -> c.put("model_type", "qwen3")),
        "found a tensor that " + temp.resolve("base") + " does not have, expected none.");
    refused(
        changed("llama", c -> c.put("tie_word_embeddings", true)),
        "config.json, tie_word_embeddings: found true, expected false as in ");
    refused(Adapters.decoder("gpt2"), "found true, expected false as in ");
  }

  @Test
  void nothingElseIsReplaced() {
    Decoder llama = Adapters.decoder("llama");
    base(llama);
    learned(llama);
    for (String strength : List.of("0", "-0.5")) {
      CommandRun run = negate("--strength", strength);
      assertEquals(2, run.code());
      assertTrue(
          run.err()
              .contains("--strength: found " + strength + ", expected a number greater than 0."),
          run.err());
    }
    assertFalse(Files.exists(temp.resolve("out")));
    for (String over : List.of("base", "learned")) {
      CommandRun run =
          CommandRun.withNotes(
              "negate",
              "--model",
              "" + temp.resolve("base"),
              "--learned",
              "" + temp.resolve("learned"),
              "--out",
              "" + temp.resolve(over));
      assertEquals(2, run.code(), run.err());
      assertTrue(run.err().contains("another folder to write to"), run.err());
    }
  }
}
