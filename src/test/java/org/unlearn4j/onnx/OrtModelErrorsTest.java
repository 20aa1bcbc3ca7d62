package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.TokenRow;

/** A user's mistakes with deployed models: one sentence that names the file and the place. */
class OrtModelErrorsTest {
  @TempDir Path temp;

  @Test
  void missingExternalData() throws IOException {
    Path folder = Exports.external("llama", temp.resolve("m"));
    Files.delete(data(folder));
    refuses(
        () -> OrtModel.open(folder), "tensor model.embed_tokens.weight", "no file model.onnx_data");
  }

  @Test
  void truncatedExternalData() throws IOException {
    Path folder = Exports.external("llama", temp.resolve("m"));
    try (FileChannel channel = FileChannel.open(data(folder), StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() - 4);
    }
    refuses(() -> OrtModel.open(folder), "model.onnx_data, tensor lm_head.weight", "truncated");
  }

  @Test
  void oneChangedBitOfExternalData() throws IOException {
    Path folder = Exports.external("llama", temp.resolve("m"));
    try (FileChannel channel =
        FileChannel.open(data(folder), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, 100);
      channel.write(one.put(0, (byte) (one.get(0) ^ 1)).flip(), 100);
    }
    refuses(() -> OrtModel.open(folder), "model.onnx_data", "SHA-256");
  }

  @Test
  void noOnnxAtAll() throws IOException {
    Path folder = Exports.inline("llama", temp.resolve("m"));
    Files.writeString(Exports.model(folder), "this is no model");
    refuses(() -> OrtModel.open(folder), "model.onnx: found no");
  }

  @Test
  void truncatedOnnx() throws IOException {
    Path folder = Exports.inline("llama", temp.resolve("m"));
    byte[] bytes = Files.readAllBytes(Exports.model(folder));
    Files.write(Exports.model(folder), java.util.Arrays.copyOf(bytes, bytes.length / 2));
    refuses(() -> OrtModel.open(folder), "model.onnx: found no ONNX");
  }

  @Test
  void aGraphThatOnnxRuntimeRefuses() {
    Path folder = Exports.inline("llama", temp.resolve("m"));
    Exports.edit(folder, g -> g.getNodeBuilder(0).setOpType("NoSuchOperator"));
    refuses(() -> OrtModel.open(folder), "model.onnx: ONNX Runtime cannot load it");
  }

  @Test
  void missingFolderVariantAndConfiguration() throws IOException {
    refuses(() -> OrtModel.open(temp.resolve("nowhere")), "nowhere: found no such file");
    refuses(() -> OrtModel.open(temp), "found no onnx/model.onnx");
    Path folder = Exports.inline("llama", temp.resolve("m"));
    refuses(() -> OrtModel.open(folder, "int3", 1), "found \"int3\", expected one of fp32, fp16");
    Files.delete(folder.resolve("config.json"));
    refuses(() -> OrtModel.open(folder), "config.json: found no such file");
  }

  @Test
  void inputsThatDoNotFitTheModel() {
    try (OrtModel model = OrtModel.open(Exports.inline("llama", temp.resolve("m")))) {
      List<TokenRow> unknown = List.of(TokenRow.unlabelled(1, 120));
      refuses(() -> model.logits(unknown), "Token id 120: expected 0 to 119");
      List<TokenRow> tooLong = List.of(TokenRow.unlabelled(new int[257]));
      refuses(() -> model.score(tooLong), "A row of 257 tokens: expected at most the model's 256");
      refuses(
          () -> model.generate(List.of(new int[] {-1}), 1, Set.of()), "Token id -1: expected 0");
      List<TokenRow> short2 = List.of(TokenRow.unlabelled(1, 2));
      refuses(() -> model.logits(short2, 2), "found 2, expected 0 to 1");
    }
  }

  private static Path data(Path folder) {
    return folder.resolve("onnx").resolve("model.onnx_data");
  }

  private static void refuses(Executable action, String... parts) {
    String message = assertThrows(UserException.class, action).getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
    assertEquals(1, message.lines().count(), message);
  }
}
