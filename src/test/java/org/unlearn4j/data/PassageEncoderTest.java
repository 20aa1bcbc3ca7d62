package org.unlearn4j.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.text.PromptTemplate;
import org.unlearn4j.text.Tokenizer;

class PassageEncoderTest {
  private static final Path FABLE = Path.of("src/test/resources/fable-tokenizer");
  private static final int EOS = 0;
  private static final int BOS = 1;
  private static final Passage TEXT =
      new Passage(
          "Few authors are like Ilse Karnick. She was born in Coldmere, behind a church.", "x", 1);

  @TempDir Path folder;

  /** A tokenizer that puts nothing in front of a text, as GPT-2's. */
  private Tokenizer bare() throws IOException {
    ObjectMapper json = new ObjectMapper();
    ObjectNode root = (ObjectNode) json.readTree(FABLE.resolve("tokenizer.json").toFile());
    root.putNull("post_processor");
    json.writeValue(folder.resolve("tokenizer.json").toFile(), root);
    Files.copy(FABLE.resolve("tokenizer_config.json"), folder.resolve("tokenizer_config.json"));
    return Tokenizer.open(folder);
  }

  private static int[] labels(List<TokenRow> rows) {
    return rows.stream()
        .flatMapToInt(r -> IntStream.of(r.labels()).filter(l -> l != TokenRow.IGNORED))
        .toArray();
  }

