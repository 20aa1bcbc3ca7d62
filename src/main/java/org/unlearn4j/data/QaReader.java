package org.unlearn4j.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.base.UserException;

/**
 * Reads question-answer files: {@code question} and {@code answer}, and where they are there {@code
 * paraphrased_question}, {@code paraphrased_answer} and {@code perturbed_answer} (a list). Other
 * fields are passed over.
 */
public final class QaReader {
  private QaReader() {}

  /**
   * What each row must have beside question and answer. Whatever is demanded, all rows of a file
   * have the same.
   *
   * @param perturbed how many perturbed answers, or -1 for any number
   * @param paraphrase whether there must be a paraphrased answer
   */
  public record Demand(int perturbed, boolean paraphrase) {
    /** Question and answer are enough. */
    public static final Demand NONE = new Demand(-1, false);
  }

  /**
   * What was read.
   *
   * @param examples in the file's order, at least one
   * @param sha256 of the bytes, lower-case hexadecimal
   */
  public record Result(List<QaExample> examples, String sha256) {
    public Result {
      examples = List.copyOf(examples);
    }
  }

  /**
   * Reads a file or resource.
   *
   * @throws UserException with file and line: no JSON object, a missing, blank or mistyped field,
   *     another number of perturbed answers than demanded or than the rows before, no row at all
   */
  public static Result read(DataSource source, Demand demand) {
    List<QaExample> examples = new ArrayList<>();
    String sha256 =
        JsonLines.read(
            source,
            (object, line) -> {
              QaExample example = example(source, object, line);
              check(source, example, examples.isEmpty() ? example : examples.get(0), demand);
              examples.add(example);
            });
    if (examples.isEmpty()) {
      throw source.error(0, "no examples", "at least one line with question and answer");
    }
    return new Result(examples, sha256);
  }

  /** Holds a row against what is demanded, and against the first row of its file. */
  static void check(DataSource source, QaExample example, QaExample first, Demand demand) {
    int count = example.perturbedAnswers().size();
    int expected = demand.perturbed() >= 0 ? demand.perturbed() : first.perturbedAnswers().size();
    if (count != expected) {
      throw source.error(
          example.line(), "perturbed_answer of length " + count, "length " + expected);
    }
    boolean has = example.paraphrasedAnswer().isPresent();
    if (!has && (demand.paraphrase() || first.paraphrasedAnswer().isPresent())) {
      throw source.error(example.line(), "no field \"paraphrased_answer\"", "a string there");
    }
    if (has && first.paraphrasedAnswer().isEmpty()) {
      throw source.error(
          example.line(),
          "paraphrased_answer, which line " + first.line() + " has not",
          "it in all rows");
    }
  }

  /** The pair of an object. */
  static QaExample example(DataSource source, ObjectNode object, int line) {
    return new QaExample(
        required(source, object, "question", line),
        required(source, object, "answer", line),
        optional(source, object, "paraphrased_question", line),
        optional(source, object, "paraphrased_answer", line),
        list(source, object, "perturbed_answer", line),
        source.name(),
        line);
  }

  private static String required(DataSource source, ObjectNode object, String field, int line) {
    return optional(source, object, field, line)
        .orElseThrow(() -> source.error(line, "no field \"" + field + "\"", "a string there"));
  }

  private static Optional<String> optional(
      DataSource source, ObjectNode object, String field, int line) {
    JsonNode node = object.get(field);
    return node == null || node.isNull()
        ? Optional.empty()
        : Optional.of(text(source, node, field, line));
  }

  private static List<String> list(DataSource source, ObjectNode object, String field, int line) {
    JsonNode node = object.get(field);
    if (node == null || node.isNull()) {
      return List.of();
    }
    if (!node.isArray()) {
      throw source.error(
          line, field + " that is a " + JsonLines.typeName(node), "a list of strings");
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < node.size(); i++) {
      texts.add(text(source, node.get(i), field + "[" + i + "]", line));
    }
    return texts;
  }

  /** A text with something in it that UTF-8 can hold. */
  static String text(DataSource source, JsonNode node, String field, int line) {
    if (!node.isTextual()) {
      throw source.error(line, field + " that is a " + JsonLines.typeName(node), "a string");
    }
    String text = node.asText();
    if (text.isBlank()) {
      throw source.error(line, "an empty " + field, "text");
    }
    // No UTF-8 can hold it: a tokenizer would be given replacement characters, in silence.
    if (text.codePoints()
        .anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
      throw source.error(line, field + " with half of a surrogate pair", "Unicode text");
    }
    return text;
  }
}
