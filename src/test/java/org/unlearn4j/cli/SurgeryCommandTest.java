package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
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

/** A tiny model of random weights, from which directions are cut. */
class SurgeryCommandTest {
  private static final Path TOKENIZER = Path.of("src/test/resources/fable-tokenizer");
  private static final String CONFIG =
      """
      {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 2048,
       "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
       "num_key_value_heads": 2, "max_position_embeddings": 64, "rms_norm_eps": 1e-5,
       "tie_word_embeddings": false}
      """;

  /** Of a mean NLL near 8: sums in float32, in an order that threads decide. */
  private static final double ROUNDING = 1e-4;

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
    rows("private.jsonl", 0, 6);
    rows("public.jsonl", 6, 14);
    pipeline =
        Files.writeString(
            temp.resolve("cut.yaml"),
            """
            name: cut
            model: {path: MODEL}
            data: {benchmark: jsonl, path: DATA, forget: private, retain: public, max_length: 64}
            unlearn:
              objective: {name: NPO}
              epochs: 1
              batch_size: 4
              learning_rate: 1.0e-3
              surgery: {rank: 2, energy: 1}
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

  private CommandRun run(String command, String out, String... sets) {
    List<String> line =
        new ArrayList<>(
            List.of(command, "--pipeline", "" + pipeline, "--out", "" + temp.resolve(out)));
    for (String set : sets) {
      line.addAll(List.of("--set", "unlearn.surgery." + set));
    }
    return CommandRun.withNotes(line.toArray(String[]::new));
  }

  private JsonNode record(String out) throws IOException {
    Path file = temp.resolve(out).resolve("unlearning.json");
    return new ObjectMapper().readTree(file.toFile()).path("surgery");
  }

  private String weights(String folder) {
    return Hashes.sha256(temp.resolve(folder).resolve("model.safetensors"));
  }

  /**
   * Where only the table is cut, the stream at the embeddings is the projected one: the retain
   * rows', all of which are measured, moves by the root of the energy that is given up. Rounding to
   * float32 is far below a thousandth of it.
   */
  @Test
  void retainFeaturesMoveByTheEnergyGivenUp() throws IOException {
    CommandRun run = run("surgery", "cut", "layers=[embeddings]", "reads=false");
    assertEquals(0, run.code(), run.err());
    JsonNode done = record("cut");
    JsonNode layer = done.path("layers").path(0);
    assertEquals("embeddings", layer.path("layer").textValue());
    assertEquals(2, layer.path("rank").intValue());
    double energy = layer.path("retain_energy").path(1).doubleValue();
    double moved = done.path("retain_features_moved").path("embeddings").doubleValue();
    assertTrue(moved > 1e-3, "moved by " + moved);
    assertEquals(Math.sqrt(energy), moved, 1e-3 * moved);
    double forget = layer.path("forget_energy").path(1).doubleValue();
    assertTrue(forget > energy, "of the forget rows " + forget + ", of the retain rows " + energy);
    assertEquals("[\"model.embed_tokens.weight\"]", done.path("written").toString());
    assertTrue(done.path("read").isEmpty() && done.path("left_out").isEmpty(), done.toString());
    assertEquals(
        weights("model"), done.path("source_sha256").path("model.safetensors").textValue());
  }

  /** Half as strong moves half as far; not at all leaves every bit. */
  @Test
  void strengthScalesTheCut() throws IOException {
    run("surgery", "half", "layers=[embeddings]", "reads=false", "strength=0.5");
    JsonNode half = record("half");
    double energy = half.path("layers").path(0).path("retain_energy").path(1).doubleValue();
    double moved = half.path("retain_features_moved").path("embeddings").doubleValue();
    assertEquals(0.5 * Math.sqrt(energy), moved, 1e-3 * moved);
    assertEquals(0, run("surgery", "none", "strength=0").code());
    assertEquals(weights("model"), weights("none"));
    assertTrue(!weights("model").equals(weights("half")));
  }

  /** No more is given up than may be: what the record says was cut, was. */
  @Test
  void theRankFollowsFromTheEnergy() throws IOException {
    run("surgery", "all", "layers=[0]");
    double first = record("all").path("layers").path(0).path("retain_energy").path(0).doubleValue();
    run("surgery", "one", "layers=[0]", "energy=" + first * 1.01);
    run("surgery", "less", "layers=[0]", "energy=" + first * 0.99);
    assertEquals(1, record("one").path("layers").path(0).path("rank").intValue());
    assertEquals(0, record("less").path("layers").path(0).path("rank").intValue());
    assertEquals(weights("model"), weights("less"));
    // Block 1 reads there; the table and block 0 write below.
    assertEquals(5, record("one").path("read").size());
    assertEquals(3, record("one").path("written").size());
  }

  /** After training, with the streams of both models, and in the record of unlearning. */
  @Test
  void unlearnCutsWhatItTrained() throws IOException {
    CommandRun run = run("unlearn", "less", "from=both");
    assertEquals(0, run.code(), run.err());
    JsonNode done = record("less");
    assertEquals(3, done.path("layers").size());
    assertEquals(11, done.path("read").size(), done.toString()); // five a block, and the head
    assertEquals(5, done.path("written").size());
    assertTrue(done.path("retain_features_moved").path("last").doubleValue() > 0);
  }

  /**
   * Healing is ordinary training of what was cut on rows to keep: those become likelier than the
   * cut left them, and at a rate of 0 the model is the one that was cut, to the bit.
   */
  @Test
  void healingTeachesTheRowsToKeep() throws IOException {
    assertEquals(0, run("surgery", "cut").code());
    assertTrue(record("cut").path("healing").isMissingNode(), "none unless it is asked for");
    CommandRun run = run("surgery", "healed", "healing={steps: 8, learning_rate: 3.0e-3}");
    assertEquals(0, run.code(), run.err());
    assertTrue(run.err().contains("healing: 8 steps"), run.err());
    JsonNode healing = record("healed").path("healing");
    assertEquals(8, healing.path("steps").intValue());
    double before = healing.path("retain_nll_cut").doubleValue();
    double after = healing.path("retain_nll").doubleValue();
    assertTrue(after > 0 && after < before - 0.1, "from " + before + " to " + after);
    assertWritten(healing, "healed");
    assertEquals(before, asWritten("cut").path("retain_nll_cut").doubleValue(), ROUNDING);
    assertTrue(nothingIsLeft());
    run("surgery", "still", "healing={steps: 2, learning_rate: 0}", "strength=1");
    assertEquals(weights("cut"), weights("still"));
    assertTrue(!weights("cut").equals(weights("healed")));
  }

  /** What is measured of a folder that was written, neither cut nor taught again. */
  private JsonNode asWritten(String folder) throws IOException {
    CommandRun run =
        CommandRun.withNotes(
            "surgery",
            "--pipeline",
            "" + pipeline,
            "--model",
            "" + temp.resolve(folder),
            "--out",
            "" + temp.resolve(folder + "-again"),
            "--set",
            "unlearn.surgery={strength: 0, healing: {steps: 1, learning_rate: 0}}");
    assertEquals(0, run.code(), run.err());
    assertEquals(weights(folder), weights(folder + "-again"));
    return record(folder + "-again").path("healing");
  }

  private void assertWritten(JsonNode healing, String folder) throws IOException {
    JsonNode written = asWritten(folder);
    for (String nll : List.of("retain_nll", "forget_nll")) {
      double expected = healing.path(nll).doubleValue();
      assertEquals(expected, written.path(nll + "_cut").doubleValue(), ROUNDING, nll);
    }
  }

  /** What is on disk while a model heals is gone when it has. */
  private boolean nothingIsLeft() {
    return !Files.exists(temp.resolve("checkpoints"));
  }

  /** The record says of the rows to forget what the healed model does, not the cut one. */
  @Test
  void unlearnHealsWhatItCut() throws IOException {
    CommandRun run = run("unlearn", "less", "healing.steps=4");
    assertEquals(0, run.code(), run.err());
    JsonNode healing = record("less").path("healing");
    assertEquals(4, healing.path("steps").intValue());
    assertEquals(1e-3, healing.path("learning_rate").doubleValue(), "that of unlearn");
    double before = healing.path("retain_nll_cut").doubleValue();
    double after = healing.path("retain_nll").doubleValue();
    assertTrue(after > 0 && after <= before, "from " + before + " to " + after);
    Path file = temp.resolve("less").resolve("unlearning.json");
    JsonNode whole = new ObjectMapper().readTree(file.toFile());
    double forgotten = healing.path("forget_nll").doubleValue();
    assertTrue(forgotten != healing.path("forget_nll_cut").doubleValue());
    assertEquals(forgotten, whole.path("after").path("forget_nll").doubleValue());
    assertWritten(healing, "less");
    assertTrue(nothingIsLeft());
  }

  @Test
  void mistakesAreNamed() throws IOException {
    CommandRun neither = run("surgery", "a", "reads=false", "writes=false");
    assertEquals(2, neither.code());
    assertTrue(neither.err().contains("unlearn.surgery.reads=false: found false"), neither.err());
    CommandRun deep = run("surgery", "a", "layers=[2]");
    assertEquals(2, deep.code());
    assertTrue(deep.err().contains("found layer 2"), deep.err());
    CommandRun into = run("surgery", "model");
    assertEquals(2, into.code());
    Files.writeString(
        pipeline, Files.readString(pipeline).replace("surgery: {rank: 2, energy: 1}", "seed: 1"));
    CommandRun none = run("surgery", "a");
    assertEquals(2, none.code());
    assertTrue(none.err().contains("no block unlearn.surgery"), none.err());
  }
}
