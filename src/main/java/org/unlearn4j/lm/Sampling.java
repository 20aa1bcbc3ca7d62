package org.unlearn4j.lm;

import java.util.Arrays;
import org.unlearn4j.base.SplitMix;
import org.unlearn4j.base.UserException;

/**
 * How a next token is chosen from its logits: the most probable one, or a drawn one. The draw is a
 * function of seed, prompt, place and logits, so that every runtime that computes the same logits
 * chooses the same tokens, and a prompt's text does not depend on the batch it was in.
 *
 * @param temperature what logits are divided by; 0: greedy, nothing is drawn
 * @param topP nucleus (Holtzman et al. 2020): drawn is from the fewest most probable tokens whose
 *     probabilities sum to at least this; 1: from all
 */
public record Sampling(double temperature, double topP, long seed) {
  /** Always the most probable token. */
  public static final Sampling GREEDY = new Sampling(0, 1, 0);

  public Sampling {
    if (!(temperature >= 0 && temperature < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("temperature " + temperature);
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException("top-p " + topP);
    }
  }

  public boolean greedy() {
    return temperature == 0;
  }

  /**
   * The token after a text.
   *
   * @param logits {@code [vocab]}
   * @param prompt number of the prompt among all that belong together
   * @param place tokens that the prompt has got so far
   * @throws UserException if a token is to be drawn and the largest logit is no finite number
   */
  public int choose(float[] logits, int prompt, int place) {
    return greedy() ? mostProbable(logits) : nucleus(logits, uniform(prompt, place));
  }

  /** Index of the first largest value. */
  public static int mostProbable(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    return best;
  }

  private int nucleus(float[] logits, double u) {
    int[] order = mostProbableFirst(logits);
    double max = logits[order[0]];
    if (!Double.isFinite(max)) {
      throw new UserException(
          "The model's largest logit is "
              + max
              + ", expected a finite number: nothing can be drawn from it.");
    }
    double[] weights = new double[order.length];
    double total = 0;
    for (int i = 0; i < order.length; i++) {
      // StrictMath: the same bits on every machine.
      weights[i] = StrictMath.exp((logits[order[i]] - max) / temperature);
      total += weights[i];
    }
    int kept = 1;
    double mass = weights[0];
    while (kept < order.length && mass < topP * total) {
      mass += weights[kept++];
    }
    double left = u * mass;
    int at = 0;
    while (at < kept - 1 && left >= weights[at]) {
      left -= weights[at++];
    }
    return order[at];
  }

  /** Token ids by falling logit, equal ones by rising id; NaN counts as the largest. */
  private static int[] mostProbableFirst(float[] logits) {
    long[] keys = new long[logits.length];
    for (int i = 0; i < keys.length; i++) {
      int bits = Float.floatToIntBits(logits[i] + 0f); // -0 is 0
      int rising = bits < 0 ? bits ^ Integer.MAX_VALUE : bits;
      keys[i] = (long) ~rising << 32 | i;
    }
    Arrays.sort(keys);
    return Arrays.stream(keys).mapToInt(k -> (int) k).toArray();
  }

  /** From 0 to below 1; hashed, so that no draw needs another. */
  private double uniform(int prompt, int place) {
    long own = SplitMix.mix(SplitMix.mix(seed + SplitMix.GOLDEN) + prompt * SplitMix.GOLDEN);
    return SplitMix.uniform(own + (place + 1) * SplitMix.GOLDEN);
  }
}
