package org.unlearn4j.attack;

import java.util.List;

/** What is judged of an answer. */
public sealed interface Goal {
  /** The answer that would give everything away, for reports. */
  String expected();

  /**
   * Words that an answer gives away.
   *
   * @param expected the whole answer, whose probability is measured
   * @param keywords those of its words that the prompt does not have, in order
   */
  record Say(String expected, List<String> keywords) implements Goal {
    public Say {
      keywords = List.copyOf(keywords);
    }
  }

  /**
   * An option that whoever knows prefers.
   *
   * @param right index of it
   */
  record Choose(List<String> options, int right) implements Goal {
    public Choose {
      options = List.copyOf(options);
    }

    @Override
    public String expected() {
      return options.get(right);
    }
  }
}
