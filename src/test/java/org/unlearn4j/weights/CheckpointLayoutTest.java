package org.unlearn4j.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model is written as it came: the same files, names and number formats. */
class CheckpointLayoutTest {
  @TempDir Path folder;

  private static void ones(String parameter, Consumer<FloatBuffer> pieces) {
    int size = parameter.endsWith("wte.weight") ? 6 : 3;
    for (int i = 0; i < size; i++) {
      pieces.accept(FloatBuffer.wrap(new float[] {i}));
    }
  }

  @Test
  void shardsAndNamesAndFormatsAreThoseOfTheSource() throws IOException {
    TensorInfo table = new TensorInfo("wte.weight", DType.BF16, List.of(3, 2));
    TensorInfo gain = new TensorInfo("ln_f.weight", DType.F32, List.of(3));
    Path source = Files.createDirectory(folder.resolve("source"));
    // Twelve bytes each: together they are more than the limit.
    CheckpointLayout.fresh(List.of(table, gain), 20).write(source, CheckpointLayoutTest::ones);
    assertEquals(
        List.of("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"),
        names(source));
    CheckpointLayout layout;
    try (SafeTensors read = SafeTensors.open(source)) {
      layout = read.layout(List.of("transformer.wte.weight", "transformer.ln_f.weight"));
    }
    assertEquals(Optional.empty(), layout.dtype());
    Path copy = Files.createDirectory(folder.resolve("copy"));
    layout.write(copy, CheckpointLayoutTest::ones);
    for (String file : names(source)) {
      assertArrayEquals(
          Files.readAllBytes(source.resolve(file)), Files.readAllBytes(copy.resolve(file)));
    }
    JsonNode index =
        new ObjectMapper().readTree(copy.resolve("model.safetensors.index.json").toFile());
    assertEquals(24, index.at("/metadata/total_size").intValue());
    assertEquals(
        "model-00002-of-00002.safetensors", index.path("weight_map").path("ln_f.weight").asText());
    try (SafeTensors read = SafeTensors.open(copy)) {
      assertArrayEquals(new float[] {0, 1, 2}, read.floats("transformer.ln_f.weight"));
    }
  }

  @Test
  void oneFileNeedsNoIndex() {
    CheckpointLayout one =
        CheckpointLayout.fresh(
            List.of(new TensorInfo("a", DType.F16, List.of(3))), CheckpointLayout.SHARD);
    assertEquals(Optional.of(DType.F16), one.dtype());
    one.write(folder, CheckpointLayoutTest::ones);
    assertFalse(Files.exists(folder.resolve("model.safetensors.index.json")));
    try (SafeTensors read = SafeTensors.open(folder)) {
      assertArrayEquals(new float[] {0, 1, 2}, read.floats("a"));
    }
  }

  private static List<String> names(Path folder) throws IOException {
    try (var list = Files.list(folder)) {
      return list.map(p -> String.valueOf(p.getFileName()))
          .filter(n -> n.endsWith(".safetensors"))
          .sorted()
          .toList();
    }
  }
}
