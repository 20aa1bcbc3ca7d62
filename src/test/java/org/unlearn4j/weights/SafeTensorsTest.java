package org.unlearn4j.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
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
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;
import org.unlearn4j.fixtures.Fixture;

class SafeTensorsTest {
  @TempDir Path folder;

  private static TensorInfo info(String name, DType dtype, Integer... shape) {
    return new TensorInfo(name, dtype, List.of(shape));
  }

  /** Values that every format holds exactly: small multiples of 1/4. */
  private static FloatBuffer values(TensorInfo t) {
    float[] v = new float[(int) t.size()];
    for (int i = 0; i < v.length; i++) {
      v[i] = (i % 64 - 32) / 4f;
    }
    return FloatBuffer.wrap(v);
  }

  /** A file byte by byte: header, then so many bytes of data. */
  private Path raw(String header, int dataBytes) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer all =
        ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    all.putLong(json.length).put(json);
    return Files.write(folder.resolve("x.safetensors"), all.array());
  }

  private static void refuses(Executable action, String... parts) {
    String message = assertThrows(UserException.class, action).getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
    assertEquals(1, message.lines().count(), message);
  }

  private List<String> left() throws IOException {
    try (Stream<Path> list = Files.list(folder)) {
      return list.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void whatIsWrittenIsRead() {
    // The second tensor is larger than the writer's buffer of 1 MiB and no multiple of it.
    List<TensorInfo> tensors =
        List.of(
            info("scalar", DType.F32),
            info("wide", DType.F32, 3, 100_003),
            info("half", DType.F16, 2, 3, 5),
            info("brain", DType.BF16, 7),
            info("none", DType.F32, 0, 4));
    Path file = folder.resolve("deep/er/x.safetensors");
    SafeTensorsWriter.write(
        file, tensors, SafeTensorsTest::values, Map.of("format", "pt", "note", "é \"quoted\""));
    try (SafeTensors read = SafeTensors.open(file)) {
      assertEquals(tensors.stream().map(TensorInfo::name).toList(), read.names());
      assertEquals(Map.of("format", "pt", "note", "é \"quoted\""), read.metadata());
      for (TensorInfo t : tensors) {
        assertEquals(t, read.info(t.name()));
        assertArrayEquals(values(t).array(), read.floats(t.name()), t.name());
      }
      refuses(() -> read.info("other"), "x.safetensors: found no tensor other");
    }
  }

  @Test
  void aSliceIsWrittenFromItsPosition() {
    TensorInfo t = info("t", DType.F32, 2);
    FloatBuffer all = FloatBuffer.wrap(new float[] {1, 2, 3, 4});
    Path file = folder.resolve("x.safetensors");
    SafeTensorsWriter.write(file, List.of(t), i -> all.position(1).limit(3), Map.of());
    try (SafeTensors read = SafeTensors.open(file)) {
      assertArrayEquals(new float[] {2, 3}, read.floats("t"));
    }
  }

  /** The layout that other readers rely on: data begins at a multiple of eight bytes, no holes. */
  @Test
  void theHeaderIsPaddedAndOffsetsAreDense() throws IOException {
    Path file = folder.resolve("x.safetensors");
    SafeTensorsWriter.write(
        file,
        List.of(info("a", DType.F16, 3), info("b", DType.F32, 1)),
        SafeTensorsTest::values,
        Map.of());
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int length = (int) bytes.getLong(0);
    assertEquals(0, length % 8);
    assertEquals(8 + length + 3 * 2 + 4, bytes.capacity());
    String header = new String(bytes.array(), 8, length, StandardCharsets.UTF_8);
    assertEquals(
        "{\"a\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[0,6]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[6,10]}}",
        header.trim());
  }

  @Test
  void shardsAreOneModel() throws IOException {
    Path model = Files.createDirectory(folder.resolve("model"));
    shard(model.resolve("model-00001-of-00002.safetensors"), "a");
    shard(model.resolve("model-00002-of-00002.safetensors"), "b", "c");
    String index =
        "{\"metadata\": {\"total_size\": 24}, \"weight_map\": {\"b\":"
            + " \"model-00002-of-00002.safetensors\", \"a\": \"model-00001-of-00002.safetensors\","
            + " \"c\": \"model-00002-of-00002.safetensors\"}}";
    Path file = model.resolve("model.safetensors.index.json");
    Files.writeString(file, index);
    try (SafeTensors read = SafeTensors.open(model)) {
      assertEquals(List.of("a", "b", "c"), read.names());
      assertEquals(2, read.files().size());
      assertEquals(file, read.source());
      assertArrayEquals(values(info("c", DType.F32, 2)).array(), read.floats("c"));
    }
    Files.writeString(file, index.replace("\"c\"", "\"d\""));
    refuses(
        () -> SafeTensors.open(model),
        "index.json, weight_map",
        "tensors that are not there: [d in model-00002-of-00002.safetensors]");
    Files.writeString(file, index);
    Files.delete(model.resolve("model-00002-of-00002.safetensors"));
    refuses(
        () -> SafeTensors.open(model),
        "model-00002-of-00002.safetensors: found no such file",
        "expected");
    Files.writeString(file, "{\"weight_map\": {}}");
    refuses(() -> SafeTensors.open(model), "weight_map: found nothing");
    Files.writeString(file, "{\n\"weight_map\": {");
    refuses(() -> SafeTensors.open(model), "index.json, line 2: found invalid JSON");
    Files.delete(file);
    refuses(() -> SafeTensors.open(model), "model: found no weights, expected model.safetensors");
  }

  private static void shard(Path file, String... names) {
    SafeTensorsWriter.write(
        file,
        Arrays.stream(names).map(n -> info(n, DType.F32, 2)).toList(),
        SafeTensorsTest::values,
        Map.of());
  }

  @Test
  void aFixtureIsReadToItsLastValue() throws IOException {
    // Written by another program: its tensors follow each other without holes to the file's end.
    Path file = Fixture.named("gpt2").folder().resolve("model.safetensors");
    try (SafeTensors read = SafeTensors.open(file)) {
      long values = 0;
      for (String name : read.names()) {
        for (float v : read.floats(name)) {
          assertTrue(Float.isFinite(v), name);
          values++;
        }
      }
      assertEquals(List.of(136, 32), read.info("transformer.wte.weight").shape());
      long header =
          ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
      assertEquals(Files.size(file), 8 + header + 4 * values);
    }
  }

  @Test
  void truncatedAnywhere() throws IOException {
    Path file = folder.resolve("x.safetensors");
    shard(file, "a", "b");
    byte[] whole = Files.readAllBytes(file);
    for (int size = 0; size < whole.length; size++) {
      Files.write(file, Arrays.copyOf(whole, size));
      refuses(() -> SafeTensors.open(file), "x.safetensors", "found", "expected");
    }
    // More than the header asks for is other people's padding.
    Files.write(file, Arrays.copyOf(whole, whole.length + 5));
    SafeTensors.open(file).close();
  }

  @Test
  void whatIsNoSafetensorsFile() throws IOException {
    Path file = folder.resolve("x.safetensors");
    refuses(() -> SafeTensors.open(file), "x.safetensors: found no such file");
    Files.writeString(file, "version https://git-lfs.github.com/spec/v1\n");
    refuses(() -> SafeTensors.open(file), "x.safetensors, byte 0: found a header length of");
    Files.write(file, new byte[100]);
    refuses(() -> SafeTensors.open(file), "byte 0: found a header length of 0");
    raw("{\"a\": ", 0);
    refuses(() -> SafeTensors.open(file), "header: found invalid JSON");
    raw("[1, 2]", 0);
    refuses(() -> SafeTensors.open(file), "header: found no JSON object");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | [1] | [0, 8] | no dtype, expected F32, F16 or BF16",
        "F32 | [2] | [0, 4] | data_offsets [0,4], expected 8 bytes for shape [2] of F32",
        "F32 | [1] | [4, 0] | data_offsets [4,0]",
        "F32 | [1] | [-4, 0] | data_offsets [-4,0]",
        "F32 | [1] | [] | data_offsets []",
        "F16 | [2, 3] | [0, 24] | expected 12 bytes for shape [2, 3] of F16",
        "F32 | [4] | [0, 16] | found a file of",
        "F32 | [-1] | [0, -4] | shape [-1], expected an array of sizes, none of them negative",
        "F32 | [1.5] | [0, 6] | shape [1.5]",
        "F32 | 1 | [0, 4] | shape 1,",
        // 2^62 values of 4 bytes: 0 bytes, to who counts them in 64 bits
        "F32 | [1073741824, 1073741824, 4] | [0, 0] | shape [1073741824,1073741824,4]",
        "F32 | [4294967296, 1] | [0, 0] | shape [4294967296,1]",
        "F32 | [1] | [9223372036854775800, 9223372036854775804] | found a file of"
      })
  void headersThatDoNotFit(String dtype, String shape, String offsets, String found)
      throws IOException {
    Path file =
        raw(
            String.format(
                "{\"t\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}}",
                dtype, shape, offsets),
            8);
    refuses(() -> SafeTensors.open(file), "x.safetensors, tensor t: found", found);
  }

  @Test
  void aWriterThatFailsLeavesNothing() throws IOException {
    TensorInfo a = info("a", DType.F32, 2);
    TensorInfo b = info("b", DType.F32, 2);
    Path file = folder.resolve("x.safetensors");
    // What a disk does when it is full, in the middle of the file.
    MachineException full =
        assertThrows(
            MachineException.class,
            () ->
                SafeTensorsWriter.write(
                    file,
                    List.of(a, b),
                    t -> {
                      if (t.equals(b)) {
                        throw new UncheckedIOException(new IOException("No space left on device"));
                      }
                      return values(t);
                    },
                    Map.of()));
    assertTrue(
        full.getMessage().contains("x.safetensors: could not be written"), full.getMessage());
    assertTrue(full.getMessage().contains("No space left on device"), full.getMessage());
    assertEquals(List.of(), left());
    assertThrows(
        IllegalArgumentException.class,
        () -> SafeTensorsWriter.write(file, List.of(a), t -> FloatBuffer.allocate(3), Map.of()));
    assertEquals(List.of(), left());
  }

  @Test
  void aFailureKeepsTheOlderFile() throws IOException {
    Path file = folder.resolve("x.safetensors");
    shard(file, "a");
    byte[] before = Files.readAllBytes(file);
    assertThrows(
        IllegalStateException.class,
        () ->
            SafeTensorsWriter.write(
                file,
                List.of(info("a", DType.F32, 2)),
                t -> {
                  throw new IllegalStateException("no values");
                },
                Map.of()));
    assertArrayEquals(before, Files.readAllBytes(file));
    assertEquals(List.of("x.safetensors"), left());
  }

  @Test
  void whatAKilledProcessLeftIsNoHindrance() throws IOException {
    Path file = folder.resolve("x.safetensors");
    String host =
        Files.readString(Path.of("/proc/sys/kernel/hostname"))
            .strip()
            .replaceAll("[^A-Za-z0-9]", "_");
    Path stale = folder.resolve(".x.safetensors." + host + "-999999999-0.part");
    Files.writeString(stale, "half of a fil");
    shard(file, "a");
    assertEquals(List.of("x.safetensors"), left());
    SafeTensors.open(file).close();
    assertFalse(Files.exists(stale));
  }

  /** Published GPT-2 and Pythia files hold masks, some of them in formats no weights have. */
  @Test
  void buffersAreIgnoredAndEverythingElseIsListed() throws IOException {
    Path file =
        raw(
            """
            {"h.0.attn.bias":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]},
             "l.attention.masked_bias":{"dtype":"F16","shape":[],"data_offsets":[2,4]},
             "rotary_emb.inv_freq":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},
             "lm_head.weight":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},
             "wte.weight":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}
            """,
            16);
    try (SafeTensors read = SafeTensors.open(file)) {
      assertEquals(Map.of("h.0.attn.bias", "BOOL"), read.others());
      read.require(Map.of("transformer.wte.weight", List.of(1)));
    }
    raw(
        """
        {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
         "b":{"dtype":"I64","shape":[1],"data_offsets":[8,16]},
         "c.attn.bias.extra":{"dtype":"F32","shape":[1],"data_offsets":[16,20]},
         "d":{"dtype":"U8","shape":[4],"data_offsets":[20,24]}}
        """,
        24);
    try (SafeTensors read = SafeTensors.open(file)) {
      Map<String, List<Integer>> shapes = new TreeMap<>();
      List.of("a", "b", "e").forEach(n -> shapes.put(n, List.of(1)));
      UserException e = assertThrows(UserException.class, () -> read.require(shapes));
      List<String> lines = e.getMessage().lines().toList();
      List<String> expected =
          List.of(
              "tensor a: found shape [2], expected [1]",
              "tensor b: found dtype I64, expected F32, F16 or BF16",
              "found no tensor e, expected one of shape [1]",
              "tensor c.attn.bias.extra: found a tensor that the model of config.json has no place",
              "tensor d: found a tensor");
      for (int i = 0; i < expected.size(); i++) {
        assertTrue(lines.get(i).contains(expected.get(i)), lines.get(i));
      }
      assertEquals(expected.size(), lines.size());
    }
  }

  @Test
  void aTensorIsReadInPieces() {
    TensorInfo t = info("t", DType.BF16, 3, 100_003);
    Path file = folder.resolve("x.safetensors");
    SafeTensorsWriter.write(file, List.of(t), SafeTensorsTest::values, Map.of());
    float[] whole = values(t).array();
    try (SafeTensors read = SafeTensors.open(file)) {
      float[] piece = new float[100_000];
      read.read("t", 200_009, FloatBuffer.wrap(piece));
      assertArrayEquals(Arrays.copyOfRange(whole, 200_009, 300_009), piece);
      assertThrows(
          IndexOutOfBoundsException.class, () -> read.read("t", 200_010, FloatBuffer.wrap(piece)));
    }
  }

  /** More bytes than a Java buffer can address, in a file that has holes instead of zeros. */
  @Test
  void aTensorBeyondTwoGigabytes() throws IOException {
    long values = 600_000L * 1024;
    Path file =
        raw(
            "{\"t\":{\"dtype\":\"F32\",\"shape\":[600000,1024],\"data_offsets\":[0,"
                + 4 * values
                + "]}}",
            0);
    long start = Files.size(file);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      ByteBuffer last = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      last.putFloat(1.5f).putFloat(-2).flip();
      assertEquals(8, channel.write(last, start + 4 * (values - 2)));
    }
    try (SafeTensors read = SafeTensors.open(file)) {
      float[] end = new float[3];
      read.read("t", values - 3, FloatBuffer.wrap(end));
      assertArrayEquals(new float[] {0, 1.5f, -2}, end);
    }
  }
}
