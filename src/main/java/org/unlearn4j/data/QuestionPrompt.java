package org.unlearn4j.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.text.PromptTemplate;
import org.unlearn4j.text.Tokenizer;

/**
 * How MUSE asks about passages: pairs in context, each ended by a blank line, then the question.
 *
 * <p>MUSE's own prompt ends in {@code "Answer: "}, with the space, and so does this where there are
 * examples in context; without examples it is the template's prompt, which ends before the space,
 * as the model was taught.
 */
public final class QuestionPrompt {
  private final Tokenizer tokenizer;
  private final PromptTemplate template;
  private final int positions;
  private final int answerTokens;
  private int shortened;

  /**
   * A way of asking.
   *
   * @param positions longest sequence of the model
   * @param answerTokens tokens that an answer may have
   */
  public QuestionPrompt(
      Tokenizer tokenizer, PromptTemplate template, int positions, int answerTokens) {
    this.tokenizer = tokenizer;
    this.template = template;
    this.positions = positions;
    this.answerTokens = answerTokens;
  }

  /**
   * Token ids of a question behind as many of the examples as leave room for an answer; the first
   * ones are left out first.
   */
  public int[] ids(QaExample question, List<QaExample> examples) {
    List<QaExample> shown = new ArrayList<>(examples);
    boolean space = !examples.isEmpty();
    int[] ids = encode(question, shown, space);
    boolean whole = true;
    while (ids.length + answerTokens > positions && !shown.isEmpty()) {
      shown.remove(0);
      whole = false;
      ids = encode(question, shown, space);
    }
    shortened += whole ? 0 : 1;
    return ids;
  }

  /** Questions so far that were asked with fewer examples than there are. */
  public int shortened() {
    return shortened;
  }

  /** A prompt with the true answer behind it, as far as the model's positions reach. */
  public TokenRow answered(int[] prompt, QaExample question, boolean examples) {
    String answer = examples ? question.answer() : template.continuation(question.answer());
    int[] ids = tokenizer.encode(answer, false);
    return TokenRow.answered(
        prompt, Arrays.copyOf(ids, Math.max(0, Math.min(ids.length, positions - prompt.length))));
  }

  private int[] encode(QaExample question, List<QaExample> examples, boolean space) {
    StringBuilder text = new StringBuilder();
    for (QaExample e : examples) {
      text.append(template.prompt(e.question()))
          .append(template.continuation(e.answer()))
          .append("\n\n");
    }
    text.append(template.prompt(question.question()));
    if (space) {
      text.append(template.beforeAnswer());
    }
    int[] leading = tokenizer.leadingIds();
    int[] tokens = tokenizer.encode(text.toString(), false);
    int[] ids = Arrays.copyOf(leading, leading.length + tokens.length);
    System.arraycopy(tokens, 0, ids, leading.length, tokens.length);
    return ids;
  }
}
