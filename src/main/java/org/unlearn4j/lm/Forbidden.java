package org.unlearn4j.lm;

import java.util.Set;

/** Tokens that a continuation must not have. */
@FunctionalInterface
public interface Forbidden {
  /** Any token may come. */
  Forbidden NONE = (prompt, place) -> Set.of();

  /**
   * What must not come next. Asked by several threads at once.
   *
   * @param prompt number of the prompt among all that belong together
   * @param place tokens that the prompt has got so far
   */
  Set<Integer> tokens(int prompt, int place);
}
