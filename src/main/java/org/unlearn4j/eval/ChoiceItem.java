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
 * @param letters token id of each option's letter
 */
@SuppressWarnings("ArrayRecordComponent") // made once from the data set and never changed
public record ChoiceItem(
    int index, String question, List<String> choices, int right, int[] prompt, int[] letters) {
  public ChoiceItem {
    choices = List.copyOf(choices);
    if (right < 0 || right >= choices.size() || letters.length != choices.size()) {
      throw new IllegalArgumentException(
          "option " + right + " of " + choices.size() + ", " + letters.length + " letters");
    }
  }

  /** A letter as it is printed. */
  static String letter(int option) {
    return String.valueOf((char) ('A' + option));
  }

  TokenRow answered() {
    return TokenRow.answered(prompt, letters[right]);
  }
}
