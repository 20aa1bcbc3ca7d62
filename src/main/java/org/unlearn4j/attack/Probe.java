package org.unlearn4j.attack;

import java.util.Optional;
import org.unlearn4j.config.AttackName;

/**
 * One question of an attack.
 *
 * @param row the fact that it asks for, by its index
 * @param group what belongs together where rows are drawn; see {@link Fact#group}
 */
public record Probe(AttackName family, int row, String group, Prompt prompt, Goal goal) {

  /** A probe for words; empty where the prompt leaves none to be given away. */
  static Optional<Probe> say(AttackName family, Fact fact, Prompt prompt, String expected) {
    return say(family, fact.index(), fact.group(), prompt, expected);
  }

  static Optional<Probe> say(
      AttackName family, int row, String group, Prompt prompt, String expected) {
    Goal.Say goal = new Goal.Say(expected, Keywords.of(expected, prompt.words()));
    return goal.keywords().isEmpty()
        ? Optional.empty()
        : Optional.of(new Probe(family, row, group, prompt, goal));
  }

  /** The same question of another attack. */
  public Probe as(AttackName attack) {
    return new Probe(attack, row, group, prompt, goal);
  }

  /** The same after some pairs at its front were dropped: what they said may now be a keyword. */
  public Probe with(Prompt shorter) {
    return goal instanceof Goal.Say say && family != AttackName.OWN
        ? new Probe(
            family,
            row,
            group,
            shorter,
            new Goal.Say(say.expected(), Keywords.of(say.expected(), shorter.words())))
        : new Probe(family, row, group, shorter, goal);
  }
}
