package org.unlearn4j.text;

import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.Sentences;
import org.unlearn4j.base.UserException;

/**
 * How a question and its answer become one text: a prompt, which the model is given, and a
 * continuation, which it is taught and judged by.
 *
 * <p>White space between the two belongs to the continuation ({@code "Answer:"} and {@code "
 * Paris"}): vocabularies of today join a space to the word after it, so a prompt that ends in a
 * space would end in a token that the whole text does not have.
 *
 * @param name the name it was asked for by, or {@code custom}
 * @param beforeQuestion text before the question
 * @param afterQuestion text after the question, up to the continuation
 * @param beforeAnswer white space that begins the continuation
 * @param afterAnswer text after the answer, part of the continuation
 */
public record PromptTemplate(
    String name,
    String beforeQuestion,
    String afterQuestion,
    String beforeAnswer,
    String afterAnswer)
    implements Prompting {

  private static final String QUESTION = "{question}";
  private static final String ANSWER = "{answer}";

  private static final Map<String, String> NAMED =
      Map.of(
          "default", "Question: {question}\nAnswer: {answer}",
          "plain", "{question} {answer}");

  /**
   * A template by name ({@code default}, {@code plain}) or by its own text, which holds {@code
   * {question}} and, after it, {@code {answer}}, once each.
   *
   * @throws UserException if it is neither
   */
  public static PromptTemplate of(String nameOrText) {
    String named = NAMED.get(nameOrText);
    String text = named == null ? nameOrText : named;
    int question = text.indexOf(QUESTION);
    int answer = text.indexOf(ANSWER);
    boolean once = question == text.lastIndexOf(QUESTION) && answer == text.lastIndexOf(ANSWER);
    if (question < 0 || answer < question || !once) {
      throw new UserException(
          "template: found \""
              + Sentences.found(nameOrText)
              + "\", expected default, plain, chat, or a text with {question} and, after it, {answer}, once each.");
    }
    String between = text.substring(question + QUESTION.length(), answer);
    String prompt = between.stripTrailing();
    return new PromptTemplate(
        named == null ? "custom" : nameOrText,
        text.substring(0, question),
        prompt,
        between.substring(prompt.length()),
        text.substring(answer + ANSWER.length()));
  }

  @Override
  public String prompt(String question) {
    return beforeQuestion + question + afterQuestion;
  }

  @Override
  public String continuation(String answer) {
    return beforeAnswer + answer + afterAnswer;
  }

  @Override
  public boolean beginsItself() {
    return false;
  }

  @Override
  public Optional<String> end() {
    return Optional.empty();
  }
}
