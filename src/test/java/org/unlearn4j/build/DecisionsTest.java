package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Records of decisions: each has a status, and the index is made of their titles. */
class DecisionsTest {
  static final Path FOLDER = Path.of("docs/decisions");
  static final Path INDEX = FOLDER.resolve("README.md");

  private static final String BEGIN = "<!-- from the records -->\n";
  private static final String END = "<!-- from the records: end -->\n";
  private static final Pattern RECORD =
      Pattern.compile("(?m)^## (.+)\n\n\\*(In force|Superseded by)");

  private static List<Page> rooms() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.filter(f -> !f.equals(INDEX)).sorted().map(Page::read).toList();
    }
  }

  /** A heading for each page, with the packages that it is about, and a link for each record. */
  private static String index(List<Page> rooms) {
    StringBuilder index = new StringBuilder();
    for (Page room : rooms) {
      String name = room.file().getFileName().toString();
      String title = room.text().lines().findFirst().orElse("").replaceFirst("# Decisions: ", "");
      String about =
          Pattern.compile("`[^`]+`")
              .matcher(room.opening())
              .results()
              .map(MatchResult::group)
              .collect(Collectors.joining(", "));
      index
          .append("\n## [" + title.substring(0, 1).toUpperCase(Locale.ROOT) + title.substring(1))
          .append("](" + name + ")" + (about.isEmpty() ? "" : ": " + about) + "\n\n");
      RECORD
          .matcher(room.text())
          .results()
          .forEach(
              r ->
                  index
                      .append("- [" + r.group(1) + "](" + name + "#" + Page.slug(r.group(1)) + ")")
                      .append(r.group(2).equals("In force") ? "\n" : " (superseded)\n"));
    }
    return index + "\n";
  }

  @Test
  void everyRecordHasAStatus() throws IOException {
    for (Page room : rooms()) {
      long titles = room.text().lines().filter(l -> l.startsWith("## ")).count();
      long records = RECORD.matcher(room.text()).results().count();
      assertEquals(titles, records, room.file() + ": titles, and records with a status");
      assertTrue(records > 0, room.file() + " has none");
    }
  }

  @Test
  void theIndexIsMadeOfTheRecords() throws IOException {
    String text = Page.read(INDEX).text();
    int begin = text.indexOf(BEGIN);
    int end = text.indexOf(END);
    assertTrue(0 < begin && begin < end, INDEX + " has no place for the index");
    String due = text.substring(0, begin) + BEGIN + index(rooms()) + text.substring(end);
    if (!due.equals(text)) {
      Path ready = Files.writeString(Path.of("target/decisions.md"), due);
      fail(INDEX + " is not the index of the records: cp " + ready + " " + INDEX);
    }
  }

  @Test
  void whatHasNoStatusIsNoRecord() {
    Page room =
        new Page(
            FOLDER.resolve("x.md"),
            """
            # Decisions: doors

            This page answers why `door` is.

            ## A door

            *In force.* So.

            ## No status

            So.

            ## An old door

            *Superseded by* a door.
            """);
    assertEquals(
        """

        ## [Doors](x.md): `door`

        - [A door](x.md#a-door)
        - [An old door](x.md#an-old-door) (superseded)

        """,
        index(List.of(room)));
  }
}
