package org.unlearn4j.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.weights.Variant;

/** Keys of the block {@code verify} and of those in it: {@link VerifyLimit} by number format. */
final class VerifyKeys {
  private VerifyKeys() {}

  static List<Key<?>> keys() {
    List<Key<?>> all = new ArrayList<>();
    for (Variant variant : Variant.values()) {
      Arrays.stream(VerifyLimit.values())
          .map(l -> l.key(variant))
          .flatMap(Optional::stream)
          .forEach(all::add);
    }
    return all;
  }

  static List<Section> sections() {
    List<Section> all = new ArrayList<>();
    for (Variant variant : Variant.values()) {
      all.add(
          new Section(
              VerifyLimit.block(variant),
              false,
              variant == Variant.FP32
                  ? "the gates of the parity verdict: for fp32, and for every file where it says so"
                  : "in place of the limits of fp32"));
    }
    return all;
  }

  static VerifySettings read(Settings s) {
    Map<Variant, Map<VerifyLimit, Double>> limits = new EnumMap<>(Variant.class);
    for (Variant variant : Variant.values()) {
      Map<VerifyLimit, Double> own = new EnumMap<>(VerifyLimit.class);
      for (VerifyLimit limit : VerifyLimit.values()) {
        limit.read(s, variant).ifPresent(v -> own.put(limit, v));
      }
      limits.put(variant, own);
    }
    return new VerifySettings(limits);
  }
}
