package org.unlearn4j.eval;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Whether generations still read like language, from their tokens: unlearning that went too far
 * says the same thing over and over, or anything at all.
 */
public final class Fluency {
  private Fluency() {}

  /**
   * Distinct-n (Li et al., 2016): different n-grams over all n-grams, of all generations together.
   *
   * @return in (0, 1]; NaN where no generation has n tokens
   */
  public static double distinct(List<int[]> generations, int n) {
    Set<List<Integer>> different = new HashSet<>();
    long all = 0;
    for (int[] tokens : generations) {
      all += grams(tokens, n, different);
    }
    return all == 0 ? Double.NaN : (double) different.size() / all;
  }

  /**
   * Share of a generation's n-grams that it has said before (Welleck et al., 2020: seq-rep-n).
   *
   * @return in [0, 1); 0 of fewer than n tokens, which repeat nothing
   */
  public static double repetition(int[] tokens, int n) {
    Set<List<Integer>> different = new HashSet<>();
    long all = grams(tokens, n, different);
    return all == 0 ? 0 : 1 - (double) different.size() / all;
  }

  /**
   * exp(summed negative log-likelihood / tokens).
   *
   * @return NaN of no tokens
   */
  public static double perplexity(double nll, long tokens) {
    return tokens == 0 ? Double.NaN : Math.exp(nll / tokens);
  }

  /** Adds the n-grams and counts them. */
  private static long grams(int[] tokens, int n, Set<List<Integer>> into) {
    List<Integer> list = Arrays.stream(tokens).boxed().toList();
    for (int i = 0; i + n <= list.size(); i++) {
      into.add(list.subList(i, i + n));
    }
    return Math.max(0, list.size() - n + 1);
  }
}
