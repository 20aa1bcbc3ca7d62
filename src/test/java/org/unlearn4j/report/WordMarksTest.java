package org.unlearn4j.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class WordMarksTest {
  /** In four answers, a word of more than three of them is common: "the" is in all four. */
  private static final WordMarks MARKS =
      new WordMarks(
          List.of(
              "The father was a midwife, the mother a cooper.",
              "The debut was The Unseen Valley.",
              "The pictures are by Aldo Linwick.",
              "The sky is blue."));

  private static String mark(String question, String right, String said) {
    return MARKS.mark(question, right, said).markup();
  }

  @Test
  void whatTheTrueAnswerAloneSays() {
    assertEquals(
        "The <mark>Debut</mark>: the <mark>VALLEY</mark>!",
        mark("Which book?", "The debut was The Unseen Valley.", "The Debut: the VALLEY!"));
  }

  @Test
  void whatTheQuestionGivesAwayIsNoAnswer() {
    assertEquals(
        "His father was a <mark>midwife</mark>.",
        mark(
            "What did his father do, and was a mother there?",
            "The father was a midwife, the mother a cooper.",
            "His father was a midwife."));
  }

  /** A part of a word is not the word. */
  @Test
  void wholeWordsOnly() {
    assertEquals("blueish", mark("Colour?", "The sky is blue.", "blueish"));
  }

  @Test
  void whatAModelSaysIsEscaped() {
    assertEquals(
        "&lt;script&gt;<mark>blue</mark>(&#39;&amp;&#39;)&lt;/script&gt;",
        mark("Colour?", "The sky is blue.", "<script>blue('&')</script>"));
  }
}
