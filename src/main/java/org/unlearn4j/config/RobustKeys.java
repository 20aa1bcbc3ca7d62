package org.unlearn4j.config;

import static org.unlearn4j.config.Fallback.constant;
import static org.unlearn4j.config.ValueType.choice;
import static org.unlearn4j.config.ValueType.integer;
import static org.unlearn4j.config.ValueType.positive;

import java.util.List;

/** The keys of {@code unlearn.robust} and their defaults. */
final class RobustKeys {
  private RobustKeys() {}

  static final Key<RobustSettings.Attack> ATTACK =
      new Key<>(
          "unlearn.robust.attack",
          choice(RobustSettings.Attack.class),
          constant(RobustSettings.Attack.RELEARN),
          "what moves the weights at which the forget loss is taken");
  static final Key<Double> RADIUS =
      new Key<>(
          "unlearn.robust.radius",
          positive(),
          constant(0.5),
          "rho, the length of the move over all weights that learn, for `SAM` and `noise`");
  static final Key<Integer> STEPS =
      new Key<>(
          "unlearn.robust.steps",
          integer(1, 100),
          constant(1),
          "steps of the attack in each step of the training, for `relearn`");
  static final Key<Double> RATE =
      new Key<>(
          "unlearn.robust.rate",
          positive(),
          Fallback.derived("that of `unlearn`", s -> s.find(Schema.UNLEARN.learningRate)),
          "by which a step of the attack moves each weight, for `relearn`");

  static final Key<Integer> COURSE =
      new Key<>(
          "unlearn.robust.course",
          integer(1, 10_000),
          constant(16),
          "steps of the training after which the attack begins anew, for `relearn`");

  static final List<Key<?>> ALL = List.of(ATTACK, RADIUS, STEPS, RATE, COURSE);
}
