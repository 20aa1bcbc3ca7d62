package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.data.Alternates;
import org.unlearn4j.data.QaExample;
import org.unlearn4j.data.Refusals;

/**
 * Answers that are preferred to those to forget: refusals, or the data's own alternates.
 *
 * @param what they are, for messages
 * @param input their name among a stage's inputs
 * @param file their name in records
 * @param sha256 of their file
 * @param rows the rows to forget in their order, each with its other answer
 */
record OtherAnswers(String what, String input, String file, String sha256, List<QaExample> rows) {
  OtherAnswers {
    rows = List.copyOf(rows);
  }

  /**
   * Those that a pipeline's objective reads.
   *
   * @param refusals one's own; empty: those that come with this program
   * @throws UserException if a file is at fault
   */
  static OtherAnswers of(
      Pipeline pipeline, List<QaExample> forget, long seed, Optional<Path> refusals) {
    if (!pipeline.unlearn().objective().ownAnswers()) {
      Refusals source = refusals.map(Refusals::read).orElseGet(Refusals::builtIn);
      return of(
          "refusals",
          StageInputs.REFUSALS,
          source.name(),
          source.sha256(),
          forget,
          source.draw(forget.size(), seed));
    }
    Path file =
        pipeline
            .data()
            .alternates()
            .orElseThrow(
                () ->
                    new UserException(
                        "data.alternates: found nothing, expected a file of other answers"
                            + " (unlearn4j alternates writes one)."));
    Alternates source = Alternates.read(file);
    return of(
        "alternates",
        StageInputs.ALTERNATES,
        source.name(),
        source.sha256(),
        forget,
        source.draw(forget, seed));
  }

  private static OtherAnswers of(
      String what,
      String input,
      String name,
      String sha256,
      List<QaExample> forget,
      List<String> drawn) {
    return new OtherAnswers(
        what,
        input,
        String.valueOf(Path.of(name).getFileName()),
        sha256,
        IntStream.range(0, forget.size())
            .mapToObj(i -> forget.get(i).withAnswer(drawn.get(i)))
            .toList());
  }
}
