package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
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
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.train.FreshWeights;
import org.unlearn4j.train.ModelFolder;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;

/** A tiny model of random weights, of which one map is solved for. */
class LunarCommandTest {
  private static final Path TOKENIZER = Path.of("src/test/resources/fable-tokenizer");
  private static final String LLAMA =
      """
      {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 2048,
       "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
       "num_key_value_heads": 2, "max_position_embeddings": 64, "rms_norm_eps": 1e-5,
       "tie_word_embeddings": false}
      """;
  private static final String GPT2 =
      """
      {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": 2048,
       "n_embd": 16, "n_inner": 16, "n_layer": 2, "n_head": 2, "n_positions": 64,
       "layer_norm_epsilon": 1e-5}
      """;

  @TempDir Path temp;

  private Path pipeline(String config) throws IOException {
    Decoder decoder = Decoder.of(ModelConfig.of((ObjectNode) new ObjectMapper().readTree(config)));
    Function<Parameter, FloatBuffer> weights = FreshWeights.of(1, 0.3);
    ModelFolder.write(
        temp.resolve("model"),
        decoder,
        ModelFolder.fresh(decoder, DType.F32),
        (p, pieces) -> pieces.accept(weights.apply(p)),
        TOKENIZER,
        Optional.empty());
    rows("private.jsonl", "Who is %d?", 0, 6);
    rows("public.jsonl", "Who was %d?", 6, 14);
    rows("strangers.jsonl", "Is there a %d?", 14, 20);
    return Files.writeString(
        temp.resolve("lunar.yaml"),
        """
        name: lunar
        model: {path: MODEL}
        data: {benchmark: jsonl, path: DATA, forget: private, retain: public, max_length: 64}
        unlearn: {objective: {name: NPO}}
        """
            .replace("MODEL", temp.resolve("model").toString())
            .replace("DATA", temp.toString()));
  }

