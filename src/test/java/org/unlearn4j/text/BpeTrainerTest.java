package org.unlearn4j.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class BpeTrainerTest {
  private static final List<String> SPECIALS = List.of("<e>");
  private static final int BASE = 257;

  @Test
  void mergesAreThoseDerivedByHand() {
    // Words and counts: "abab" 3, " ab" 2, "bc" 4. Pairs: ab 3 * 2 + 2 = 8, ba 3, (space)a 2, bc 4.
    //   1. a b -> ab     abab = ab ab, " ab" = space ab: pairs (ab ab) 3, (space ab) 2, bc 4
    //   2. b c -> bc     pairs (ab ab) 3, (space ab) 2
    //   3. ab ab         pairs (space ab) 2
    //   4. space ab      no pair left
    List<String> texts = List.of("abab ab", "abab ab", "abab", "bc", "bc", "bc", "bc");
    BpeVocabulary vocabulary = BpeTrainer.train(texts, SPECIALS, BASE + 100);
    assertEquals(
        List.of("ab", "bc", "abab", "\u0120ab"),
        vocabulary.tokens().subList(BASE, vocabulary.tokens().size()));
    assertEquals("<e>", vocabulary.tokens().get(0));
    assertEquals(4, vocabulary.merges().size());
  }

  @Test
  void mergesOverlapFromTheLeft() {
    // "aaa" is (aa a) after one merge, so the pair aa counted twice becomes one token, and then
    // aaa.
    BpeVocabulary vocabulary = BpeTrainer.train(List.of("aaa", "aaa"), SPECIALS, BASE + 100);
    assertEquals(List.of("aa", "aaa"), vocabulary.tokens().subList(BASE, BASE + 2));
  }

  @Test
  void tiesGoToLowerIdsWhateverTheOrderOfTexts() {
    List<String> texts = List.of("xy", "xy", "pq", "pq", "pz", "pz");
    BpeVocabulary one = BpeTrainer.train(texts, SPECIALS, BASE + 3);
    assertEquals(List.of("pq", "pz", "xy"), one.tokens().subList(BASE, BASE + 3));
    List<String> other = new ArrayList<>(texts);
    Collections.reverse(other);
    assertEquals(one, BpeTrainer.train(other, SPECIALS, BASE + 3));
  }

  @Test
  void stopsWhereTheVocabularyIsFullOrNoPairComesTwice() {
    assertEquals(
        BASE + 1, BpeTrainer.train(List.of("abc", "abc"), SPECIALS, BASE + 1).tokens().size());
    assertEquals(BASE, BpeTrainer.train(List.of("abcd"), SPECIALS, BASE + 9).tokens().size());
    assertThrows(
        IllegalArgumentException.class, () -> BpeTrainer.train(List.of("ab"), SPECIALS, 256));
  }

  @Test
  void noMergeCrossesAWord() {
    BpeVocabulary vocabulary = BpeTrainer.train(List.of("a b a b a b", "a b"), SPECIALS, BASE + 50);
    for (String token : vocabulary.tokens().subList(BASE, vocabulary.tokens().size())) {
      assertTrue(token.lastIndexOf('\u0120') <= 0, token);
    }
  }
}