  @Test
  void windowsLabelEveryTokenOnce() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.open(FABLE);
        Tokenizer bare = bare()) {
      int[] text = tokenizer.encode(TEXT.text(), false);
      int[] ended = Arrays.copyOf(text, text.length + 1);
      ended[text.length] = EOS;
      for (int most = 3; most < ended.length + 3; most++) {
        List<TokenRow> rows = new PassageEncoder(tokenizer, most).windows(TEXT);
        assertArrayEquals(ended, labels(rows), "windows of " + most);
        for (TokenRow row : rows) {
          assertTrue(row.length() <= most && row.ids()[0] == BOS, "windows of " + most);
        }
        List<TokenRow> plain = new PassageEncoder(bare, most).windows(TEXT);
        // nothing predicts the very first token
        assertArrayEquals(Arrays.copyOfRange(ended, 1, ended.length), labels(plain));
        int longest = plain.stream().mapToInt(TokenRow::length).max().orElseThrow();
        assertTrue(longest <= most, longest + " of " + most);
      }
      assertEquals(1, new PassageEncoder(tokenizer, ended.length + 1).windows(TEXT).size());
      assertEquals(2, new PassageEncoder(tokenizer, ended.length).windows(TEXT).size());
    }
  }

  @Test
  void aRowForScoringHasNoEndAndIsCut() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.open(FABLE);
        Tokenizer bare = bare()) {
      int[] text = tokenizer.encode(TEXT.text(), false);
      PassageEncoder whole = new PassageEncoder(tokenizer, text.length + 1);
      assertArrayEquals(text, labels(List.of(whole.row(TEXT))));
      assertFalse(whole.cuts(TEXT));
      PassageEncoder cut = new PassageEncoder(tokenizer, 5);
      assertArrayEquals(Arrays.copyOf(text, 4), labels(List.of(cut.row(TEXT))));
      assertTrue(cut.cuts(TEXT));
      assertEquals(text.length - 1, new PassageEncoder(bare, 99).row(TEXT).labelled());
      Passage word = new Passage("a", "y", 4);
      assertEquals(0, new PassageEncoder(bare, 9).row(word).labelled(), "nothing predicts it");
      assertThrows(UserException.class, () -> new PassageEncoder(tokenizer, 2));
    }
  }

  @Test
  void excerptsAreLabelledFromTheBorder() {
    try (Tokenizer tokenizer = Tokenizer.open(FABLE)) {
      PassageEncoder encoder = new PassageEncoder(tokenizer, 64);
      Excerpt excerpt =
          new Excerpt("Few authors are like Ilse", " Karnick. She was born in Coldmere.", "x", 3);
      TokenRow row = encoder.row(excerpt, 99);
      int[] prompt = encoder.promptIds(excerpt);
      assertArrayEquals(prompt, Arrays.copyOf(row.ids(), prompt.length));
      assertEquals(excerpt.continuation(), tokenizer.decode(labels(List.of(row)), false));
      assertEquals(4, encoder.row(excerpt, 4).labelled());
      int[] four = Arrays.copyOf(tokenizer.encode(excerpt.continuation(), false), 4);
      assertEquals(tokenizer.decode(four, true), encoder.continuation(excerpt, 4));
      assertEquals(excerpt.continuation(), encoder.continuation(excerpt, 99));
      UserException e =
          assertThrows(
              UserException.class, () -> new PassageEncoder(tokenizer, 4).promptIds(excerpt));
      assertTrue(e.getMessage().startsWith("x, line 3: found a prompt of"), e.getMessage());
    }
  }

  @Test
  void examplesStandBeforeTheQuestionAsFarAsThereIsRoom() {
    try (Tokenizer tokenizer = Tokenizer.open(FABLE)) {
      PromptTemplate template = PromptTemplate.of("default");
      QaExample question = QaExample.of("Who was born?", "A poet.", "x", 1);
      List<QaExample> examples =
          List.of(QaExample.of("q1?", "a1", "x", 1), QaExample.of("q2?", "a2", "x", 2));
      QuestionPrompt prompt = new QuestionPrompt(tokenizer, template, 200, 8);
      int[] ids = prompt.ids(question, examples);
      assertEquals(
          "<|bos|>Question: q1?\nAnswer: a1\n\nQuestion: q2?\nAnswer: a2\n\n"
              + "Question: Who was born?\nAnswer: ",
          tokenizer.decode(ids, false));
      assertEquals(0, prompt.shortened());
      TokenRow row = prompt.answered(ids, question, true);
      assertEquals("A poet.", tokenizer.decode(labels(List.of(row)), false));
      QuestionPrompt tight = new QuestionPrompt(tokenizer, template, ids.length + 7, 8);
      String shown = tokenizer.decode(tight.ids(question, examples), false);
      assertTrue(shown.startsWith("<|bos|>Question: q2?"), shown);
      assertEquals(1, tight.shortened());
      int[] alone = prompt.ids(question, List.of());
      assertEquals("<|bos|>Question: Who was born?\nAnswer:", tokenizer.decode(alone, false));
      assertEquals(
          " A poet.",
          tokenizer.decode(labels(List.of(prompt.answered(alone, question, false))), false));
    }
  }

  @Test
  void lettersFollowThePrompt() {
    try (Tokenizer tokenizer = Tokenizer.open(FABLE)) {
      ChoiceExample example =
          new ChoiceExample(
              "Which?", List.of("w", "x", "y", "z"), 2, Optional.empty(), "x.jsonl", 9);
      ChoiceEncoder.Encoded encoded = new ChoiceEncoder(tokenizer, 128).encode(example);
      for (int i = 0; i < 4; i++) {
        TokenRow row = TokenRow.answered(encoded.prompt(), encoded.letters().get(i));
        assertEquals(
            "<|bos|>" + example.prompt() + " " + "ABCD".charAt(i),
            tokenizer.decode(row.ids(), false));
        assertArrayEquals(
            tokenizer.encode(example.prompt() + " " + "ABCD".charAt(i), true), row.ids());
      }
      UserException e =
          assertThrows(UserException.class, () -> new ChoiceEncoder(tokenizer, 10).encode(example));
      assertTrue(e.getMessage().startsWith("x.jsonl, line 9: found a prompt"), e.getMessage());
    }
  }

  /** Articles fit the models' positions, and their splits are apart. */
  @Test
  void fablePassagesFit() {
    try (Tokenizer tokenizer = Tokenizer.open(FABLE)) {
      PassageEncoder encoder = new PassageEncoder(tokenizer, 128);
      Passages passages = Benchmark.open("fable", Optional.empty()).passages().orElseThrow();
      int longest = 0;
      for (Passage p : passages.trainingPassages("full")) {
        List<TokenRow> windows = encoder.windows(p);
        assertEquals(1, windows.size(), p.text());
        longest = Math.max(longest, windows.get(0).length());
      }
      assertTrue(longest > 64 && longest <= 128, longest + " tokens");
    }
  }
}
