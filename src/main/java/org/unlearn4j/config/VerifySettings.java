package org.unlearn4j.config;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.unlearn4j.weights.Variant;

/**
 * The gates of the parity verdict: the limits of every number format.
 *
 * @param limits those that are judged, by number format
 */
public record VerifySettings(Map<Variant, Map<VerifyLimit, Double>> limits) {
  public VerifySettings {
    limits =
        limits.entrySet().stream()
            .collect(
                Collectors.toUnmodifiableMap(Map.Entry::getKey, e -> Map.copyOf(e.getValue())));
  }

  /**
   * The limits of one number format, those of every file included. What is not in it is measured
   * and shown, and fails only where it is no number.
   */
  public Map<VerifyLimit, Double> of(Variant variant) {
    Map<VerifyLimit, Double> own = new EnumMap<>(VerifyLimit.class);
    Arrays.stream(VerifyLimit.values())
        .forEach(l -> limit(variant, l).ifPresent(v -> own.put(l, v)));
    return own;
  }

  /**
   * The settings for a file of a number format that quantises activations as well: of each of its
   * usual limits and int8-dynamic's the wider, and for its graph those of int8-dynamic. A limit
   * that somebody has set otherwise stays as it is.
   */
  public VerifySettings quantisingActivations(Variant variant) {
    Map<Variant, Map<VerifyLimit, Double>> all = new EnumMap<>(limits);
    Map<VerifyLimit, Double> wide = new EnumMap<>(VerifyLimit.class);
    for (VerifyLimit l : VerifyLimit.values()) {
      if (l.key(variant).isPresent()) {
        OptionalDouble own = limit(variant, l);
        if (!l.usual(variant, own)) {
          own.ifPresent(limit -> wide.put(l, limit));
          continue;
        }
        OptionalDouble rounding = limit(Variant.INT8_DYNAMIC, l);
        if (rounding.isPresent() && (own.isPresent() || l.ofGraph())) {
          double other = rounding.getAsDouble();
          wide.put(
              l,
              l.side() == VerifyLimit.Side.AT_MOST
                  ? Math.max(own.orElse(0), other)
                  : Math.min(own.orElse(1), other));
        }
      }
    }
    all.put(variant, wide);
    return new VerifySettings(all);
  }

  /** A limit, fp32's where a format has none of its own; empty where nothing is judged. */
  public OptionalDouble limit(Variant variant, VerifyLimit limit) {
    Variant home = limit.key(variant).isPresent() ? variant : Variant.FP32;
    return Optional.ofNullable(limits.get(home).get(limit))
        .map(OptionalDouble::of)
        .orElse(OptionalDouble.empty());
  }
}
