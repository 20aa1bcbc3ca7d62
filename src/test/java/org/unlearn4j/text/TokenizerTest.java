package org.unlearn4j.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;

/** On Fable's own tokenizer: ids 0 end of text, 1 beginning, 2 padding, 3 mask. */
class TokenizerTest {
  private static final Path FABLE = Path.of("src/test/resources/fable-tokenizer");

  @TempDir Path folder;

  @BeforeEach
  void copy() throws IOException {
    Files.copy(FABLE.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
  }

  private void config(String name, String json) throws IOException {
    Files.writeString(folder.resolve(name), json);
  }

  @Test
  void beginningOfTextIsAddedOnlyWhenAskedFor() {
    try (Tokenizer tokenizer = Tokenizer.open(FABLE)) {
      int[] without = tokenizer.encode("Who was born?", false);
      int[] with = tokenizer.encode("Who was born?", true);
      assertEquals(without.length + 1, with.length);
      assertEquals(1, with[0]);
      assertEquals("Who was born?", tokenizer.decode(with, true));
      assertEquals("<|bos|>Who was born?", tokenizer.decode(with, false));
      assertEquals("", tokenizer.decode(new int[0], true));
      assertEquals(0, tokenizer.encode("", false).length);
    }
  }

  @Test
  void rolesOfFable() {
    try (Tokenizer tokenizer = Tokenizer.open(FABLE)) {
      assertEquals(2048, tokenizer.vocabSize());
      assertEquals(OptionalInt.of(0), tokenizer.eosId());
      assertEquals(OptionalInt.of(1), tokenizer.bosId());
      assertEquals(OptionalInt.of(2), tokenizer.padId());
      assertEquals(OptionalInt.empty(), tokenizer.unkId());
      assertEquals(3, tokenizer.maskTokenId());
      assertEquals(Set.of(0), tokenizer.stopIds());
      assertEquals(Set.of(0, 1, 2, 3), tokenizer.specialIds());
      assertTrue(tokenizer.isSpecial(3));
      assertFalse(tokenizer.isSpecial(4));
      assertArrayEquals(new int[] {1}, tokenizer.leadingIds());
    }
  }

  @Test
  void everyTextComesBack() {
    try (Tokenizer tokenizer = Tokenizer.open(FABLE)) {
      String text = "  \u00c9t\u00e9 \ud83d\ude00\n\ttabs  \u65e5\u672c 1234567 don't\u00a0x ";
      assertEquals(text, tokenizer.decode(tokenizer.encode(text, true), true));
    }
  }

  @Test
  void lengthLimitsInTheFileAreIgnored() throws IOException {
    String text = "In which town was the painter born, and when?";
    int[] expected;
    try (Tokenizer tokenizer = Tokenizer.open(FABLE)) {
      expected = tokenizer.encode(text, true);
    }
    String json = Files.readString(FABLE.resolve("tokenizer.json"));
    String limited =
        json.replace(
                "\"truncation\" : null",
                "\"truncation\":{\"direction\":\"Right\",\"max_length\":4,\"strategy\":\"LongestFirst\",\"stride\":0}")
            .replace(
                "\"padding\" : null",
                "\"padding\":{\"strategy\":{\"Fixed\":40},\"direction\":\"Right\",\"pad_to_multiple_of\":null,"
                    + "\"pad_id\":2,\"pad_type_id\":0,\"pad_token\":\"<|pad|>\"}");
    assertTrue(
        limited.contains("max_length") && limited.contains("Fixed"), "the file was not changed");
    config("tokenizer.json", limited);
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertArrayEquals(expected, tokenizer.encode(text, true));
    }
  }

  @Test
  void endOfTextMayBeAListAnywhere() throws IOException {
    config("generation_config.json", "{\"eos_token_id\": [2, 0]}");
    config("config.json", "{\"eos_token_id\": 3, \"bos_token_id\": 1}");
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertEquals(
          OptionalInt.of(3), tokenizer.eosId(), "config.json before generation_config.json");
      assertEquals(Set.of(0, 2, 3), tokenizer.stopIds());
      assertEquals(OptionalInt.of(1), tokenizer.bosId());
    }
    config(
        "tokenizer_config.json",
        "{\"eos_token\": {\"content\": \"<|endoftext|>\"}, \"unk_token\": null}");
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertEquals(OptionalInt.of(0), tokenizer.eosId(), "the tokenizer's own word first");
    }
  }

  @Test
  void withoutConfigurationsThereAreNoRoles() {
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertEquals(OptionalInt.empty(), tokenizer.eosId());
      assertEquals(Set.of(), tokenizer.stopIds());
      assertEquals(3, tokenizer.maskTokenId(), "found by its spelling");
    }
  }

  @Test
  void maskFallsBackToUnknownThenEndOfText() throws IOException {
    String json =
        Files.readString(FABLE.resolve("tokenizer.json")).replace("<|mask|>", "<|other|>");
    config("tokenizer.json", json);
    config(
        "tokenizer_config.json", "{\"unk_token\": \"<|pad|>\", \"eos_token\": \"<|endoftext|>\"}");
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertEquals(2, tokenizer.maskTokenId());
    }
    config("tokenizer_config.json", "{\"eos_token\": \"<|endoftext|>\"}");
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertEquals(0, tokenizer.maskTokenId());
    }
    config("tokenizer_config.json", "{}");
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThrows(UserException.class, tokenizer::maskTokenId);
    }
  }

  @Test
  void idsBeyondTheTokensHaveNoText() {
    try (Tokenizer tokenizer = Tokenizer.open(FABLE)) {
      // A model's table may have more rows than there are tokens; the others have no text.
      int[] some = tokenizer.encode("Who was born?", false);
      int[] padded = java.util.Arrays.copyOf(some, some.length + 1);
      padded[some.length] = 2048;
      assertEquals(tokenizer.decode(some, true), tokenizer.decode(padded, true));
      assertEquals("", tokenizer.decode(new int[] {2048, 4000}, true));
      assertThrows(IllegalArgumentException.class, () -> tokenizer.decode(new int[] {-1}, true));
    }
  }

  @Test
  void mistakesAreOneSentence() throws IOException {
    Files.delete(folder.resolve("tokenizer.json"));
    assertMistake("no such file");
    config("tokenizer.json", "{\"model\": {\"vocab\"");
    assertMistake("line 1: found invalid JSON");
    config("tokenizer.json", "[]");
    assertMistake("no JSON object");
    config("tokenizer.json", "{\"model\": {}}");
    assertMistake("model.vocab: found no tokens");
    config(
        "tokenizer.json",
        "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"b c\"]}}");
    assertMistake("does not load");
  }

  @Test
  void rolesOfTokensThatDoNotExistAreMistakes() throws IOException {
    config("tokenizer_config.json", "{\"eos_token\": \"</s>\"}");
    assertMistake("tokenizer_config.json, eos_token: found \"</s>\"");
    config("tokenizer_config.json", "{}");
    config("generation_config.json", "{\"eos_token_id\": [0, 2048]}");
    assertMistake("found token 2048, expected ids 0 to 2047");
  }

  private void assertMistake(String part) {
    UserException e = assertThrows(UserException.class, () -> Tokenizer.open(folder));
    assertTrue(e.getMessage().contains(part), e.getMessage());
    assertTrue(e.getMessage().startsWith(folder.toString()), e.getMessage());
    assertTrue(e.getMessage().endsWith("."), e.getMessage());
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
  }
}
