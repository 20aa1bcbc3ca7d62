package org.unlearn4j.eval;

import java.util.List;
import org.unlearn4j.lm.TokenRow;

/**
 * A multiple-choice question in tokens.
 *
 * @param index its place in the data, from 0
 * @param question the question as text
 * @param choices the options as text, A first
 * @param right index of the right option
 * @param prompt token ids after which the letter comes
 * @param letters token ids of each option's letter, mostly one
 */
@SuppressWarnings("ArrayRecordComponent") // made once from the data set and never changed
public record ChoiceItem(
    int index,
    String question,
    List<String> choices,
    int right,
    int[] prompt,
    List<int[]> letters) {
  public ChoiceItem {
    choices = List.copyOf(choices);
    letters = List.copyOf(letters);
    if (right < 0 || right >= choices.size() || letters.size() != choices.size()) {
      throw new IllegalArgumentException(
          "option " + right + " of " + choices.size() + ", " + letters.size() + " letters");
    }
  }

  /** A letter as it is printed. */
  static String letter(int option) {
    return String.valueOf((char) ('A' + option));
  }

  /** The prompt and an option's letter, labels on the letter. */
  TokenRow answered(int option) {
    return TokenRow.answered(prompt, letters.get(option));
  }

  /** Whether every letter is one token, so that one position decides. */
  boolean single() {
    return letters.stream().allMatch(l -> l.length == 1);
  }
}