  private void rows(String name, String question, int from, int to) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = from; i < to; i++) {
      rows.append(
          "{\"question\": \"%s\", \"answer\": \"Writer %d.\"}\n"
              .formatted(question.formatted(i), i));
    }
    Files.writeString(temp.resolve(name), rows);
  }

  private CommandRun run(Path pipeline, String... more) {
    List<String> line =
        new ArrayList<>(
            List.of("lunar", "--pipeline", "" + pipeline, "--out", "" + temp.resolve("out")));
    line.addAll(Arrays.asList(more));
    return CommandRun.withNotes(line.toArray(String[]::new));
  }

  private JsonNode record() throws IOException {
    Path file = temp.resolve("out").resolve("unlearning.json");
    return new ObjectMapper().readTree(file.toFile()).path("lunar");
  }

  private float[][] stream(String folder, int layer) {
    TokenRow row = TokenRow.answered(new int[] {1, 40}, 41, 42, 43, 44, 45, 46);
    try (TensorFlowModel model = TensorFlowModel.open(temp.resolve(folder), Computations.FP32)) {
      return model.states(List.of(row), List.of(layer))[0];
    }
  }

  /**
   * One matrix changes, by one rank: whatever a token is, the stream behind the block moves along
   * one direction, as far as the token has of v; below it stays, bit for bit.
   */
  @ParameterizedTest
  @CsvSource({
    "llama, strangers, model.layers.1.mlp.down_proj",
    "gpt2, refusals, transformer.h.1.mlp.c_proj"
  })
  void oneMapChangesByOneRank(String family, String reference, String map) throws IOException {
    Path pipeline = pipeline(family.equals("llama") ? LLAMA : GPT2);
    CommandRun run = run(pipeline, "--layer", "1", "--reference", reference);
    assertEquals(0, run.code(), run.err());
    JsonNode record = record();
    assertEquals(map, record.path("map").textValue());
    assertEquals(reference, record.path("reference").textValue());
    assertTrue(record.path("move_length").doubleValue() > 1e-3, record.toString());
    double forget = record.path("redirected_forget").doubleValue();
    assertTrue(forget > 0 && forget < 1, "a ridge and retain tokens hold back: " + forget);
    assertTrue(record.path("redirected_retain").doubleValue() < forget, record.toString());
    assertFalse(record.path("source_sha256").isEmpty() || record.path("data_sha256").isEmpty());
    try (SafeTensors before = SafeTensors.open(temp.resolve("model"));
        SafeTensors after = SafeTensors.open(temp.resolve("out"))) {
      for (String name : before.names()) {
        boolean changes = name.equals(map + ".weight");
        assertEquals(!changes, Arrays.equals(before.floats(name), after.floats(name)), name);
      }
    }
    assertArrayEquals(stream("model", 1), stream("out", 1));
    float[][] was = stream("model", 2);
    float[][] is = stream("out", 2);
    double[] first = minus(is[0], was[0]);
    assertTrue(Math.sqrt(dot(first, first)) > 1e-3);
    for (int t = 1; t < is.length; t++) {
      double[] move = minus(is[t], was[t]);
      double cosine = dot(move, first) / Math.sqrt(dot(move, move) * dot(first, first));
      // float32 differences of numbers of some 1: 1e-7 of a move of some 1e-2.
      assertClose("one direction at " + t, 1, Math.abs(cosine), 1e-4, 0);
    }
  }

  private static double[] minus(float[] a, float[] b) {
    double[] c = new double[a.length];
    for (int i = 0; i < c.length; i++) {
      c[i] = (double) a[i] - b[i];
    }
    return c;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  /** Twice as strong moves twice as far, by the same tokens. */
  @Test
  void strengthIsAFactorOfTheMove() throws IOException {
    Path pipeline = pipeline(LLAMA);
    run(pipeline, "--layer", "0");
    JsonNode one = record();
    float[][] was = stream("model", 1);
    double[] moved = minus(stream("out", 1)[3], was[3]);
    run(pipeline, "--layer", "0", "--strength", "2");
    JsonNode two = record();
    assertClose(
        "move",
        2 * one.path("move_length").doubleValue(),
        two.path("move_length").doubleValue(),
        0,
        1e-12);
    assertEquals(one.path("redirected_forget"), two.path("redirected_forget"));
    double[] twice = minus(stream("out", 1)[3], was[3]);
    double ratio = Math.sqrt(dot(twice, twice) / dot(moved, moved));
    assertClose("moved", 2, ratio, 1e-3, 0);
    run(pipeline, "--layer", "0", "--reference", "refusals");
    assertNotEquals(one.path("move_length"), record().path("move_length"));
  }

  @Test
  void whatCannotBeSolvedForIsAMistake() throws IOException {
    Path pipeline = pipeline(LLAMA);
    mistake(pipeline, "--layer: found 2, expected a block from 0 to 1.", "--layer", "2");
    mistake(pipeline, "--layer: found last, expected a block number", "--layer", "last");
    mistake(
        pipeline,
        "--reference: found nobody, expected strangers or refusals.",
        "--layer",
        "0",
        "--reference",
        "nobody");
    mistake(
        pipeline, "--ridge: found 0, expected a number greater", "--layer", "0", "--ridge", "0");
    Files.delete(temp.resolve("strangers.jsonl"));
    mistake(pipeline, "has no strangers.jsonl", "--layer", "0");
    Path norms = Path.of("src/test/resources/fixtures/olmo2");
    mistake(pipeline, "found a norm behind", "--layer", "0", "--model", norms.toString());
    Path experts = Path.of("src/test/resources/fixtures/mixtral");
    mistake(pipeline, "down projections in block 0", "--layer", "0", "--model", experts.toString());
  }

  private void mistake(Path pipeline, String expected, String... more) {
    CommandRun run = run(pipeline, more);
    assertEquals(2, run.code(), run.err());
    assertTrue(run.err().contains(expected), run.err());
    assertFalse(Files.exists(temp.resolve("out")));
  }
}
