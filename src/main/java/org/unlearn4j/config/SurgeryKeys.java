package org.unlearn4j.config;

import static org.unlearn4j.config.Fallback.absent;
import static org.unlearn4j.config.Fallback.constant;
import static org.unlearn4j.config.ValueType.choice;
import static org.unlearn4j.config.ValueType.flag;
import static org.unlearn4j.config.ValueType.integer;
import static org.unlearn4j.config.ValueType.layer;
import static org.unlearn4j.config.ValueType.listOf;
import static org.unlearn4j.config.ValueType.nonNegative;
import static org.unlearn4j.config.ValueType.positiveShare;
import static org.unlearn4j.config.ValueType.share;

import java.util.List;

/** The keys of {@code unlearn.surgery} and their defaults. */
final class SurgeryKeys {
  private SurgeryKeys() {}

  static final Key<List<Layer>> LAYERS =
      new Key<>(
          "unlearn.surgery.layers",
          listOf(layer(), "layers"),
          absent("all of them"),
          "places in the residual stream where directions are cut");
  static final Key<Integer> RANK =
      new Key<>(
          "unlearn.surgery.rank",
          integer(1, 1000),
          constant(8),
          "directions that are cut at each place, at most");
  static final Key<Double> ENERGY =
      new Key<>(
          "unlearn.surgery.energy",
          positiveShare(),
          constant(0.0025),
          "part of the retain rows' energy there that may be given up, which moves their features"
              + " by its square root; as many directions are cut as it allows");
  static final Key<SurgerySettings.From> FROM =
      new Key<>(
          "unlearn.surgery.from",
          choice(SurgerySettings.From.class),
          constant(SurgerySettings.From.AFTER),
          "whose stream says which directions: the model before it forgets, after it, or both");
  static final Key<Boolean> WRITES =
      new Key<>(
          "unlearn.surgery.writes",
          flag(),
          constant(true),
          "whether they are cut from what writes to the stream below");
  static final Key<Boolean> READS =
      new Key<>(
          "unlearn.surgery.reads",
          flag(),
          constant(true),
          "whether they are cut from what reads the stream there");
  static final Key<Double> STRENGTH =
      new Key<>(
          "unlearn.surgery.strength",
          share(),
          constant(1.0),
          "1 takes the directions out, less leaves a part");
  static final Key<Integer> HEALING_STEPS =
      new Key<>(
          "unlearn.surgery.healing.steps",
          integer(1),
          constant(10),
          "of `batch_size` times `accumulate` retain rows each");
  static final Key<Double> HEALING_RATE =
      new Key<>(
          "unlearn.surgery.healing.learning_rate",
          nonNegative(),
          Fallback.derived("that of `unlearn`", s -> s.find(Schema.UNLEARN.learningRate)),
          "peak of the schedule, which is that of `unlearn` without a warm-up");
  static final List<Key<?>> ALL =
      List.of(LAYERS, RANK, ENERGY, FROM, WRITES, READS, STRENGTH, HEALING_STEPS, HEALING_RATE);

  static Section healing() {
    return new Section(
        "unlearn.surgery.healing",
        true,
        "steps on retain rows once directions are cut out; left out: none");
  }

  static SurgerySettings read(Settings s) {
    return new SurgerySettings(
        s.find(LAYERS),
        s.get(RANK),
        s.get(ENERGY),
        s.get(FROM),
        s.get(WRITES),
        s.get(READS),
        s.get(STRENGTH),
        s.find(HEALING_STEPS)
            .map(steps -> new SurgerySettings.Healing(steps, s.get(HEALING_RATE))));
  }
}
