package org.unlearn4j.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.unlearn4j.base.SplitMix;
import org.unlearn4j.base.UserException;

/**
 * Ways to say that one does not know: the alternate answers that DPO prefers to what is to be
 * forgotten (IdkDPO, Maini et al. 2024, arXiv 2401.06121).
 *
 * @param name the file or resource they come from
 * @param sentences at least one; one that stands twice is drawn twice as often
 * @param sha256 of the bytes they were read from, lower-case hexadecimal
 */
public record Refusals(String name, List<String> sentences, String sha256) {
  private static final String RESOURCE = "/org/unlearn4j/data/refusals.txt";

  public Refusals {
    sentences = List.copyOf(sentences);
    if (sentences.isEmpty()) {
      throw new IllegalArgumentException("no refusals");
    }
  }

  /** The hundred that come with this program. */
  public static Refusals builtIn() {
    return read(RESOURCE, DataSource.resource(Refusals.class, RESOURCE));
  }

  /**
   * One's own: UTF-8 text, one refusal a line. White space around a line is no part of it.
   *
   * @throws UserException with file and line: no such file, a blank line, no line at all, no UTF-8
   */
  public static Refusals read(Path file) {
    return read(file.toString(), DataSource.file(file, "a text file with one refusal a line"));
  }

  private static Refusals read(String name, DataSource source) {
    List<String> sentences = new ArrayList<>();
    String sha256 =
        TextLines.read(
            source,
            "one refusal a line",
            (text, line) -> {
              // Passed over in silence, a blank line could as well be a refusal that was lost.
              if (text.isBlank()) {
                throw source.error(line, "a blank line", "a refusal");
              }
              sentences.add(text.strip());
            });
    if (sentences.isEmpty()) {
      throw source.error(0, "no refusals", "at least one line of text");
    }
    return new Refusals(name, sentences, sha256);
  }

  /**
   * A refusal for each row. What a row gets depends on seed and row alone, not on how many rows
   * there are or in which order they are asked for; all sentences are equally likely.
   *
   * @param rows how many, counted from 0
   */
  public List<String> draw(int rows, long seed) {
    return IntStream.range(0, rows)
        .mapToObj(row -> sentences.get(index(row, seed, sentences.size())))
        .toList();
  }

  /**
   * The row-th number of the SplitMix64 sequence whose state begins at the mixed seed. Without that
   * first mixing, seeds that differ by a multiple of the increment would share their sequences.
   */
  static int index(int row, long seed, int of) {
    return (int)
        Long.remainderUnsigned(SplitMix.mix(SplitMix.mix(seed) + (row + 1) * SplitMix.GOLDEN), of);
  }
}
