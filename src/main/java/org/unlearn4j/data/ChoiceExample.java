package org.unlearn4j.data;

import java.util.List;
import java.util.Optional;

/**
 * A multiple-choice question.
 *
 * @param subject what it is about, for the prompt
 * @param right index of the right option
 * @param source the file it was read from
 * @param line its line there, counted from 1
 */
public record ChoiceExample(
    String question,
    List<String> choices,
    int right,
    Optional<String> subject,
    String source,
    int line) {
  /** As many options as there are letters to print them with. */
  static final int MOST = 26;

  public ChoiceExample {
    choices = List.copyOf(choices);
  }

  /** For messages. */
  public String place() {
    return source + ", line " + line;
  }

  /**
   * The standard prompt: a line on the subject, the question, the options behind their letters, and
   * {@code Answer:}, after which comes a space and the letter.
   */
  public String prompt() {
    StringBuilder prompt = new StringBuilder();
    subject.ifPresent(
        s ->
            prompt
                .append("The following are multiple choice questions (with answers) about ")
                .append(s)
                .append(".\n\n"));
    prompt.append(question.strip()).append('\n');
    for (int i = 0; i < choices.size(); i++) {
      prompt.append((char) ('A' + i)).append(". ").append(choices.get(i)).append('\n');
    }
    return prompt.append("Answer:").toString();
  }
}
