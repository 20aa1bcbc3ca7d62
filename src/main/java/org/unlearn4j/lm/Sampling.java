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

  /** In units of temperature: a token below the largest logit by so much has e^-8 of its odds. */
  private static final double NEAR = 8;

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
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit); // NaN stays
    }
    if (!Double.isFinite(max)) {
      throw new UserException(
          "The model's largest logit is "
              + max
              + ", expected a finite number: nothing can be drawn from it.");
    }
    double[] weights = below(logits, max);
    TableExp.ofAll(weights);
    double total = sum(weights);
    // A vocabulary is long to sort, and nearly every draw falls among its few probable tokens.
    int drawn = drawn(mostProbableFirst(logits, max - NEAR * temperature), weights, total, u);
    return drawn >= 0
        ? drawn
        : drawn(mostProbableFirst(logits, Double.NEGATIVE_INFINITY), weights, total, u);
  }

  // One loop each, which the compiler makes several times as fast as one loop for all three.

  /** Logits below the largest one, in units of temperature. */
  private double[] below(float[] logits, double max) {
    double[] below = new double[logits.length];
    for (int i = 0; i < below.length; i++) {
      below[i] = (logits[i] - max) / temperature;
    }
    return below;
  }

  private static double sum(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum;
  }

  /**
   * The token on which a draw falls.
   *
   * @param order the most probable tokens, or all of them, by falling probability
   * @param weights by token; {@code total} is their sum
   * @return -1 where less probable ones have to be known
   */
  private int drawn(int[] order, double[] weights, double total, double u) {
    boolean all = order.length == weights.length;
    int kept = order.length;
    double mass = total;
    if (topP < 1) {
      kept = 0;
      mass = 0;
      while (kept < order.length && mass < topP * total) {
        mass += weights[order[kept++]];
      }
      if (mass < topP * total && !all) {
        return -1;
      }
    }
    double left = u * mass;
    for (int i = 0; i < kept; i++) {
      double weight = weights[order[i]];
      boolean last = i == kept - 1 && (all || topP < 1); // sums are rounded: it takes the rest
      if (left < weight || last) {
        return order[i];
      }
      left -= weight;
    }
    return -1;
  }

  /**
   * Token ids by falling logit, equal ones by rising id.
   *
   * @param least smaller logits are left out
   */
  private static int[] mostProbableFirst(float[] logits, double least) {
    int most = 0;
    for (float logit : logits) {
      most += logit >= least ? 1 : 0;
    }
    long[] keys = new long[most];
    int count = 0;
    for (int i = 0; i < logits.length; i++) {
      if (logits[i] >= least) {
        int bits = Float.floatToIntBits(logits[i] + 0f); // -0 is 0
        int rising = bits < 0 ? bits ^ Integer.MAX_VALUE : bits;
        keys[count++] = (long) ~rising << 32 | i;
      }
    }
    Arrays.sort(keys);
    int[] order = new int[keys.length];
    for (int i = 0; i < order.length; i++) {
      order[i] = (int) keys[i];
    }
    return order;
  }

  /** From 0 to below 1; hashed, so that no draw needs another. */
  private double uniform(int prompt, int place) {
    long own = SplitMix.mix(SplitMix.mix(seed + SplitMix.GOLDEN) + prompt * SplitMix.GOLDEN);
    return SplitMix.uniform(own + (place + 1) * SplitMix.GOLDEN);
  }
}
