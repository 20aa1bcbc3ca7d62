package org.unlearn4j.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Streaming of text whose tokens are single bytes: characters and stop words are all split. */
class GrowingTextTest {

  /** Broken UTF-8 becomes U+FFFD, as in the tokenizers library. */
  private static String decode(int[] bytes) {
    byte[] all = new byte[bytes.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) bytes[i];
    }
    return new String(all, StandardCharsets.UTF_8);
  }

  private static final class Streamed {
    final GrowingText text;
    final List<String> pieces = new ArrayList<>();

    Streamed(String from, String... stop) {
      text = new GrowingText(GrowingTextTest::decode, List.of(stop));
      for (byte b : from.getBytes(StandardCharsets.UTF_8)) {
        if (!text.stopped()) {
          text.add(b);
          pieces.add(text.settled());
        }
      }
    }

    String all() {
      return String.join("", pieces) + text.rest();
    }
  }

  @Test
  void charactersComeWhole() {
    Streamed s = new Streamed("aé€😀.");
    assertEquals(List.of("a", "", "é", "", "", "€", "", "", "", "😀", "."), s.pieces);
    assertEquals("", s.text.rest());
    Streamed broken = new Streamed("a");
    broken.text.add(0xC3);
    assertEquals("", broken.text.settled());
    assertEquals("\uFFFD", broken.text.rest(), "nothing comes that could complete it");
  }

  @Test
  void aStopWordIsNoPartOfTheTextHoweverItIsSplit() {
    Streamed s = new Streamed("so END and on", "END");
    assertEquals("so ", s.all());
    assertEquals("so ", s.text.text());
    assertTrue(s.text.stopped());
    assertEquals("so END".length(), s.text.tokens(), "nothing was asked for beyond it");
    // Over characters of several bytes, too.
    assertEquals("x", new Streamed("x€€y", "€€").all());
  }

  /** What could become a stop word waits; when it does not, it comes. */
  @Test
  void whatCouldBecomeAStopWordIsHeldBack() {
    Streamed s = new Streamed("E EN ENx", "END");
    assertEquals(List.of("", "E ", "", "", "EN ", "", "", "ENx"), s.pieces);
    assertFalse(s.text.stopped());
    Streamed end = new Streamed("EN", "END");
    assertEquals("EN", end.text.rest(), "the text ended before the word did");
    // aab begins again inside itself: after aa, another a frees the first one only.
    assertEquals(List.of("", "", "a", ""), new Streamed("aaab", "aab").pieces);
    assertEquals("a", new Streamed("aaab", "aab").all());
  }

  @Test
  void theFirstOfSeveralStopWordsEndsIt() {
    assertEquals("a", new Streamed("a.\n\nb", "\n\n", ".").all());
    assertEquals("a.", new Streamed("a.\n\nb", "\n\n", "b").all());
    // Found at once, by one token: the earlier one counts.
    GrowingText text = new GrowingText(ids -> "one two", List.of("two", "one"));
    text.add(0);
    assertEquals("", text.text());
    text.add(1);
    assertEquals(1, text.tokens(), "nothing is added after the end");
    assertThrows(
        IllegalArgumentException.class, () -> new GrowingText(ids -> "", List.of("a", "")));
  }
}
