package org.unlearn4j.config;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;

/**
 * What is forgotten and what is kept.
 *
 * @param path folder of the benchmark's files, or the folder that {@code forget} and {@code retain}
 *     are relative to
 * @param forget split name, or a JSON Lines file for {@link Benchmark#JSONL}
 * @param retain split name, or a JSON Lines file for {@link Benchmark#JSONL}
 * @param template name of the prompt template
 * @param systemPrompt of a chat
 * @param date that a chat's template is told
 * @param maxLength most tokens in a row; longer ones are the user's mistake or are cut, as the
 *     reader says
 * @param refusals alternate answers for DPO and FLAT, one a line; empty: those that come with the
 *     program
 * @param alternates AltPO's other answers to the questions to forget
 * @param form whether pairs, passages, both, or both in several forms are taught and forgotten
 * @param rows how rows that are no pairs are cut
 */
public record DataSettings(
    Benchmark benchmark,
    Optional<Path> path,
    String forget,
    String retain,
    String template,
    Optional<String> systemPrompt,
    Optional<LocalDate> date,
    int maxLength,
    Optional<Path> refusals,
    Optional<Path> alternates,
    Form form,
    Rows rows) {

  /**
   * How rows of one's own that are no pairs are cut.
   *
   * @param window most tokens of a window of a passage
   * @param overlap tokens that a window shows again of the one before
   * @param roles whose turns of a conversation are labelled
   */
  public record Rows(int window, int overlap, List<String> roles) {
    public Rows {
      roles = List.copyOf(roles);
    }
  }

  /** What is taught and forgotten, where a benchmark has both. */
  public enum Form implements Spelled {
    /** Pairs of question and answer. */
    QUESTIONS("questions"),
    /** Running text, cut into windows. */
    PASSAGES("passages"),
    /** Pairs first, then passages. */
    BOTH("both"),
    /** The same, and some of the pairs in other forms: true or false, with a gap, and so on. */
    FORMS("forms");

    private final String spelling;

    Form(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }

  /** The data sets there are readers for. */
  public enum Benchmark implements Spelled {
    /** The embedded benchmark; needs no path. */
    FABLE("fable"),
    /** A folder with TOFU's files. */
    TOFU("tofu"),
    /** A folder with MUSE's files. */
    MUSE("muse"),
    /** One's own files: pairs, passages and conversations. */
    JSONL("jsonl");

    private final String spelling;

    Benchmark(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }

  /** The file that {@link #forget} names; only for {@link Benchmark#JSONL}. */
  public Path forgetFile() {
    return file(forget);
  }

  /** The file that {@link #retain} names; only for {@link Benchmark#JSONL}. */
  public Path retainFile() {
    return file(retain);
  }

  private Path file(String name) {
    return path.orElse(Path.of("")).resolve(name);
  }
}
