package org.unlearn4j.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;

/** Weights of strangers: headers that lie, and indices that lead elsewhere. */
class HostileSafeTensorsTest {
  private static final String A = "model-1.safetensors";
  private static final String B = "model-2.safetensors";

  @TempDir Path folder;

  private Path raw(String header, int dataBytes) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer all =
        ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    all.putLong(json.length).put(json);
    return Files.write(folder.resolve("x.safetensors"), all.array());
  }

  private void refused(Path path, String expected) {
    String message = assertThrows(UserException.class, () -> SafeTensors.open(path)).getMessage();
    assertTrue(message.contains(expected), message);
    assertEquals(1, message.lines().count(), message);
    assertTrue(message.length() <= 500, message);
  }

  @Test
  void tensorsThatOverlap() throws IOException {
    String a = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},";
    refused(
        raw(a + "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12),
        "tensor b: found data_offsets from 4, within another tensor, expected at least 8");
    // One of a format that is not read takes its place too.
    refused(
        raw(a + "\"b\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8), "tensor ");
    SafeTensors.open(raw(a + "\"b\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[8,8]}}", 8))
        .close();
  }

  /** Cut by somebody else between the look at its header and the reading of its values. */
  @Test
  void aFileThatIsCutWhileItIsRead() throws IOException {
    Path file = raw("{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}", 16);
    try (SafeTensors weights = SafeTensors.open(file);
        FileChannel other = FileChannel.open(file, StandardOpenOption.WRITE)) {
      other.truncate(other.size() - 4);
      String message =
          assertThrows(MachineException.class, () -> weights.read("a", 0, FloatBuffer.allocate(4)))
              .getMessage();
      assertEquals(file + ": could not be read (the file has become shorter).", message);
      FloatBuffer rest = FloatBuffer.allocate(3);
      weights.read("a", 0, rest);
      assertEquals(0, rest.remaining(), "what is there is read");
    }
  }

  @Test
  void headersThatLie() throws IOException {
    String entry = "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%s]}";
    for (String offsets :
        List.of(
            "0,1e300",
            "\"0\",\"4\"",
            "0,18446744073709551620",
            "-4,0",
            "0,4,8",
            "9223372036854775803,9223372036854775807")) {
      refused(raw("{\"a\":" + entry.replace("%s", offsets) + "}", 4), "tensor a: found ");
    }
    refused(raw("[".repeat(2000), 0), "header: found invalid JSON (Document nesting depth");
    refused(raw("{\"a\":1,\"a\":2}", 0), "header: found invalid JSON (Duplicate field 'a'");
  }

  private Path shards(String weightMap) throws IOException {
    Path model = Files.createDirectories(folder.resolve("model"));
    shard(model.resolve(A), 1, "a", "both");
    shard(model.resolve(B), 2, "b", "both");
    Files.writeString(
        model.resolve("model.safetensors.index.json"), "{\"weight_map\": {" + weightMap + "}}");
    return model;
  }

  private static void shard(Path file, float value, String... names) {
    SafeTensorsWriter.write(
        file,
        Arrays.stream(names).map(n -> new TensorInfo(n, DType.F32, List.of(1))).toList(),
        t -> FloatBuffer.wrap(new float[] {value}),
        Map.of());
  }

  private static String entry(String tensor, String file) {
    return "\"" + tensor + "\": \"" + file + "\"";
  }

  /** Not the last file's: the index's word is what other readers go by. */
  @Test
  void aTensorInTwoShardsIsTheOneThatTheIndexNames() throws IOException {
    for (Map.Entry<String, Float> home : Map.of(A, 1f, B, 2f).entrySet()) {
      Path model = shards(entry("a", A) + "," + entry("b", B) + "," + entry("both", home.getKey()));
      try (SafeTensors read = SafeTensors.open(model)) {
        assertArrayEquals(new float[] {home.getValue()}, read.floats("both"));
        // Written back, it is once there as well.
        long written =
            read.layout(read.names()).files().values().stream().mapToLong(List::size).sum();
        assertEquals(3, written);
      }
    }
    refused(
        shards(entry("a", A) + "," + entry("b", B)),
        "tensor both: found it in " + A + " and in " + B + ", expected it in one file");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../outside.safetensors",
        "sub/model.safetensors",
        "/etc/passwd",
        "..",
        "",
        "a\\\\b"
      })
  void aShardOutsideTheFolder(String name) throws IOException {
    shard(folder.resolve("outside.safetensors"), 3, "a");
    Path model = shards(entry("a", name));
    Files.createDirectories(model.resolve("sub"));
    shard(model.resolve("sub/model.safetensors"), 3, "a");
    refused(model, "weight_map.a: found \"" + name + "\", expected the name of a file beside the");
  }

  @Test
  void anIndexThatIsNone() throws IOException {
    refused(shards("\"a\": 1"), "weight_map.a: found 1, expected a text");
    refused(shards(entry("a", B)), "weight_map: found tensors that are not there: [a in " + B);
    Path model = shards("");
    Files.writeString(model.resolve("model.safetensors.index.json"), "{\"a\":".repeat(1001));
    refused(model, "index.json: found invalid JSON (Document nesting depth");
    Files.writeString(model.resolve("model.safetensors.index.json"), "{\"weight_map\": [1]}");
    refused(model, "weight_map: found [1], expected an object");
  }
}
