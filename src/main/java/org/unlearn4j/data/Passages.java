package org.unlearn4j.data;

import java.util.List;

/**
 * The side of a benchmark that is made of passages rather than of pairs, in the shape of MUSE (Shi
 * et al., 2024). All lists are in the order of the data and the same at every call.
 */
public interface Passages {

  /**
   * Passages to forget, as they are trained on.
   *
   * @throws org.unlearn4j.base.UserException if there is no such split, or its file is at fault
   */
  List<Passage> forgetPassages(String split);

  /** Passages to keep, as they are trained on. */
  List<Passage> retainPassages(String split);

  /**
   * Passages that a model is taught: {@code full} (all), or a forget or retain split.
   *
   * @throws org.unlearn4j.base.UserException if there is no such split, or its file is at fault
   */
  List<Passage> trainingPassages(String split);

  /**
   * Passages of the form of those to forget, about what no model was taught, which no evaluation
   * asks about; empty if there are none.
   */
  default List<Passage> strangerPassages() {
    return List.of();
  }

  /** Beginnings of forget passages with their continuations; empty if there are none. */
  List<Excerpt> verbatim(String forgetSplit);

  /** Questions about forget passages. */
  Questions aboutForget(String forgetSplit);

  /** Questions about passages to keep. */
  Questions aboutRetain();

  /** Whole passages for membership inference; lists are empty where the benchmark has none. */
  Membership membership(String forgetSplit);

  /**
   * Questions and how they are asked.
   *
   * @param examples pairs that stand before every question, in context; may be empty
   */
  record Questions(List<QaExample> pairs, List<QaExample> examples) {
    public Questions {
      pairs = List.copyOf(pairs);
      examples = List.copyOf(examples);
    }
  }

  /**
   * Who saw what.
   *
   * @param forget members
   * @param retain passages to keep, members too
   * @param holdout non-members, of the form of the forget passages
   */
  record Membership(List<Passage> forget, List<Passage> retain, List<Passage> holdout) {
    public Membership {
      forget = List.copyOf(forget);
      retain = List.copyOf(retain);
      holdout = List.copyOf(holdout);
    }
  }
}
