package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoraAdapter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;

/** Adapter files, byte by byte, and what ONNX Runtime's own verifier makes of them. */
class AdapterFileTest {
  private static final List<AdapterFactor> FACTORS =
      AdapterFactor.of(
          "m", 3, 2, 1, () -> new float[] {1, 2, 3, 4, 5, 6}, () -> new float[] {7, 8});

  @TempDir Path temp;
  private Path file;

  @BeforeEach
  void write() {
    file = temp.resolve("a" + AdapterFile.ENDING);
    AdapterFile.write(file, 5, FACTORS);
  }

  @Test
  void whatIsWrittenReadsBack() {
    AdapterFile read = AdapterFile.read(file);
    assertEquals(5, read.modelVersion());
    assertEquals(List.of("m.lora_A", "m.lora_B"), List.copyOf(read.factors().keySet()));
    AdapterFactor a = read.down("m").orElseThrow();
    assertEquals(3, a.rows());
    assertEquals(2, a.columns());
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, a.values().get());
    assertArrayEquals(new float[] {7, 8}, read.up("m").orElseThrow().values().get());
    assertTrue(AdapterFile.is(file));
  }

  /**
   * By hand: header 8, two vtables 24, root table 20, list of two 12, so the first parameter lies
   * at 64. Its name ends at 64 + 20 + 4 + 8 + 1 = 97; the next length before a multiple of eight is
   * at 100, its two sizes end at 120, so data begin behind the length at 124, at 128.
   */
  @Test
  void dataLieWhereTheFormatWantsThem() throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals("TORT", new String(bytes.array(), 4, 4, StandardCharsets.US_ASCII));
    assertEquals(1, bytes.getInt(32 + 4), "version of the format");
    assertEquals(5, bytes.getInt(32 + 12), "version of the model");
    assertEquals(64, 56 + bytes.getInt(56), "the first parameter");
    assertEquals(1, bytes.getInt(64 + 12), "float32");
    assertEquals(6 * Float.BYTES, bytes.getInt(124));
    assertEquals(1f, bytes.getFloat(128));
    assertEquals(6f, bytes.getFloat(128 + 5 * Float.BYTES));
  }

  /** Its verifier looks at every offset and size. */
  @Test
  void onnxRuntimeTakesItAndPartsOfIt() throws Exception {
    new OrtRuntime(OrtSettings.cpu(1)).environment();
    OrtLoraAdapter.create(file.toString()).close();
    byte[] part = AdapterFile.read(file).only(Set.of("m.lora_B"));
    OrtLoraAdapter.create(part).close();
    byte[] cut = Arrays.copyOf(part, part.length - 5);
    assertThrows(OrtException.class, () -> OrtLoraAdapter.create(cut).close());
  }

  @Test
  void damagedFilesAreOneSentence() throws IOException {
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      String found = assertThrows(UserException.class, () -> AdapterFile.read(file)).getMessage();
      assertTrue(found.startsWith(file + ": found "), found);
    }
    for (int at = 0; at < whole.length - 32; at++) {
      byte[] wrong = whole.clone();
      wrong[at] ^= (byte) 0x90;
      Files.write(file, wrong);
      try {
        AdapterFile.read(file);
      } catch (UserException e) {
        assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
      }
    }
  }

  @Test
  void otherNumberFormatsAreRefused() throws IOException {
    byte[] half = Files.readAllBytes(file);
    half[64 + 12] = 10;
    Files.write(file, half);
    assertEquals(
        file + ", parameter m.lora_A: found data type 10, expected float32 (1).",
        assertThrows(UserException.class, () -> AdapterFile.read(file)).getMessage());
  }

  /** The order of the files does not matter, any of their hashes does. */
  @Test
  void aModelIsKnownByItsWeights() {
    int one = AdapterFile.modelVersion(Map.of("x", "11", "y", "22"));
    assertEquals(one, AdapterFile.modelVersion(Map.of("a", "22", "b", "11")));
    assertTrue(one > 0 && one != AdapterFile.modelVersion(Map.of("x", "11", "y", "23")));
    assertEquals(0, AdapterFile.modelVersion(Map.of()));
  }
}
