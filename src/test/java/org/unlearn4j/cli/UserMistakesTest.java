package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.unlearn4j.fixtures.Fixture;

/** Models, weights and folders that are not what a command needs. */
class UserMistakesTest extends MistakeCase {
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
    String expected = "config.json, model_type: found \"lama\", expected one of gemma, gemma2,";
    mistake(expected, forward());
    mistake(expected, export());
    mistake(expected, unlearn(pipeline("", "")));
  }

  /** Of every training of the pipeline, and before the first of its stages. */
  @Test
  void whatTheModelHasNoPlaceFor() throws IOException {
    String pipeline =
        pipeline(
            ", router_loss: config, clreg: {weight: 0.1, layers: [7]}",
            "relearn: {router_loss: 0.25}");
    String run = temp.resolve("runs/a").toString();
    String told = fails(ExitCode.USER, 3, "run", "--pipeline", pipeline, "--run", run);
    assertEquals(
        told, fails(ExitCode.USER, 3, "run", "--pipeline", pipeline, "--run", run, "--plan"));
    for (String sentence :
        List.of(
            "unlearn.clreg.layers: found 7, expected embeddings, last or 0 to 2",
            "unlearn.router_loss: found config for a model without experts (llama), expected 0.",
            "relearn.router_loss: found 0.25 for a model without experts (llama), expected 0.")) {
      assertTrue(told.lines().anyMatch(l -> l.startsWith(sentence)), told);
    }
    mistake(
        "relearn.adapter.layers: found ",
        "run",
        "--pipeline",
        pipeline("", "relearn: {adapter: {rank: 2, layers: [9]}}"),
        "--plan");
  }

  private void configure(java.util.function.Consumer<ObjectNode> change) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    Path file = model.resolve("config.json");
    ObjectNode json = (ObjectNode) mapper.readTree(file.toFile());
    change.accept(json);
    mapper.writeValue(file.toFile(), json);
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
        home + ": found letter, which is no part of an older model, expected no other file than",
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
