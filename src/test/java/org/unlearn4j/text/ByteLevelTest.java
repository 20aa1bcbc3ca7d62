package org.unlearn4j.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ByteLevelTest {

  @Test
  void eachByteHasItsOwnCharacter() {
    char[] alphabet = ByteLevel.alphabet();
    Set<Character> distinct =
        new String(alphabet).chars().mapToObj(c -> (char) c).collect(Collectors.toSet());
    assertEquals(256, distinct.size());
    // GPT-2's published map: printable bytes stand for themselves, the others follow from U+0100 in
    // order:
    // 0x00 is the 0th of them, newline (0x0A) the 10th, space (0x20) the 32nd, 0x7F the 33rd, 0xAD
    // the 67th.
    assertEquals('A', alphabet['A']);
    assertEquals('\u0100', alphabet[0]);
    assertEquals('\u010A', alphabet['\n']);
    assertEquals('\u0120', alphabet[' ']);
    assertEquals('\u0121', alphabet[0x7F]);
    assertEquals('\u0143', alphabet[0xAD]);
    assertEquals('\u00FF', alphabet[0xFF]);
  }

  @Test
  void wordsKeepTheSpaceBeforeThem() {
    assertEquals(
        List.of(
            "Anna", "'s", " 12", " cats", "?", "\n", "Yes", ",", " don", "'t", "  ", " mind", "!"),
        ByteLevel.words("Anna's 12 cats?\nYes, don't   mind!"));
  }

  @Test
  void wordsJoinedAreTheText() {
    String text = " caf\u00e9 \u00ab\u65e5\u672c\u00bb\t\tx\u00a0y  \n\n z\ud83d\ude00 1a2 ";
    assertEquals(text, String.join("", ByteLevel.words(text)));
  }

  @Test
  void bytesAreUtf8() {
    assertArrayEquals(new int[] {0x20, 0xC3, 0xA9}, ByteLevel.bytes(" \u00e9"));
  }
}
