package org.unlearn4j.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.unlearn4j.base.UserException;

/**
 * Other answers to questions: what AltPO prefers to the answers that are to be forgotten.
 *
 * @param name the file they come from
 * @param answers by question, at least one each
 * @param sha256 of the bytes they were read from, lower-case hexadecimal
 */
public record Alternates(String name, Map<String, List<String>> answers, String sha256) {
  public Alternates {
    answers = Map.copyOf(answers);
  }

  /**
   * JSON Lines with {@code question} and {@code answer}; a question with several answers stands
   * there several times.
   *
   * @throws UserException with file and line of what is at fault
   */
  public static Alternates read(Path file) {
    QaReader.Result read =
        QaReader.read(
            DataSource.file(file, "other answers to what is forgotten (see unlearn4j alternates)"),
            QaReader.Demand.NONE);
    Map<String, List<String>> answers = new LinkedHashMap<>();
    for (QaExample e : read.examples()) {
      answers.computeIfAbsent(e.question(), q -> new ArrayList<>()).add(e.answer());
    }
    return new Alternates(file.toString(), answers, read.sha256());
  }

  /**
   * An answer for each row: of several, seed and row's number decide, as for {@link Refusals#draw}.
   *
   * @param rows whose questions are looked up
   * @throws UserException naming the first question that has none
   */
  public List<String> draw(List<QaExample> rows, long seed) {
    return IntStream.range(0, rows.size()).mapToObj(row -> of(rows.get(row), row, seed)).toList();
  }

  private String of(QaExample example, int row, long seed) {
    List<String> own = answers.get(example.question());
    if (own == null) {
      throw new UserException(
          name
              + ": found no answer to the question of "
              + example.place()
              + ", expected one for each row to forget.");
    }
    return own.get(Refusals.index(row, seed, own.size()));
  }
}
