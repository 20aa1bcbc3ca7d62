package org.unlearn4j.base;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a file holds, what is said of it is a few short sentences. */
class HostileJsonTest {
  @TempDir Path folder;

  private String refused(String json) throws IOException {
    Path file = Files.writeString(folder.resolve("x.json"), json);
    UserException e = assertThrows(UserException.class, () -> JsonInput.read(file, "a thing"));
    assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    assertTrue(e.getMessage().endsWith(", expected a thing."), e.getMessage());
    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
    return e.getMessage();
  }

  /** Jackson refuses them, and knows no place in the file. */
  @Test
  void nestingAndNamesBeyondTheReadersLimits() throws IOException {
    assertTrue(refused("[".repeat(1001)).contains("nesting depth (1001)"));
    assertTrue(refused("{\"" + "a".repeat(50_001) + "\": 1}").contains("found invalid JSON ("));
    assertTrue(refused("{\"a\": " + "9".repeat(1001) + "}").contains("found invalid JSON ("));
    assertTrue(refused("{\n\"a\": ?}").contains(", line 2: found invalid JSON"));
  }

  @Test
  void aLongValueIsShortened() throws IOException {
    Path file = folder.resolve("y.json");
    Files.writeString(file, "{\"a\": \"" + "x".repeat(70_000) + "\"}");
    UserException e =
        assertThrows(UserException.class, () -> JsonInput.read(file, "it").get("a").integer());
    assertTrue(e.getMessage().length() <= Sentences.LENGTH, e.getMessage());
    assertTrue(e.getMessage().startsWith(file + ", a: found \"xxx"), e.getMessage());
    assertTrue(e.getMessage().endsWith("xxx\", expected a whole number."), e.getMessage());
  }

  @Test
  void aSentenceIsOneLineOfPrintableCharacters() {
    // An escape sequence that sets a terminal's title, a bell, a line break, and a mark that turns
    // the direction of what follows.
    String message =
        UserException.at(Path.of("f"), "a\nb", "\u001b]0;pwned\u0007\u202eabc", "it").getMessage();
    assertEquals("f, a\\nb: found \\u001b]0;pwned\\u0007\\u202eabc, expected it.", message);
  }

  @Test
  void atMostTwentySentences() {
    String twenty = lines(20);
    assertEquals(twenty, new UserException(twenty).getMessage());
    String more = new UserException(lines(5000)).getMessage();
    assertEquals(lines(19) + "\nFound 4981 more mistakes, expected none.", more);
    assertEquals(500, new MachineException("z".repeat(100_000)).getMessage().length());
  }

  private static String lines(int count) {
    return IntStream.range(0, count).mapToObj(i -> "no. " + i).collect(Collectors.joining("\n"));
  }

  /** A cut within a pair of surrogates would be no Unicode text. */
  @Test
  void noHalfCharacters() {
    for (String start : new String[] {"", "a"}) {
      String message = new UserException(start + "\uD83D\uDE00".repeat(1000)).getMessage();
      assertTrue(message.length() <= 500, message);
      for (int i = 0; i < message.length(); i++) {
        char c = message.charAt(i);
        if (Character.isHighSurrogate(c)) {
          assertTrue(Character.isLowSurrogate(message.charAt(++i)), message);
        } else {
          assertTrue(!Character.isLowSurrogate(c), message);
        }
      }
    }
  }
}
