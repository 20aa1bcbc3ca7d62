package org.unlearn4j.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Keys of the blocks {@code attack.soft_prompt} and {@code attack.head}. */
final class LearnKeys {
  static final LearnKeys SOFT_PROMPT =
      new LearnKeys(
          AttackName.SOFT_PROMPT, "vectors before the prompt are learned on a few rows", 100, 0.1);
  static final LearnKeys HEAD =
      new LearnKeys(AttackName.HEAD, "the head alone is learned on a few rows", 50, 0.1);

  private static final Key<Integer> VECTORS =
      new Key<>(
          "attack.soft_prompt.vectors",
          ValueType.integer(1, 10_000),
          Fallback.constant(8),
          "how many are learned; they take as many of the model's positions");

  private final Section section;
  private final Key<Integer> rows;
  private final Key<Integer> steps;
  private final Key<Double> learningRate;

  private LearnKeys(AttackName attack, String doc, int steps, double learningRate) {
    String block = "attack." + attack.spelling();
    this.section =
        new Section(block, true, doc + ", and the others are asked; left out: no such attack");
    this.rows =
        new Key<>(
            block + ".rows",
            ValueType.integer(1),
            Fallback.constant(16),
            "forgotten rows that are learned from, drawn by `attack.seed`");
    this.steps =
        new Key<>(
            block + ".steps",
            ValueType.integer(0),
            Fallback.constant(steps),
            "of AdamW; 0: nothing is learned");
    this.learningRate =
        new Key<>(
            block + ".learning_rate",
            ValueType.positive(),
            Fallback.constant(learningRate),
            "of AdamW, in root mean squares of what is learned");
  }

  Section section() {
    return section;
  }

  List<Key<?>> keys() {
    List<Key<?>> all = new ArrayList<>();
    if (this == SOFT_PROMPT) {
      all.add(VECTORS);
    }
    all.addAll(List.of(rows, steps, learningRate));
    return all;
  }

  Optional<LearnSettings> read(Settings s) {
    return s.hasSection(section.path())
        ? Optional.of(
            new LearnSettings(
                this == SOFT_PROMPT ? s.get(VECTORS) : 0,
                s.get(rows),
                s.get(steps),
                s.get(learningRate)))
        : Optional.empty();
  }
}
