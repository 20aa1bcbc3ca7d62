package org.unlearn4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.UserException;

class AlternatesTest {
  @TempDir Path folder;

  private Path write(String text) throws IOException {
    return Files.writeString(folder.resolve("others.jsonl"), text);
  }

  private static QaExample asked(String question) {
    return QaExample.of(question, "the right one", "forget.jsonl", 7);
  }

  private static String row(String question, String answer) {
    return "{\"question\": \"" + question + "\", \"answer\": \"" + answer + "\"}\n";
  }

  @Test
  void answersAreFoundByTheirQuestion() throws IOException {
    Path file = write(row("B", "b") + row("A", "a1") + row("A", "a2") + row("C", "unused"));
    Alternates read = Alternates.read(file);
    assertEquals(List.of("a1", "a2"), read.answers().get("A"), "in their order");
    assertEquals(Hashes.sha256(file), read.sha256());
    List<QaExample> rows = List.of(asked("A"), asked("B"), asked("A"));
    List<String> drawn = read.draw(rows, 3);
    assertEquals("b", drawn.get(1));
    assertEquals(drawn, read.draw(rows, 3));
    assertEquals(drawn.subList(0, 1), read.draw(rows.subList(0, 1), 3), "by row and seed alone");
    List<QaExample> many = Collections.nCopies(64, asked("A"));
    assertEquals(Set.of("a1", "a2"), Set.copyOf(read.draw(many, 0)));
    assertTrue(!read.draw(many, 0).equals(read.draw(many, 1)), "the seed decides");
  }

  @Test
  void mistakesNameFileAndRow() throws IOException {
    Path file = write(row("A", "a"));
    assertEquals(
        file
            + ": found no answer to the question of forget.jsonl, line 7, expected one for each row"
            + " to forget.",
        assertThrows(UserException.class, () -> Alternates.read(file).draw(List.of(asked("B")), 0))
            .getMessage());
    write("{\"question\": \"A\"}\n");
    assertEquals(
        file + ", line 1: found no field \"answer\", expected a string there.",
        assertThrows(UserException.class, () -> Alternates.read(file)).getMessage());
    Path none = folder.resolve("none.jsonl");
    assertEquals(
        none
            + ": found no such file, expected other answers to what is forgotten (see unlearn4j"
            + " alternates).",
        assertThrows(UserException.class, () -> Alternates.read(none)).getMessage());
  }
}
