package org.unlearn4j.attack;

import java.util.List;
import java.util.stream.Stream;

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
   * @param options what an answer is called, for instance by letter
   * @param right index of it
   * @param texts the options in words, for a model that does not call them so; empty where they
   *     have no others
   */
  record Choose(List<String> options, int right, List<String> texts) implements Goal {
    public Choose {
      options = List.copyOf(options);
      texts = List.copyOf(texts);
    }

    /** All answers that are scored: the options, then their texts. */
    public List<String> answers() {
      return Stream.concat(options.stream(), texts.stream()).toList();
    }

    @Override
    public String expected() {
      return options.get(right);
    }
  }
}
