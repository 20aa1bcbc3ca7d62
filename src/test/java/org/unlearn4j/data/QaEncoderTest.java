package org.unlearn4j.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.text.PromptTemplate;
import org.unlearn4j.text.Tokenizer;

class QaEncoderTest {
  private static final Path FABLE = Path.of("src/test/resources/fable-tokenizer");
  private static final int BOS = 1;
  private static final int EOS = 0;
  private static final QaExample PAIR =
      QaExample.of("Who was born?", "The painter was born.", "my.jsonl", 7);

  private static Tokenizer tokenizer;

  @BeforeAll
  static void open() {
    tokenizer = Tokenizer.open(FABLE);
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  private static QaEncoder encoder(String template, int maxLength) {
    return new QaEncoder(tokenizer, PromptTemplate.of(template), maxLength);
  }

  /**
   * The labelled tokens, decoded, are the answer and the end; what is before them, decoded, is the
   * prompt.
   */
  private static void assertBoundary(TokenRow row, String prompt, String continuation) {
    int from = 0;
    while (row.labels()[from] == TokenRow.IGNORED) {
      from++;
    }
    int[] ids = row.ids();
    assertEquals("<|bos|>" + prompt, tokenizer.decode(Arrays.copyOf(ids, from), false));
    int[] labelled = Arrays.copyOfRange(row.labels(), from, ids.length);
    assertArrayEquals(Arrays.copyOfRange(ids, from, ids.length), labelled);
    assertEquals(continuation + "<|endoftext|>", tokenizer.decode(labelled, false));
  }

  @Test
  void labelsStandOnTheAnswerAndTheEnd() {
    QaEncoder encoder = encoder("default", 64);
    TokenRow row = encoder.encode(PAIR);
    assertEquals(BOS, row.ids()[0]);
    assertEquals(EOS, row.ids()[row.length() - 1]);
    assertEquals(EOS, row.labels()[row.length() - 1]);
    assertBoundary(row, "Question: Who was born?\nAnswer:", " The painter was born.");
  }

  @Test
  void aBoundaryOffByOneWouldBeNoticed() {
    TokenRow row = encoder("default", 64).encode(PAIR);
    int from = row.length() - row.labelled();
    int[] early = row.labels().clone();
    early[from - 1] = row.ids()[from - 1];
    int[] late = row.labels().clone();
    late[from] = TokenRow.IGNORED;
    for (int[] labels : List.of(early, late)) {
      assertThrows(
          AssertionFailedError.class,
          () ->
              assertBoundary(
                  new TokenRow(row.ids(), labels),
                  "Question: Who was born?\nAnswer:",
                  " The painter was born."));
    }
  }

  @Test
  void aGenerationBeginsWithTheRowsOwnIds() {
    QaEncoder encoder = encoder("default", 64);
    int[] prompt = encoder.promptIds(PAIR);
    TokenRow row = encoder.encode(PAIR);
    assertArrayEquals(prompt, Arrays.copyOf(row.ids(), prompt.length));
    assertEquals(row.length() - row.labelled(), prompt.length);
    assertEquals(prompt.length, Arrays.mismatch(prompt, row.ids()));
  }

  @Test
  void anotherAnswerToTheSameQuestion() {
    TokenRow row = encoder("default", 64).encode(PAIR, "Nobody.");
    assertBoundary(row, "Question: Who was born?\nAnswer:", " Nobody.");
  }

  @Test
  void textThatTokenisesAcrossTheBoundaryIsTokenisedApart() {
    // "wa" + "s" without anything between: the whole text has a token "was" or the like, which
    // would straddle.
    QaExample straddling = QaExample.of("It wa", "s born", "my.jsonl", 1);
    QaEncoder encoder = encoder("{question}{answer}", 64);
    QaEncoder.Encoded encoded = encoder.encodeAll(List.of(straddling));
    assertEquals(1, encoded.stitched());
    assertBoundary(encoded.rows().get(0), "It wa", "s born");
    int[] prompt = encoder.promptIds(straddling);
    assertArrayEquals(prompt, Arrays.copyOf(encoded.rows().get(0).ids(), prompt.length));
    assertEquals(0, encoder("default", 64).encodeAll(List.of(straddling)).stitched());
  }

  @Test
  void longRowsLoseTheirEndAndAreCounted() {
    QaEncoder roomy = encoder("default", 64);
    TokenRow whole = roomy.encode(PAIR);
    QaEncoder tight = encoder("default", whole.length() - 2);
    QaEncoder.Encoded encoded = tight.encodeAll(List.of(PAIR));
    TokenRow cut = encoded.rows().get(0);
    assertEquals(1, encoded.truncated());
    assertArrayEquals(Arrays.copyOf(whole.ids(), whole.length() - 2), cut.ids());
    assertArrayEquals(Arrays.copyOf(whole.labels(), whole.length() - 2), cut.labels());
    assertTrue(tight.warning(encoded).orElseThrow().startsWith("1 of 1 rows"));

    QaEncoder.Encoded exact = encoder("default", whole.length()).encodeAll(List.of(PAIR));
    assertEquals(0, exact.truncated(), "a row of just max_length is whole");
    assertTrue(tight.truncated(cut));
    assertFalse(encoder("default", whole.length()).truncated(whole));
    assertFalse(roomy.truncated(whole));
    assertEquals(whole, exact.rows().get(0));
    assertEquals(Optional.empty(), tight.warning(exact));
  }

  @Test
  void aRowWithoutRoomForALabelIsAMistake() {
    int prompt = encoder("default", 64).promptIds(PAIR).length;
    assertEquals(
        1, encoder("default", prompt + 1).encode(PAIR).labelled(), "room for one label is enough");
    UserException e =
        assertThrows(UserException.class, () -> encoder("default", prompt).encode(PAIR));
    assertEquals(
        "my.jsonl, line 7: found a prompt of "
            + prompt
            + " tokens, expected fewer than max_length "
            + prompt
            + ".",
        e.getMessage());
  }

  @Test
  void withoutAnEndOfTextTokenThereAreNoRows(@TempDir Path folder) throws IOException {
    Files.copy(FABLE.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    try (Tokenizer bare = Tokenizer.open(folder)) {
      PromptTemplate template = PromptTemplate.of("default");
      UserException e = assertThrows(UserException.class, () -> new QaEncoder(bare, template, 64));
      assertTrue(e.getMessage().contains("no end-of-text token"), e.getMessage());
    }
    assertThrows(UserException.class, () -> encoder("default", 1));
  }

  @Test
  void aRowCanBeRead() {
    QaEncoder encoder = encoder("plain", 64);
    String text = encoder.describe(encoder.encode(PAIR));
    assertTrue(text.contains("prompt \"<|bos|>Who was born?\""), text);
    assertTrue(text.endsWith("\" The painter was born.<|endoftext|>\""), text);
  }
}
