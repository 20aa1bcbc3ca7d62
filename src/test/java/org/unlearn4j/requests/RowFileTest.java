package org.unlearn4j.requests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is the same row in the rows of several requests. */
class RowFileTest {
  private static RowFile rows(String... lines) {
    byte[] bytes = String.join("\n", lines).getBytes(StandardCharsets.UTF_8);
    return RowFile.of(Path.of("rows.jsonl"), bytes);
  }

  /**
   * A reader takes a passage by its text and a conversation by its turns, so those stand once
   * whatever fields go along, and the later request is told where. Pairs are all read, and stand
   * twice.
   */
  @Test
  void whatSaysTheSameStandsOnce() {
    RowFile all =
        rows(
            "{\"text\": \"X\"}",
            "{\"messages\": [{\"role\": \"user\", \"content\": \"Y\"}]}",
            "{\"question\": \"Q\", \"answer\": \"A\"}");
    RowFile more =
        rows(
            "{\"document\": \"d1\", \"text\": \"X\"}",
            "{\"text\": \"Z\"}",
            "{\"messages\": [{\"role\": \"user\", \"content\": \"Y\"}], \"document\": \"d2\"}",
            "{\"question\": \"Q\", \"answer\": \"A\"}");
    assertEquals(List.of(1, 4, 2, 5), all.addOnce(more));
    assertEquals(5, all.size());
  }
}
