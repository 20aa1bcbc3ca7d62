package org.unlearn4j.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.text.Prompting;
import org.unlearn4j.text.Tokenizer;

/**
 * Makes token rows of examples: the tokens that the tokenizer puts in front of a text, the prompt,
 * the answer, and one end-of-text token; a chat template brings its own tokens for beginning and
 * end. Labels stand on the answer's tokens and the end token, nowhere else.
 *
 * <p>Where the answer begins is exact. The whole text is tokenised at once, as the model will see
 * it, and where its first tokens are those of the prompt alone (always, for vocabularies that split
 * before a space) the labels begin right after them. Where they are not, because a token would
 * straddle the boundary, prompt and answer are tokenised apart and put together: the row then still
 * begins with the very ids that a generation begins with. Such rows are counted as {@code
 * stitched}.
 *
 * <p>Rows longer than {@code maxLength} lose their end; they are counted as {@code truncated}. A
 * row that would lose all its labels is an error.
 */
public final class QaEncoder {
  private final Tokenizer tokenizer;
  private final Prompting template;
  private final int maxLength;
  private final int[] leading;
  private final int end;

  /**
   * Rows and what had to be done to them.
   *
   * @param rows in the order of the examples
   * @param truncated rows that lost their end
   * @param stitched rows whose prompt and answer were tokenised apart
   */
  public record Encoded(List<TokenRow> rows, int truncated, int stitched) {
    public Encoded {
      rows = List.copyOf(rows);
    }
  }

  private record Row(TokenRow tokens, boolean truncated, boolean stitched) {}

  /**
   * An encoder.
   *
   * @param maxLength most tokens of a row, special tokens included
   * @throws UserException if the tokenizer has no end-of-text token
   */
  public QaEncoder(Tokenizer tokenizer, Prompting template, int maxLength) {
    if (maxLength < 2) {
      throw new UserException("max_length: found " + maxLength + ", expected at least 2.");
    }
    this.tokenizer = tokenizer;
    this.template = template;
    this.maxLength = maxLength;
    this.leading = template.beginsItself() ? new int[0] : tokenizer.leadingIds();
    this.end = end(tokenizer, template);
  }

  /** The template's own end token, else the end of text. */
  private static int end(Tokenizer tokenizer, Prompting template) {
    if (template.end().isPresent()) {
      return tokenizer.encode(template.end().get(), false)[0];
    }
    return tokenizer
        .eosId()
        .orElseThrow(
            () ->
                UserException.at(
                    tokenizer.folder(),
                    "",
                    "no end-of-text token",
                    "eos_token in tokenizer_config.json or eos_token_id in config.json"));
  }

  /** The token behind every answer. */
  public int end() {
    return end;
  }

  /** The row of a question and its own answer. */
  public TokenRow encode(QaExample example) {
    return encode(example, example.answer());
  }

  /** The row of a question and some answer to it: a paraphrase, a wrong one. */
  public TokenRow encode(QaExample example, String answer) {
    return row(example, answer).tokens();
  }

  /** The rows of all examples, each with its own answer. */
  public Encoded encodeAll(List<QaExample> examples) {
    List<TokenRow> rows = new ArrayList<>(examples.size());
    int truncated = 0;
    int stitched = 0;
    for (QaExample example : examples) {
      Row row = row(example, example.answer());
      rows.add(row.tokens());
      truncated += row.truncated() ? 1 : 0;
      stitched += row.stitched() ? 1 : 0;
    }
    return new Encoded(rows, truncated, stitched);
  }

  /**
   * What a generation begins with: the same ids that the example's row has before its first label.
   *
   * @throws UserException if it leaves no room for an answer
   */
  public int[] promptIds(QaExample example) {
    int[] prompt = concat(leading, tokenizer.encode(template.prompt(example.question()), false));
    if (prompt.length >= maxLength) {
      throw new UserException(
          example.place()
              + ": found a prompt of "
              + prompt.length
              + " tokens, expected fewer than max_length "
              + maxLength
              + ".");
    }
    return prompt;
  }

  /** Whether a row of this encoder lost its end. */
  public boolean truncated(TokenRow row) {
    return row.length() == maxLength && row.ids()[maxLength - 1] != end;
  }

  /** A row as a reader can check it: decoded, with the labelled part apart. */
  public String describe(TokenRow row) {
    int[] ids = row.ids();
    int from = 0;
    while (from < ids.length && row.labels()[from] == TokenRow.IGNORED) {
      from++;
    }
    return "ids "
        + Arrays.toString(ids)
        + ", prompt \""
        + tokenizer.decode(Arrays.copyOf(ids, from), false)
        + "\", labelled from "
        + from
        + " \""
        + tokenizer.decode(Arrays.copyOfRange(ids, from, ids.length), false)
        + "\"";
  }

  /** A sentence for the log where rows were cut. */
  public Optional<String> warning(Encoded encoded) {
    return encoded.truncated() == 0
        ? Optional.empty()
        : Optional.of(
            encoded.truncated()
                + " of "
                + encoded.rows().size()
                + " rows are longer than max_length "
                + maxLength
                + " and lost their end.");
  }

  private Row row(QaExample example, String answer) {
    int[] prompt = promptIds(example);
    String promptText = template.prompt(example.question());
    String continuation = template.continuation(answer);
    int[] whole = concat(leading, tokenizer.encode(promptText + continuation, false));
    boolean prefix = Arrays.mismatch(prompt, whole) == prompt.length;
    int[] text = prefix ? whole : concat(prompt, tokenizer.encode(continuation, false));

    int length = Math.min(text.length + 1, maxLength);
    int[] ids = Arrays.copyOf(text, length);
    if (length == text.length + 1) {
      ids[length - 1] = end;
    }
    int[] labels = ids.clone();
    Arrays.fill(labels, 0, prompt.length, TokenRow.IGNORED);
    return new Row(new TokenRow(ids, labels), length < text.length + 1, !prefix);
  }

  private static int[] concat(int[] a, int[] b) {
    int[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }
}
