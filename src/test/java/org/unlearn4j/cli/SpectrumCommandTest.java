package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

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
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.train.FreshWeights;
import org.unlearn4j.train.ModelFolder;
import org.unlearn4j.weights.DType;

/** A tiny model of random weights, of which one matrix is changed along one direction. */
class SpectrumCommandTest {
  private static final Path TOKENIZER = Path.of("src/test/resources/fable-tokenizer");
  private static final int HIDDEN = 16;
  private static final String CHANGED = "model.layers.1.mlp.down_proj.weight";
  private static final String CONFIG =
      """
      {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 2048,
       "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2,
       "num_key_value_heads": 2, "max_position_embeddings": 64, "rms_norm_eps": 1e-5,
       "tie_word_embeddings": false}
      """;

  @TempDir Path temp;
  private Path pipeline;

  @BeforeEach
  void project() throws IOException {
    Function<Parameter, FloatBuffer> fresh = FreshWeights.of(1, 0.3);
    write("before", CONFIG, fresh);
    write(
        "after", CONFIG, p -> p.name().equals(CHANGED) ? changed(fresh.apply(p)) : fresh.apply(p));
    write("other", CONFIG.replace("\"intermediate_size\": 24", "\"intermediate_size\": 16"), fresh);
    rows("private.jsonl", 0, 6);
    rows("public.jsonl", 6, 14);
    pipeline =
        Files.writeString(
            temp.resolve("own.yaml"),
            """
            name: own
            model: {path: MODEL}
            data: {benchmark: jsonl, path: DATA, forget: private, retain: public, max_length: 64}
            unlearn: {objective: {name: NPO}}
            """
                .replace("MODEL", temp.resolve("before").toString())
                .replace("DATA", temp.toString()));
  }

  /** {@code W + u v^T} with u = (0, 1, 2, 0, 1, ...) / 2 and v = 1: what is added is along u. */
  private static FloatBuffer changed(FloatBuffer weights) {
    FloatBuffer changed = FloatBuffer.allocate(weights.remaining());
    int in = weights.remaining() / HIDDEN;
    for (int i = 0; changed.hasRemaining(); i++) {
      changed.put(weights.get() + (i / in % 3) / 2f);
    }
    return changed.flip();
  }

  private void write(String name, String config, Function<Parameter, FloatBuffer> weights)
      throws IOException {
    Decoder decoder = Decoder.of(ModelConfig.of((ObjectNode) new ObjectMapper().readTree(config)));
    ModelFolder.write(
        temp.resolve(name),
        decoder,
        ModelFolder.fresh(decoder, DType.F32),
        (p, pieces) -> pieces.accept(weights.apply(p)),
        TOKENIZER,
        Optional.empty());
  }

  private void rows(String name, int from, int to) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = from; i < to; i++) {
      rows.append(
          String.format("{\"question\": \"Who is %d?\", \"answer\": \"Writer %d.\"}%n", i, i));
    }
    Files.writeString(temp.resolve(name), rows);
  }

  private CommandRun run(String after, String... more) {
    List<String> line = new ArrayList<>(List.of("spectrum", "--pipeline", "" + pipeline));
    line.addAll(List.of("--before", "" + temp.resolve("before")));
    line.addAll(List.of("--after", "" + temp.resolve(after), "--directions", "3"));
    line.addAll(List.of("--out", "" + temp.resolve("spectrum.json")));
    line.addAll(List.of(more));
    return CommandRun.withNotes(line.toArray(String[]::new));
  }

  private JsonNode read() throws IOException {
    return new ObjectMapper().readTree(temp.resolve("spectrum.json").toFile());
  }

  /**
   * u has the energy (5 * 1 + 5 * 4) / 4 = 6.25 over 16 rows (five each of 1 and 2), v 24: 150.
   * What block 1 adds to the stream is along u, and nothing below it changes. The way back to the
   * model before is all inside, and its cosine is 1.
   */
  @Test
  void oneDirectionIsSeenAsOne() throws IOException {
    CommandRun run = run("after", "--relearned", "" + temp.resolve("before"));
    assertEquals(0, run.code(), run.err());
    JsonNode root = read();
    assertEquals(14, root.path("weights").size(), "seven matrices a block");
    for (JsonNode matrix : root.path("weights")) {
      String name = matrix.path("matrix").textValue();
      assertEquals(name.contains(".1.") ? "1" : "0", matrix.path("layer").textValue(), name);
      boolean changed = name.equals(CHANGED);
      assertClose(name, changed ? 150 : 0, matrix.path("energy").asDouble(Double.NaN), 1e-4, 0);
      assertClose(
          name, changed ? 1 : 0, matrix.path("effective_rank").asDouble(Double.NaN), 1e-5, 0);
      JsonNode again = matrix.path("relearned");
      if (changed) {
        assertClose(name, 1, again.path("inside").asDouble(Double.NaN), 1e-5, 0);
        assertClose(name, 1, again.path("cosine_towards_before").asDouble(Double.NaN), 1e-5, 0);
        assertClose(name, 1.0 / (16 * 24), again.path("inside_by_chance").asDouble(), 1e-12, 0);
      } else {
        assertTrue(again.path("inside").isMissingNode(), name + ": nothing moved");
      }
    }
    features(root.path("features"));
  }

  private static void features(JsonNode layers) {
    List<String> names = new ArrayList<>();
    layers.forEach(l -> names.add(l.path("layer").textValue()));
    assertEquals(List.of("embeddings", "0", "1"), names);
    for (JsonNode layer : layers) {
      boolean changed = layer.path("layer").textValue().equals("1");
      double energy = layer.path("energy").asDouble(Double.NaN);
      assertTrue(changed ? energy > 1e-3 : energy == 0, layer.toString());
      assertClose(
          "rank", changed ? 1 : 0, layer.path("effective_rank").asDouble(Double.NaN), 1e-5, 0);
      assertEquals(changed ? 1 : 0, layer.path("directions_99").intValue());
      assertEquals(3, layer.path("angles_before").size());
      double inside = layer.path("inside_forget_directions").asDouble(Double.NaN);
      assertTrue(changed ? inside >= 0 && inside <= 1 + 1e-9 : Double.isNaN(inside), "" + inside);
      assertClose("chance", 3.0 / HIDDEN, layer.path("inside_by_chance").asDouble(), 1e-12, 0);
      for (String probe : List.of("probe_forget", "probe_retain")) {
        double auc = layer.path(probe).asDouble(Double.NaN);
        assertTrue(changed ? auc >= 0 && auc <= 1 : auc == 0.5, probe + " " + auc);
      }
      if (!changed) {
        assertEquals(layer.path("angles_before"), layer.path("angles_after"));
      }
    }
  }

  /** Negative control: a model held against itself has no direction anywhere. */
  @Test
  void nothingChanged() throws IOException {
    CommandRun run = run("before", "--rows", "4");
    assertEquals(0, run.code(), run.err());
    JsonNode root = read();
    root.path("weights").forEach(m -> assertEquals(0, m.path("energy").asDouble(Double.NaN)));
    root.path("features").forEach(l -> assertEquals(0, l.path("energy").asDouble(Double.NaN)));
    assertEquals(4, root.path("rows").path("forget").intValue());
    assertTrue(root.path("weights").path(0).path("relearned").isMissingNode());
  }

  @Test
  void aModelOfAnotherShapeIsAMistake() {
    CommandRun run = run("other");
    assertEquals(ExitCode.USER, run.code());
    assertTrue(run.err().contains("found a model of another shape, expected one like"), run.err());
  }
}
