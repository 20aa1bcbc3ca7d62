package org.unlearn4j.lm;

import java.util.Set;

/**
 * How texts are continued.
 *
 * @param maxNewTokens at most so many tokens are added to each prompt (fewer where the model's
 *     positions end)
 * @param stop tokens that end a continuation and are no part of it
 * @param firstPrompt number of the first prompt of this batch among all that belong together
 * @param forbidden tokens that do not come, however probable they are
 */
public record Generation(
    int maxNewTokens, Set<Integer> stop, Sampling sampling, int firstPrompt, Forbidden forbidden) {

  /** Any token may come. */
  public Generation(int maxNewTokens, Set<Integer> stop, Sampling sampling, int firstPrompt) {
    this(maxNewTokens, stop, sampling, firstPrompt, Forbidden.NONE);
  }

  /** The most probable token each time. */
  public static Generation greedy(int maxNewTokens, Set<Integer> stop) {
    return new Generation(maxNewTokens, stop, Sampling.GREEDY, 0);
  }

  /** The same for a later batch of the prompts that belong together. */
  public Generation from(int prompt) {
    return new Generation(maxNewTokens, stop, sampling, prompt, forbidden);
  }

  /** The same with at most so many new tokens. */
  public Generation within(int most) {
    return new Generation(most, stop, sampling, firstPrompt, forbidden);
  }

  /** Whether the most probable token is always the next. */
  public boolean greedy() {
    return sampling.greedy() && forbidden == Forbidden.NONE;
  }

  /**
   * The token after a text.
   *
   * @param logits {@code [vocab]}, which are overwritten
   * @param row of the batch
   * @param place tokens that the row has got so far
   */
  int choose(float[] logits, int row, int place) {
    int prompt = firstPrompt + row;
    forbidden.tokens(prompt, place).forEach(t -> logits[t] = Float.NEGATIVE_INFINITY);
    return sampling.choose(logits, prompt, place);
  }
}
