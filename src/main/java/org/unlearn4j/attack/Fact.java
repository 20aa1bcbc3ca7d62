package org.unlearn4j.attack;

import java.util.List;
import java.util.Optional;

/**
 * A pair that was to be forgotten, with everything that the rules of attacks draw on.
 *
 * @param index its place in the data, from 0
 * @param otherQuestion the question in the data's other words
 * @param otherAnswer the answer in the data's other words: the form that {@code wrong} has
 * @param wrong wrong answers; the data's own, or those of other pairs
 * @param subject whom or what it is about
 * @param aliases the subject's other names
 * @param siblings other pairs of the same subject that were to be forgotten
 * @param related kept pairs of the same neighbourhood, the nearest first
 */
public record Fact(
    int index,
    String question,
    String answer,
    Optional<String> otherQuestion,
    Optional<String> otherAnswer,
    List<String> wrong,
    Optional<String> subject,
    List<String> aliases,
    List<Shot> siblings,
    List<Shot> related) {
  public Fact {
    wrong = List.copyOf(wrong);
    aliases = List.copyOf(aliases);
    siblings = List.copyOf(siblings);
    related = List.copyOf(related);
  }

  /** The right answer in the form of the wrong ones. */
  String option() {
    return otherAnswer.orElse(answer);
  }

  /** What belongs together where facts are drawn: those of one subject. */
  public String group() {
    return subject.orElse("row " + index);
  }
}
