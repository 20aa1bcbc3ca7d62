package org.unlearn4j.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.text.Tokenizer;

/**
 * Makes token rows of running text, without a template: every token is labelled but the first,
 * which nothing predicts.
 */
public final class PassageEncoder {
  private final Tokenizer tokenizer;
  private final int maxLength;
  private final int overlap;

  /**
   * An encoder whose windows do not overlap.
   *
   * @param maxLength most tokens of a row, special tokens included
   */
  public PassageEncoder(Tokenizer tokenizer, int maxLength) {
    this(tokenizer, maxLength, 0);
  }

  /**
   * An encoder.
   *
   * @param maxLength most tokens of a row, special tokens included
   * @param overlap tokens of a window that the one before it has labelled, at most half of a row
   */
  public PassageEncoder(Tokenizer tokenizer, int maxLength, int overlap) {
    if (maxLength < 2 + tokenizer.leadingIds().length) {
      throw new UserException(
          "max_length: found "
              + maxLength
              + ", expected at least "
              + (2 + tokenizer.leadingIds().length)
              + ".");
    }
    if (overlap < 0 || overlap > maxLength / 2) {
      throw new UserException(
          "overlap: found "
              + overlap
              + ", expected 0 to half of a window's "
              + maxLength
              + " tokens.");
    }
    this.overlap = overlap;
    this.tokenizer = tokenizer;
    this.maxLength = maxLength;
  }

  /**
   * Rows that a passage is trained on: windows of at most the maximum length, each begun as the
   * tokenizer begins a text, the last one ended with the end of text. Together they label every
   * token once; without a beginning-of-text token a window begins with the last token of the one
   * before, which predicts its first. Where windows overlap, the tokens that the one before has
   * labelled are context.
   */
  public List<TokenRow> windows(Passage passage) {
    int[] leading = tokenizer.leadingIds();
    int[] text = tokenizer.encode(passage.text(), false);
    if (tokenizer.eosId().isPresent()) {
      text = Arrays.copyOf(text, text.length + 1);
      text[text.length - 1] = tokenizer.eosId().getAsInt();
    }
    List<TokenRow> rows = windows(leading, text, overlap);
    if (rows.isEmpty()) {
      throw new UserException(
          passage.place() + ": found a text of one token, expected at least two.");
    }
    return rows;
  }

  /**
   * The passage in windows that do not overlap, without an end of text: what a model is asked to go
   * on with.
   */
  List<TokenRow> pieces(Passage passage) {
    List<TokenRow> rows =
        windows(tokenizer.leadingIds(), tokenizer.encode(passage.text(), false), 0);
    // A rest of one token has no beginning to go on from.
    return rows.stream().filter(r -> r.length() > 1 && r.labelled() > 0).toList();
  }

  private List<TokenRow> windows(int[] leading, int[] text, int context) {
    int alone = leading.length == 0 ? 1 : 0; // nothing predicts the first token of all
    List<TokenRow> rows = new ArrayList<>();
    for (int from = alone; from < text.length; ) {
      int start = from == alone ? 0 : from - Math.max(alone, context);
      int to = Math.min(text.length, start + maxLength - leading.length);
      int[] before = concat(leading, Arrays.copyOfRange(text, start, from));
      rows.add(TokenRow.answered(before, Arrays.copyOfRange(text, from, to)));
      from = to;
    }
    return rows;
  }

  /** A passage as one row for scoring, cut at the maximum length, without an end of text. */
  public TokenRow row(Passage passage) {
    int[] leading = tokenizer.leadingIds();
    int[] text = tokenizer.encode(passage.text(), false);
    return row(leading, Arrays.copyOf(text, Math.min(text.length, maxLength - leading.length)));
  }

  /** Whether {@link #row} cuts a passage. */
  public boolean cuts(Passage passage) {
    return tokenizer.encode(passage.text(), false).length
        > maxLength - tokenizer.leadingIds().length;
  }

  private static TokenRow row(int[] leading, int[] text) {
    return leading.length > 0
        ? TokenRow.answered(leading, text)
        : TokenRow.answered(
            Arrays.copyOf(text, 1), Arrays.copyOfRange(text, 1, Math.max(1, text.length)));
  }

  /**
   * What the continuation of an excerpt begins with.
   *
   * @throws UserException if it leaves no room for a continuation
   */
  public int[] promptIds(Excerpt excerpt) {
    int[] prompt = concat(tokenizer.leadingIds(), tokenizer.encode(excerpt.prompt(), false));
    if (prompt.length == 0 || prompt.length >= maxLength) {
      throw new UserException(
          excerpt.place()
              + ": found a prompt of "
              + prompt.length
              + " tokens, expected 1 to "
              + (maxLength - 1)
              + ".");
    }
    return prompt;
  }

  /**
   * An excerpt with labels on its continuation.
   *
   * @param most tokens of the continuation that are scored
   */
  public TokenRow row(Excerpt excerpt, int most) {
    int[] prompt = promptIds(excerpt);
    int[] continuation = continuation(excerpt, prompt);
    int length = Math.min(Math.min(most, maxLength - prompt.length), continuation.length);
    return TokenRow.answered(prompt, Arrays.copyOf(continuation, length));
  }

  /**
   * The continuation's text as far as a generation could go.
   *
   * @param most tokens of a generation
   */
  public String continuation(Excerpt excerpt, int most) {
    int[] tokens = tokenizer.encode(excerpt.continuation(), false);
    return tokens.length <= most
        ? excerpt.continuation()
        : tokenizer.decode(Arrays.copyOf(tokens, most), true);
  }

  /** As the model sees it after the prompt: in one piece, where no token straddles the border. */
  private int[] continuation(Excerpt excerpt, int[] prompt) {
    int[] whole =
        concat(
            tokenizer.leadingIds(),
            tokenizer.encode(excerpt.prompt() + excerpt.continuation(), false));
    return Arrays.mismatch(prompt, whole) == prompt.length
        ? Arrays.copyOfRange(whole, prompt.length, whole.length)
        : tokenizer.encode(excerpt.continuation(), false);
  }

  private static int[] concat(int[] a, int[] b) {
    int[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }
}
