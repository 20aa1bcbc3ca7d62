package org.unlearn4j.attack;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What must be known. */
class KeywordsTest {
  @Test
  void wordsOfGrammarAndOfThePromptAreNone() {
    assertEquals(
        List.of("Coral", "Goblet", "1995"),
        Keywords.of("She won the Coral Goblet in 1995.", "What did she win or won?"));
    assertEquals(List.of(), Keywords.of("It was the mentor.", "Who mentored whom?"), "one stem");
    assertEquals(List.of("goat"), Keywords.of("The goat is her goat's.", "x").subList(0, 1));
    assertEquals(List.of(), Keywords.of("Это она.", "x"), "words as ROUGE has them");
  }
}
