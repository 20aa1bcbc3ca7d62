package org.unlearn4j.parity;

import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How far two models' numbers are apart on the same rows.
 *
 * @param positions positions whose logits were compared
 * @param labelledTokens labelled tokens whose distributions were compared
 * @param measured every measure that is not another one over the logits' spread
 */
public record NumericDifference(
    long positions, int labelledTokens, Map<NumericMeasure, Double> measured) {
  /** Checks that nothing is missing: what was not measured is NaN. */
  public NumericDifference {
    Map<NumericMeasure, Double> all = new EnumMap<>(measured);
    boolean missing =
        Arrays.stream(NumericMeasure.values())
            .anyMatch(m -> m.absolute().isEmpty() && !all.containsKey(m));
    if (missing) {
      throw new IllegalArgumentException("of " + measured.keySet() + " something is missing");
    }
    measured = Collections.unmodifiableMap(all);
  }

  /** A measure; NaN where it was not measured. */
  public double value(NumericMeasure measure) {
    return measure
        .absolute()
        .map(m -> measured.get(m) / measured.get(NumericMeasure.LOGIT_SPREAD))
        .orElseGet(() -> measured.get(measure));
  }

  /** By the names of verify.json. */
  Map<String, Double> named() {
    Map<String, Double> named = new LinkedHashMap<>();
    named.put("positions", (double) positions);
    named.put("labelled_tokens", (double) labelledTokens);
    for (NumericMeasure measure : NumericMeasure.values()) {
      named.put(measure.key(), value(measure));
    }
    return named;
  }
}
