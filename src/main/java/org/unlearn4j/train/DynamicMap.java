package org.unlearn4j.train;

import java.util.Arrays;

/**
 * Dynamic tree quantisation with 8 bits (Dettmers 2016; Dettmers et al. 2022): numbers up to 1 of
 * which fewer leading zero bits say the decimal exponent and the rest a fraction, so that the
 * largest of them are 7 bits exact and seven decades are covered. In the decade that ends at {@code
 * 10^(i - 6)}, i = 0 to 6, lie the means of neighbours among evenly spaced boundaries from 0.1 to 1
 * of it: 2^i of either sign, or 2^(i + 1) where no sign is needed. With 0 and 1 they are 256.
 */
final class DynamicMap {
  private static final int CODES = 256;
  private static final int DECADES = 7;

  private final float[] values;

  private DynamicMap(float[] values) {
    this.values = values;
  }

  /** Of numbers from -1 to 1: first moments. */
  static DynamicMap signed() {
    return of(true);
  }

  /** Of numbers from 0 to 1, of which it has twice as many: second moments. */
  static DynamicMap unsigned() {
    return of(false);
  }

  private static DynamicMap of(boolean signed) {
    float[] values = new float[CODES];
    int n = 0;
    for (int i = 0; i < DECADES; i++) {
      double decade = Math.pow(10, i - DECADES + 1);
      int fractions = 1 << (signed ? i : i + 1);
      for (int k = 0; k < fractions; k++) {
        float value = (float) (decade * (0.1 + 0.9 * (k + 0.5) / fractions));
        values[n++] = value;
        if (signed) {
          values[n++] = -value;
        }
      }
    }
    values[n++] = 0;
    values[n++] = 1;
    if (n != CODES) {
      throw new IllegalStateException(n + " values");
    }
    Arrays.sort(values);
    return new DynamicMap(values);
  }

  /** What the codes from 0 to 255 stand for, in rising order. */
  float[] values() {
    return values.clone();
  }

  /** Where the next code begins to be nearer: 255 numbers, halfway between neighbours. */
  float[] middles() {
    float[] middles = new float[CODES - 1];
    for (int i = 0; i < middles.length; i++) {
      middles[i] = (float) (((double) values[i] + values[i + 1]) / 2);
    }
    return middles;
  }
}
