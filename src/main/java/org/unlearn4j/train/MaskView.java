package org.unlearn4j.train;

import java.util.Set;
import java.util.SplittableRandom;
import org.unlearn4j.lm.TokenRow;

/**
 * The augmented view of a row: each token but specials is replaced by a mask token with some
 * probability, prompt and answer alike; labels stay. What is drawn depends on seed, step and row
 * alone.
 *
 * @param special ids that are left alone
 */
public record MaskView(int maskToken, Set<Integer> special, double probability, long seed)
    implements View {
  public MaskView {
    special = Set.copyOf(special);
  }

  @Override
  public TokenRow of(TokenRow row, int step, int index) {
    long mixed = (seed * 0x9E3779B97F4A7C15L + step) * 0xBF58476D1CE4E5B9L + index;
    SplittableRandom random = new SplittableRandom(mixed);
    int[] ids = row.ids().clone();
    for (int t = 0; t < ids.length; t++) {
      // Drawn for every token, so that a row's special tokens do not shift what the others get.
      boolean masked = random.nextDouble() < probability;
      if (masked && !special.contains(ids[t])) {
        ids[t] = maskToken;
      }
    }
    return new TokenRow(ids, row.labels());
  }
}
