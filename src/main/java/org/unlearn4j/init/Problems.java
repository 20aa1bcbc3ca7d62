package org.unlearn4j.init;

import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.unlearn4j.base.UserException;

/** What is missing, a sentence each, told together. */
final class Problems {
  private final Set<String> sentences = new LinkedHashSet<>();

  void add(String sentence) {
    sentences.add(sentence);
  }

  /** What a step gives; empty where it finds a mistake of the user's, which is kept. */
  <T> Optional<T> attempt(Supplier<T> step) {
    try {
      return Optional.of(step.get());
    } catch (UserException e) {
      e.getMessage().lines().forEach(sentences::add);
      return Optional.empty();
    }
  }

  /**
   * @throws UserException with every sentence, if there is any
   */
  void require() {
    if (!sentences.isEmpty()) {
      throw new UserException(String.join("\n", sentences));
    }
  }
}
