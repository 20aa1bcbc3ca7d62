package org.unlearn4j.onnx;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.UserException;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.weights.Variant;

/** Which folder an export may replace: its own work, and never a file that it would not write. */
class ExportTargetTest {
  @TempDir Path temp;

  @Test
  void anOlderExportIsReplacedWhateverWasExported() throws IOException {
    Path folder = Exports.external("llama", temp.resolve("m"));
    Exports.inline("gpt2", folder);
    assertFalse(Files.exists(folder.resolve("onnx").resolve("model.onnx_data")));
    // Everything that an export writes: all variants, data in several files, the comparison.
    Path source = Exports.source("llama", temp.resolve("source"));
    Files.writeString(source.resolve("unlearning.json"), "{}");
    for (String file : ModelFiles.TOKENIZER) {
      Files.writeString(source.resolve(file), "{}");
    }
    ExportOptions all =
        ExportOptions.of(Variant.labels())
            .inlineLimit(0)
            .dataFileLimit(10_000)
            .before(Optional.of(Fixture.named("llama").folder()));
    OnnxExporter.export(source, folder, all);
    Set<String> written = Exports.files(folder);
    assertTrue(written.contains("onnx/model_q4.onnx_data_1"), written.toString());
    assertTrue(written.contains("quantization.json"), written.toString());
    OnnxExporter.export(source, folder, all);
    assertEquals(written, Exports.files(folder));
  }

  @Test
  void nothingElseIsReplaced() throws IOException {
    Path precious = Files.createDirectory(temp.resolve("precious"));
    Files.writeString(precious.resolve("thesis.txt"), "years of work");
    refused(precious, "found files but no genai_config.json");
    // The folder of a run in place of the onnx folder within it.
    Path run = Files.createDirectory(temp.resolve("run"));
    Files.writeString(run.resolve("pipeline.yaml"), "name: run");
    Files.createDirectory(run.resolve("unlearned"));
    Files.writeString(run.resolve("unlearned/model.safetensors"), "weights");
    Exports.inline("llama", run.resolve("onnx"));
    refused(run, "found files but no genai_config.json");
    // A model as it is published, with ONNX files beside its weights.
    Path hub = Exports.inline("llama", temp.resolve("hub"));
    Files.writeString(hub.resolve("model.safetensors"), "weights");
    refused(hub, "found model.safetensors, which is no part of an older export, expected");
    Files.delete(hub.resolve("genai_config.json"));
    refused(hub, "found files but no genai_config.json");
  }

  @Test
  void anExportThatSomebodyAddedToIsNotReplaced() throws IOException {
    Path kept = Exports.inline("llama", temp.resolve("kept"));
    for (String name :
        List.of("README.md", "onnx/notes.txt", "onnx/model_best.onnx", "onnx/sub/model.onnx")) {
      Path file = kept.resolve(name);
      Files.createDirectories(file.getParent());
      Files.copy(Exports.model(kept), file);
      refused(kept, "found " + name + ", which is no part of an older export");
      Files.delete(file);
    }
    byte[] own = Files.readAllBytes(Exports.model(kept));
    for (byte[] foreign :
        List.of(
            ModelProto.parseFrom(own).toBuilder().setProducerName("pytorch").build().toByteArray(),
            ModelProto.parseFrom(own).toBuilder().clearProducerName().build().toByteArray(),
            "no protobuf".getBytes(UTF_8))) {
      Files.write(Exports.model(kept), foreign);
      refused(kept, "found onnx/model.onnx, which is no part of an older export");
    }
    Files.write(Exports.model(kept), own);
    Exports.inline("gpt2", kept);
  }

  /** Neither by its name nor by a link to it. */
  @Test
  void theModelsThatAreReadAreNotReplaced() throws IOException {
    Path above = Exports.inline("llama", temp.resolve("above"));
    Path source = Exports.source("llama", temp.resolve("source"));
    Path within = Files.move(source, above.resolve("model"));
    ExportOptions options = ExportOptions.defaults().before(Optional.of(within));
    Path llama = Fixture.named("llama").folder();
    for (Path to :
        List.of(
            above, within, Files.createSymbolicLink(temp.resolve("link"), above.getFileName()))) {
      UserException model =
          assertThrows(
              UserException.class, () -> OnnxExporter.export(within, to, ExportOptions.defaults()));
      assertTrue(
          model.getMessage().startsWith(to + ": found the folder of the model to export"),
          model.getMessage());
      UserException before =
          assertThrows(UserException.class, () -> OnnxExporter.export(llama, to, options));
      assertTrue(
          before.getMessage().contains("found the folder of the model before unlearning"),
          before.getMessage());
    }
    assertTrue(Files.exists(within.resolve("model.safetensors")));
  }

  /** Says why, and leaves every file as it was. */
  private static void refused(Path folder, String why) throws IOException {
    Set<String> before = Exports.files(folder);
    UserException e = assertThrows(UserException.class, () -> Exports.inline("gpt2", folder), why);
    assertTrue(e.getMessage().startsWith(folder + ": " + why), e.getMessage());
    assertEquals(before, Exports.files(folder));
  }
}
