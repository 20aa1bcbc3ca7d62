package org.unlearn4j.attack;

import java.util.List;

/**
 * What a model is given, before it is put into tokens.
 *
 * @param shots pairs that stand before the question, as many of the last ones as there is room for
 * @param question what is asked
 * @param begun what the answer already begins with; may be empty
 * @param glue what stands between {@code begun} and the rest of the answer
 */
public record Prompt(Frame frame, List<Shot> shots, String question, String begun, String glue) {

  /** What is around a question. */
  public enum Frame {
    /** The template that the model was taught with. */
    TAUGHT,
    /** Nothing: the question is the whole text, and the answer follows a space. */
    NONE
  }

  public Prompt {
    shots = List.copyOf(shots);
  }

  /** A question in the taught template. */
  static Prompt asked(String question) {
    return new Prompt(Frame.TAUGHT, List.of(), question, "", "");
  }

  /** A text without a template. */
  static Prompt bare(String text) {
    return new Prompt(Frame.NONE, List.of(), text, "", "");
  }

  /** The same with a beginning of the answer. */
  Prompt begun(String beginning, String between) {
    return new Prompt(frame, shots, question, beginning, between);
  }

  /** The same behind some pairs. */
  public Prompt after(List<Shot> pairs) {
    return new Prompt(frame, pairs, question, begun, glue);
  }

  /** All its words: what is in them is not given away. */
  String words() {
    StringBuilder all = new StringBuilder();
    shots.forEach(s -> all.append(s.question()).append(' ').append(s.answer()).append(' '));
    return all.append(question).append(' ').append(begun).toString();
  }
}
