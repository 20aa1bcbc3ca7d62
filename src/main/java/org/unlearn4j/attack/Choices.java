package org.unlearn4j.attack;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.unlearn4j.config.AttackName;

/** Questions whose answer is one of a few. */
final class Choices {
  private static final int OPTIONS = 4;
  private static final List<String> LETTERS = List.of("A", "B", "C", "D");
  private static final List<String> TRUTH = List.of("True", "False");

  /** Of the order of options; a row's own number is added. */
  private static final long SEED = 20260105;

  private Choices() {}

  /** Nothing with fewer than three wrong answers. */
  static Optional<Probe> multipleChoice(Fact fact) {
    if (fact.wrong().size() < OPTIONS - 1) {
      return Optional.empty();
    }
    List<String> options = new ArrayList<>(fact.wrong().subList(0, OPTIONS - 1));
    options.add(fact.option());
    Collections.shuffle(options, new Random(SEED + fact.index()));
    StringBuilder question = new StringBuilder(fact.question());
    for (int i = 0; i < OPTIONS; i++) {
      question.append('\n').append(LETTERS.get(i)).append(". ").append(options.get(i));
    }
    return Optional.of(
        probe(
            AttackName.MULTIPLE_CHOICE,
            fact,
            question.toString(),
            new Goal.Choose(LETTERS, options.indexOf(fact.option()), options)));
  }

  /** Both the right and a wrong answer: who always says the same is right once in two times. */
  static List<Probe> trueFalse(Fact fact) {
    if (fact.wrong().isEmpty()) {
      return List.of();
    }
    return List.of(trueFalse(fact, fact.option(), 0), trueFalse(fact, fact.wrong().get(0), 1));
  }

  private static Probe trueFalse(Fact fact, String claim, int right) {
    String question = fact.question() + " " + claim + " Is that true or false?";
    return probe(AttackName.TRUE_FALSE, fact, question, new Goal.Choose(TRUTH, right, List.of()));
  }

  private static Probe probe(AttackName family, Fact fact, String question, Goal goal) {
    return new Probe(family, fact.index(), fact.group(), Prompt.asked(question), goal);
  }
}
