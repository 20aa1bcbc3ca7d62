package org.unlearn4j.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.unlearn4j.base.UserException;
import org.unlearn4j.text.Tokenizer;

/**
 * Multiple-choice questions in tokens: a prompt, and the token of each letter behind it.
 *
 * <p>A letter comes after a space. Vocabularies differ in where they put it: where the space and
 * the letter are two tokens, the space belongs to the prompt, so that what is compared is always
 * one token a letter.
 */
public final class ChoiceEncoder {
  private final Tokenizer tokenizer;
  private final int positions;

  /**
   * An encoder.
   *
   * @param positions longest sequence of the model
   */
  public ChoiceEncoder(Tokenizer tokenizer, int positions) {
    this.tokenizer = tokenizer;
    this.positions = positions;
  }

  /**
   * A question.
   *
   * @param prompt token ids
   * @param letters token id of each option's letter
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over once
  public record Encoded(int[] prompt, int[] letters) {}

  /**
   * Encodes a question.
   *
   * @throws UserException if it is longer than the model, or if the vocabulary has no token for a
   *     letter
   */
  public Encoded encode(ChoiceExample example) {
    List<int[]> whole = new ArrayList<>();
    for (int i = 0; i < example.choices().size(); i++) {
      whole.add(tokenizer.encode(example.prompt() + " " + (char) ('A' + i), false));
    }
    int common = common(whole);
    if (whole.stream().anyMatch(t -> t.length != common + 1)) {
      throw new UserException(
          example.place()
              + ": found a tokenizer that does not end a prompt with one token a letter, expected"
              + " letters as single tokens.");
    }
    int[] leading = tokenizer.leadingIds();
    int[] prompt = Arrays.copyOf(leading, leading.length + common);
    System.arraycopy(whole.get(0), 0, prompt, leading.length, common);
    if (prompt.length >= positions) {
      throw new UserException(
          example.place()
              + ": found a prompt of "
              + prompt.length
              + " tokens, expected fewer than the model's "
              + positions
              + " positions.");
    }
    return new Encoded(prompt, whole.stream().mapToInt(t -> t[t.length - 1]).toArray());
  }

  /** Length of the beginning that all have in common. */
  private static int common(List<int[]> texts) {
    int common = texts.get(0).length;
    for (int[] other : texts.subList(1, texts.size())) {
      int mismatch = Arrays.mismatch(texts.get(0), other);
      common = mismatch < 0 ? common : Math.min(common, mismatch);
    }
    return common;
  }
}
