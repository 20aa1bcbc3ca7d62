package org.unlearn4j.lm;

import java.util.Set;

/**
 * How texts are continued.
 *
 * @param maxNewTokens at most so many tokens are added to each prompt (fewer where the model's
 *     positions end)
 * @param stop tokens that end a continuation and are no part of it
 * @param firstPrompt number of the first prompt of this batch among all that belong together
 */
public record Generation(int maxNewTokens, Set<Integer> stop, Sampling sampling, int firstPrompt) {

  /** The most probable token each time. */
  public static Generation greedy(int maxNewTokens, Set<Integer> stop) {
    return new Generation(maxNewTokens, stop, Sampling.GREEDY, 0);
  }

  /** The same for a later batch of the prompts that belong together. */
  public Generation from(int prompt) {
    return new Generation(maxNewTokens, stop, sampling, prompt);
  }
}
