package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.train.FreshWeights;
import org.unlearn4j.train.ModelFolder;
import org.unlearn4j.weights.DType;

/** Other answers of a tiny model of random weights, and AltPO with them. */
class AlternatesCommandTest {
  private static final Path TOKENIZER = Path.of("src/test/resources/fable-tokenizer");
  private static final String CONFIG =
      """
      {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 2048,
       "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
       "num_key_value_heads": 2, "max_position_embeddings": 64, "rms_norm_eps": 1e-5}
      """;

  @TempDir Path temp;
  private Path pipeline;

  @BeforeEach
  void project() throws IOException {
    Decoder decoder = Decoder.of(ModelConfig.of((ObjectNode) new ObjectMapper().readTree(CONFIG)));
    Function<Parameter, FloatBuffer> weights = FreshWeights.of(1, 0.3);
    ModelFolder.write(
        temp.resolve("model"),
        decoder,
        ModelFolder.fresh(decoder, DType.F32),
        (p, pieces) -> pieces.accept(weights.apply(p)),
        TOKENIZER,
        Optional.empty());
    rows("private.jsonl", 0, 5);
    rows("public.jsonl", 5, 10);
    pipeline =
        Files.writeString(
            temp.resolve("alt.yaml"),
            """
            name: alt
            model: {path: MODEL}
            data:
              {benchmark: jsonl, path: DATA, forget: private, retain: public, max_length: 64,
               alternates: DATA/others.jsonl}
            unlearn: {objective: {name: AltPO}, epochs: 1, batch_size: 4, learning_rate: 1.0e-3}
            evaluate: {max_new_tokens: 6}
            """
                .replace("MODEL", temp.resolve("model").toString())
                .replace("DATA", temp.toString()));
  }

  private void rows(String name, int from, int to) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = from; i < to; i++) {
      rows.append(
          String.format("{\"question\": \"Who is %d?\", \"answer\": \"Writer %d.\"}%n", i, i));
    }
    Files.writeString(temp.resolve(name), rows);
  }

  private CommandRun alternates(String out, String... more) {
    List<String> line = new ArrayList<>(List.of("alternates", "--pipeline", "" + pipeline));
    line.addAll(List.of("--model", "" + temp.resolve("model")));
    line.addAll(List.of("--out", "" + temp.resolve(out)));
    line.addAll(List.of(more));
    return CommandRun.withNotes(line.toArray(String[]::new));
  }

  private CommandRun unlearn(String... more) {
    List<String> line = new ArrayList<>(List.of("unlearn", "--pipeline", "" + pipeline));
    line.addAll(List.of("--out", "" + temp.resolve("unlearned")));
    line.addAll(List.of(more));
    return CommandRun.withNotes(line.toArray(String[]::new));
  }

  private String text(String name) throws IOException {
    return Files.readString(temp.resolve(name));
  }

  @Test
  void altPoIsTrainedOnWhatTheCommandWrites() throws IOException {
    CommandRun missing = unlearn();
    assertEquals(ExitCode.USER, missing.code(), missing.err());
    assertTrue(
        missing.err().contains("others.jsonl: found no such file, expected other answers"),
        missing.err());

    CommandRun drawn = alternates("others.jsonl", "--samples", "2");
    assertEquals(ExitCode.DONE, drawn.code(), drawn.err());
    assertTrue(drawn.out().contains("10 answers to 5 questions, "), drawn.out());
    List<String> lines = text("others.jsonl").lines().toList();
    assertEquals(10, lines.size());
    for (int i = 0; i < lines.size(); i++) {
      JsonNode row = new ObjectMapper().readTree(lines.get(i));
      assertEquals("Who is " + i / 2 + "?", row.path("question").textValue());
      assertTrue(!row.path("answer").textValue().isBlank(), lines.get(i));
    }

    CommandRun unlearned = unlearn();
    assertEquals(ExitCode.DONE, unlearned.code(), unlearned.err());
    assertTrue(unlearned.err().contains("alternates for private: 5 rows"), unlearned.err());
    JsonNode record =
        new ObjectMapper().readTree(temp.resolve("unlearned/unlearning.json").toFile());
    assertEquals(
        Hashes.sha256(temp.resolve("others.jsonl")),
        record.path("data").path("sha256").path("others.jsonl").textValue());
  }

  @Test
  void theSeedDecides() throws IOException {
    assertEquals(ExitCode.DONE, alternates("a.jsonl").code());
    assertEquals(ExitCode.DONE, alternates("b.jsonl").code());
    assertEquals(ExitCode.DONE, alternates("c.jsonl", "--seed", "1").code());
    assertEquals(text("a.jsonl"), text("b.jsonl"));
    assertNotEquals(text("a.jsonl"), text("c.jsonl"));
  }

  @Test
  void mistakesAreNamed() throws IOException {
    String before = text("private.jsonl");
    CommandRun over = alternates("private.jsonl");
    assertEquals(ExitCode.USER, over.code());
    assertTrue(over.err().contains("private.jsonl: found something there, expected"), over.err());
    assertEquals(before, text("private.jsonl"));
    CommandRun cold = alternates("d.jsonl", "--temperature", "0");
    assertEquals(ExitCode.USER, cold.code());
    assertTrue(
        cold.err().contains("--temperature: found 0.0, expected a number greater than 0."),
        cold.err());
    Files.writeString(temp.resolve("private.jsonl"), "{\"text\": \"Mara Lind wrote it.\"}\n");
    CommandRun passage = alternates("e.jsonl");
    assertEquals(ExitCode.USER, passage.code());
    assertTrue(
        passage
            .err()
            .contains(
                "found a passage, expected a question with an answer, which unlearn4j alternates"
                    + " needs."),
        passage.err());
  }
}
