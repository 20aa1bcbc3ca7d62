package org.unlearn4j.eval;

import java.util.List;
import java.util.Set;

/**
 * Questions that are measured together.
 *
 * @param name begins the names of the set's metrics, for instance {@code retain}
 */
public record EvalSet(String name, Role role, List<EvalItem> items) {

  /** What a set is for, which decides how its numbers are put together. */
  public enum Role {
    /** What the model has to forget. */
    FORGET,
    /** What it was taught beside that and has to keep; part of model utility. */
    RETAIN,
    /**
     * What it knew before; part of model utility. The probability of an answer is its share among
     * the options.
     */
    GENERAL,
    /**
     * What no model was taught, of the form of the forget set: the non-members of membership
     * attacks. Scored only: nothing is generated, and no metric has the set's name.
     */
    HOLDOUT;

    /** The roles whose questions are answered unless less is asked for. */
    public static final Set<Role> GENERATED = Set.of(FORGET, RETAIN, GENERAL);
  }

  public EvalSet {
    items = List.copyOf(items);
  }
}
