package org.unlearn4j.init;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;
import org.unlearn4j.data.RowFiles;

/**
 * Which files of a folder are to be forgotten and kept, by their names.
 *
 * @param folder that holds both
 * @param forget a file or folder in it
 * @param retain another
 */
record DataFiles(Path folder, String forget, String retain) {
  private static final String FORGET = "forget";
  private static final String RETAIN = "retain";

  /** A file's name ends so whose rows are set apart for being measured. */
  private static final String JUDGED = "_perturbed";

  /** What a user says of where the rows are. */
  record Named(Path data, Optional<String> forget, Optional<String> retain) {}

  /**
   * Finds both, or says what is missing.
   *
   * @param named a folder, or the file to forget, beside which the file to keep lies
   */
  static Optional<DataFiles> find(Named named, Problems problems) {
    Path data = named.data;
    if (!Files.exists(data)) {
      problems.add(
          UserException.at(
                  data, "", "nothing there", "a folder with rows to forget and rows to keep")
              .getMessage());
      return Optional.empty();
    }
    boolean file = !Files.isDirectory(data);
    Path folder = file ? Optional.ofNullable(data.getParent()).orElse(Path.of(".")) : data;
    Optional<String> first = file ? Optional.of(String.valueOf(data.getFileName())) : named.forget;
    if (Files.isDirectory(folder.resolve("raw")) && first.isEmpty()) {
      problems.add(
          UserException.at(
                  folder,
                  "",
                  "the folder raw of MUSE",
                  "rows of one's own (benchmark: muse reads this folder,"
                      + " docs/how-to/forget-a-document.md)")
              .getMessage());
      return Optional.empty();
    }
    Optional<String> forget = side(folder, FORGET, first, problems);
    Optional<String> retain = side(folder, RETAIN, named.retain, problems);
    return forget.isPresent() && retain.isPresent()
        ? Optional.of(new DataFiles(folder, forget.get(), retain.get()))
        : Optional.empty();
  }

  private static Optional<String> side(
      Path folder, String word, Optional<String> given, Problems problems) {
    if (given.isPresent()) {
      boolean there =
          Files.exists(folder.resolve(given.get()))
              || RowFiles.ENDINGS.stream()
                  .anyMatch(e -> Files.isRegularFile(folder.resolve(given.get() + e)));
      if (!there) {
        problems.add(
            UserException.at(folder, "", "no " + given.get(), "the file of --" + word)
                .getMessage());
      }
      return given.filter(g -> there);
    }
    List<String> all = names(folder);
    List<String> exact =
        all.stream().filter(n -> RowFiles.withoutEnding(n).equalsIgnoreCase(word)).toList();
    List<String> like = exact.isEmpty() ? all.stream().filter(n -> has(n, word)).toList() : exact;
    if (like.size() == 1) {
      return Optional.of(like.get(0));
    }
    problems.add(
        UserException.at(
                folder,
                "",
                like.isEmpty()
                    ? "no rows to " + word + " among " + (all.isEmpty() ? "no files" : all)
                    : String.join(" and ", like),
                (like.isEmpty() ? "a " : "one ")
                    + "file or folder with "
                    + word
                    + " in its name, or --"
                    + word
                    + " NAME, "
                    + (word.equals(FORGET)
                        ? "with what the model is to forget"
                        : "with rows like those to forget that it is to keep"))
            .getMessage());
    return Optional.empty();
  }

  /** Files and folders that may hold rows, in the order of their names. */
  private static List<String> names(Path folder) {
    try (Stream<Path> list = Files.list(folder)) {
      return list.filter(p -> Files.isDirectory(p) || RowFiles.isRows(p.getFileName().toString()))
          .map(p -> p.getFileName().toString())
          .filter(n -> !n.startsWith(".") && !RowFiles.withoutEnding(n).endsWith(JUDGED))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new MachineException(folder + ": could not be read (" + e.getMessage() + ").", e);
    }
  }

  /** Whether a name has a word of its own: {@code bio-forget-corpus} and {@code forget10} have. */
  private static boolean has(String name, String word) {
    return Arrays.asList(name.toLowerCase(Locale.ROOT).split("[^a-z]+", -1)).contains(word);
  }
}
