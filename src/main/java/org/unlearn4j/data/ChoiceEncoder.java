package org.unlearn4j.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.unlearn4j.base.UserException;
import org.unlearn4j.text.Tokenizer;

/**
 * Multiple-choice questions in tokens: a prompt, and the tokens of each letter behind it.
 *
 * <p>A letter comes after a space. Vocabularies differ in where they put it, and a small one has
 * tokens for some letters with their space and not for others: what all letters begin with belongs
 * to the prompt, and what is left, mostly one token a letter, is compared.
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
   * @param letters token ids of each option's letter, at least one
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over once
  public record Encoded(int[] prompt, List<int[]> letters) {
    public Encoded {
      letters = List.copyOf(letters);
    }
  }

  /**
   * Encodes a question.
   *
   * @throws UserException if it is longer than the model, or if the vocabulary does not tell the
   *     letters apart
   */
  public Encoded encode(ChoiceExample example) {
    List<int[]> whole = new ArrayList<>();
    for (int i = 0; i < example.choices().size(); i++) {
      whole.add(tokenizer.encode(example.prompt() + " " + (char) ('A' + i), false));
    }
    int common = common(whole);
    List<int[]> letters = whole.stream().map(t -> Arrays.copyOfRange(t, common, t.length)).toList();
    int longest = letters.stream().mapToInt(t -> t.length).max().orElseThrow();
    if (letters.stream().anyMatch(t -> t.length == 0)) {
      throw new UserException(
          example.place()
              + ": found a tokenizer that gives two letters the same tokens, expected"
              + " tokens that tell the letters apart.");
    }
    int[] leading = tokenizer.leadingIds();
    int[] prompt = Arrays.copyOf(leading, leading.length + common);
    System.arraycopy(whole.get(0), 0, prompt, leading.length, common);
    if (prompt.length + longest > positions) {
      throw new UserException(
          example.place()
              + ": found a prompt of "
              + prompt.length
              + " tokens, expected fewer than the model's "
              + positions
              + " positions.");
    }
    return new Encoded(prompt, letters);
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
