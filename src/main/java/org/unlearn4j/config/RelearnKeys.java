package org.unlearn4j.config;

import static org.unlearn4j.config.Fallback.absent;
import static org.unlearn4j.config.Fallback.constant;
import static org.unlearn4j.config.Fallback.required;
import static org.unlearn4j.config.ValueType.choice;
import static org.unlearn4j.config.ValueType.integer;
import static org.unlearn4j.config.ValueType.listOf;

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

  static final Key<List<RelearnSettings.Teach>> TEACH =
      new Key<>(
          "relearn.teach",
          listOf(choice(RelearnSettings.Teach.class), "kinds"),
          constant(List.of(RelearnSettings.Teach.FORGET)),
          "what is taught, each from the same start: forgotten rows, the kept rows nearest to them,"
              + " or general facts; kept rows drawn at random are always taught apart");

  static final Key<List<Double>> SHARES =
      new Key<>(
          "relearn.shares",
          listOf(ValueType.positiveShare(), "shares"),
          absent("`share` alone"),
          "further attacks, each of which teaches this part of what is forgotten from the same"
              + " start");

  static final Key<List<Integer>> STEPS =
      new Key<>(
          "relearn.curve.steps",
          listOf(integer(1), "steps"),
          required(),
          "after these steps, before the first and after the last, the probability of what is"
              + " taught and of what is not is measured");

  static final List<Key<?>> ALL = List.of(SHARE, GAIN_MAX, TEACH, SHARES);

  static Section curve() {
    return new Section(
        "relearn.curve", true, "what comes back step by step; left out: the end alone");
  }
}
