package org.unlearn4j.ledger;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;

/** Rows that are put away. */
class SealedRowsTest {
  private static final String ROW = "{\"question\": \"Who?\", \"answer\": \"Ann Ötztal.\"}";
  private static final byte[] ROWS = (ROW + "\n").getBytes(StandardCharsets.UTF_8);

  @TempDir Path temp;

  private RequestKey key(String digits) throws IOException {
    Path file = temp.resolve("key-" + digits);
    return RequestKey.read(Files.writeString(file, digits.repeat(64 / digits.length()) + "\n"));
  }

  @Test
  void sealedRowsComeBackUnderTheirKeyAlone() throws IOException {
    Path file = temp.resolve(SealedRows.FILE);
    Map<String, byte[]> files = Map.of("forget.jsonl", ROWS, "retain.jsonl", new byte[0]);
    SealedRows.write(file, "ann", files, key("1f"));
    var back = SealedRows.read(file, "ann", key("1f"));
    assertEquals(Set.of("forget.jsonl", "retain.jsonl"), back.keySet());
    assertArrayEquals(ROWS, back.get("forget.jsonl"));
    assertFalse(new String(Files.readAllBytes(file), StandardCharsets.UTF_8).contains("Ann"));
    assertThrows(UserException.class, () -> SealedRows.read(file, "ann", key("2f")));
    assertThrows(UserException.class, () -> SealedRows.read(file, "bob", key("1f")));
  }

  @Test
  void everyChangedByteIsSeen() throws IOException {
    Path file = temp.resolve(SealedRows.FILE);
    RequestKey key = key("3c");
    SealedRows.write(file, "ann", Map.of("forget.jsonl", ROWS), key);
    byte[] whole = Files.readAllBytes(file);
    for (int i = 0; i < whole.length; i++) {
      byte[] changed = whole.clone();
      changed[i] ^= 1;
      Files.write(file, changed);
      assertThrows(UserException.class, () -> SealedRows.read(file, "ann", key), "byte " + i);
    }
  }

  /** One nonce twice under one key would give both texts away. */
  @Test
  void twoSealsOfOneTextDiffer() throws IOException {
    RequestKey key = key("3c");
    Path a = temp.resolve("a");
    Path b = temp.resolve("b");
    SealedRows.write(a, "ann", Map.of("forget.jsonl", ROWS), key);
    SealedRows.write(b, "ann", Map.of("forget.jsonl", ROWS), key);
    assertFalse(java.util.Arrays.equals(Files.readAllBytes(a), Files.readAllBytes(b)));
  }

  @Test
  void hashesTellARowToWhoHasKeyAndRow() throws IOException {
    Path file = temp.resolve(KeyedRows.FILE);
    KeyedRows.write(file, Map.of("forget.jsonl", ROWS), key("1f"));
    assertTrue(KeyedRows.contains(file, ROW, key("1f")));
    assertFalse(KeyedRows.contains(file, ROW, key("2f")));
    assertFalse(KeyedRows.contains(file, ROW.replace("Ann", "Bob"), key("1f")));
    assertTrue(Files.readString(file).matches("forget[.]jsonl 1 [0-9a-f]{64}\n"));
  }

  @Test
  void aKeyThatIsNoneIsRefusedAndNotShown() throws IOException {
    Path file = Files.writeString(temp.resolve("k"), "secret word");
    UserException e = assertThrows(UserException.class, () -> RequestKey.read(file));
    assertFalse(e.getMessage().contains("secret"));
    assertTrue(e.getMessage().contains("64 hexadecimal digits"));
  }
}
