package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A file that grows past these bounds has a second thing living in it. */
class SourceSizeTest {
  private static final Path MAIN = Path.of("src/main/java");
  private static final int FILE_LINES = 400;
  private static final int FAMILY_LINES = 150;

  @Test
  void noFileIsLong() throws IOException {
    assertEquals(List.of(), longer(MAIN, FILE_LINES, text -> true));
    assertEquals(List.of(), longer(Path.of("src/test/java"), FILE_LINES, text -> true));
  }

  @Test
  void aFamilyReadsLikeThePapersFigure() throws IOException {
    Predicate<String> family =
        text -> text.contains("Dialect DIALECT") || text.contains("implements Decoder");
    assertTrue(longer(MAIN, 0, family).size() >= 11, "eleven families and what they share");
    assertEquals(List.of(), longer(MAIN, FAMILY_LINES - 1, family));
  }

  /**
   * The files that {@code which} picks by their text and that have more than {@code lines} lines.
   */
  private static List<String> longer(Path sources, int lines, Predicate<String> which)
      throws IOException {
    List<String> found = new ArrayList<>();
    try (Stream<Path> walk = Files.walk(sources)) {
      walk.filter(p -> p.toString().endsWith(".java"))
          .sorted()
          .forEach(
              p -> {
                String text = read(p);
                long count = text.lines().count();
                if (count > lines && which.test(text)) {
                  found.add(p + ": " + count + " lines");
                }
              });
    }
    return found;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
