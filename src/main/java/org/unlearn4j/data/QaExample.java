package org.unlearn4j.data;

import java.util.List;
import java.util.Optional;

/**
 * A question and its answer, with what a benchmark gives beside them.
 *
 * @param paraphrasedQuestion the question in other words
 * @param paraphrasedAnswer the right answer in other words
 * @param perturbedAnswers wrong answers in the form of the paraphrase; empty if there are none
 * @param source the file or resource it was read from
 * @param line its line there, counted from 1
 */
public record QaExample(
    String question,
    String answer,
    Optional<String> paraphrasedQuestion,
    Optional<String> paraphrasedAnswer,
    List<String> perturbedAnswers,
    String source,
    int line)
    implements DataRow {

  public QaExample {
    perturbedAnswers = List.copyOf(perturbedAnswers);
  }

  /** A bare pair, for instance made in memory. */
  public static QaExample of(String question, String answer, String source, int line) {
    return new QaExample(
        question, answer, Optional.empty(), Optional.empty(), List.of(), source, line);
  }

  /** The same question with another answer. */
  public QaExample withAnswer(String other) {
    return new QaExample(
        question, other, paraphrasedQuestion, paraphrasedAnswer, perturbedAnswers, source, line);
  }

  /** The same pair with another paraphrase of its answer, or none. */
  QaExample withParaphrase(Optional<String> other) {
    return new QaExample(
        question, answer, paraphrasedQuestion, other, perturbedAnswers, source, line);
  }

  /** For messages: {@code forget10.json, line 3}. */
  @Override
  public String place() {
    return source + ", line " + line;
  }
}
