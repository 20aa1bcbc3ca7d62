package org.unlearn4j.config;

import static org.unlearn4j.config.Fallback.absent;
import static org.unlearn4j.config.Fallback.constant;

import java.util.List;

/** The keys of {@code relearn} beside those of its training loop. */
final class RelearnKeys {
  private RelearnKeys() {}

  static final Key<Double> SHARE =
      new Key<>(
          "relearn.share",
          ValueType.positiveShare(),
          constant(0.1),
          "part of what is forgotten that is taught again; as much of what is kept is taught apart");

  static final Key<Double> GAIN_MAX =
      new Key<>(
          "relearn.gain_max",
          ValueType.share(),
          absent("shown, not judged"),
          "gate: by how much more than for the retain-only model the mean probability of what was"
              + " not taught again may rise");

  static final List<Key<?>> ALL = List.of(SHARE, GAIN_MAX);
}
