package org.unlearn4j.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The byte-level view of text that GPT-2 introduced (Radford et al. 2019): text is split into words
 * that keep the space before them, and each byte of their UTF-8 form stands as one printable
 * character, so that every text has tokens and none needs an unknown token. Equal to the
 * pre-tokenizer {@code ByteLevel} of the Hugging Face tokenizers library with {@code
 * add_prefix_space: false, use_regex: true}.
 */
final class ByteLevel {
  private static final Pattern WORDS =
      Pattern.compile(
          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
          Pattern.UNICODE_CHARACTER_CLASS);

  private static final char FIRST_SUBSTITUTE = '\u0100';

  private ByteLevel() {}

  /** The 256 characters, by the byte they stand for. */
  static char[] alphabet() {
    char[] alphabet = new char[256];
    char next = FIRST_SUBSTITUTE;
    for (int b = 0; b < 256; b++) {
      alphabet[b] = printable(b) ? (char) b : next++;
    }
    return alphabet;
  }

  /** Bytes that stand for themselves: printable Latin-1 without spaces and the soft hyphen. */
  private static boolean printable(int b) {
    return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF);
  }

  /** The words of a text; joined they are the text again. */
  static List<String> words(String text) {
    List<String> words = new ArrayList<>();
    Matcher matcher = WORDS.matcher(text);
    while (matcher.find()) {
      words.add(matcher.group());
    }
    return words;
  }

  /** The bytes of a word, 0 to 255. */
  static int[] bytes(String word) {
    byte[] utf8 = word.getBytes(StandardCharsets.UTF_8);
    int[] bytes = new int[utf8.length];
    for (int i = 0; i < utf8.length; i++) {
      bytes[i] = utf8[i] & 0xFF;
    }
    return bytes;
  }
}
