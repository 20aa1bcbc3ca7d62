package org.unlearn4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;

/** One's own rows: pairs, passages and conversations, in files of several forms. */
class RowReaderTest {
  @TempDir Path folder;

  private List<DataRow> rows(String split) {
    return Benchmark.open("jsonl", Optional.of(folder)).rows(split).orElseThrow().all();
  }

  private Path write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  private String complaint(String split) {
    return assertThrows(UserException.class, () -> rows(split)).getMessage();
  }

  @Test
  void threeKindsInOneFileStayInOrder() throws IOException {
    write(
        "mixed.jsonl",
        """
        {"text": "One day it rained.", "doi": "10/1"}
        {"question": "Who?", "answer": "Ann.", "text": "passed over"}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}
        """);
    List<DataRow> rows = rows("mixed");
    assertEquals(3, rows.size());
    assertEquals("One day it rained.", assertInstanceOf(Passage.class, rows.get(0)).text());
    assertEquals("Ann.", assertInstanceOf(QaExample.class, rows.get(1)).answer());
    assertEquals("Hi\nHo", assertInstanceOf(Conversation.class, rows.get(2)).text());
    // What asks for pairs gets the pair alone.
    assertEquals(1, Benchmark.open("jsonl", Optional.of(folder)).forget("mixed").size());
  }

  @Test
  void exactDuplicatesOfTextsAreLeftOutPairsAreNot() throws IOException {
    String text = "{\"text\": \"Twice.\"}\n";
    String pair = "{\"question\": \"Q\", \"answer\": \"A\"}\n";
    write("twice.jsonl", text + pair + text + pair + "{\"text\": \"Twice!\"}\n");
    Benchmark.Rows rows = Benchmark.open("jsonl", Optional.of(folder)).rows("twice").orElseThrow();
    assertEquals(4, rows.all().size());
    assertEquals(1, rows.duplicates());
  }

  @Test
  void aFolderHoldsTextMarkdownAndCsv() throws IOException {
    write("corpus/a.txt", "First text.");
    write("corpus/deep/b.md", "# Second\n");
    write("corpus/c.csv", "id,text\n1,\"Third, quoted\"\n2,Fourth\n");
    write("corpus/.hidden.txt", "not read");
    write("corpus/picture.png", "not read");
    Benchmark benchmark = Benchmark.open("jsonl", Optional.of(folder));
    List<DataRow> rows = benchmark.rows("corpus").orElseThrow().all();
    assertEquals(
        List.of("First text.", "Third, quoted", "Fourth", "# Second\n"),
        rows.stream().map(r -> ((Passage) r).text()).toList());
    String before = benchmark.provenance().get("corpus/");
    write("corpus/z.txt", "A fifth one makes the folder another.");
    Benchmark again = Benchmark.open("jsonl", Optional.of(folder));
    again.rows("corpus");
    assertTrue(!before.equals(again.provenance().get("corpus/")));
  }

  @Test
  void csvMayHoldPairs() throws IOException {
    write("pairs.csv", "answer,question\nAnn.,Who?\n");
    assertEquals("Who?", ((QaExample) rows("pairs").get(0)).question());
  }

  @Test
  void mistakesAreNamedWithTheirPlace() throws IOException {
    write("table.parquet", "PAR1");
    assertTrue(complaint("table").contains("a Parquet file"), complaint("table"));
    assertTrue(complaint("table").contains("lines=True"));
    write("columns.csv", "a,b\n1,2\n");
    assertTrue(complaint("columns").contains("line 1: found the columns [a, b]"));
    write("short.csv", "question,answer\nonly\n");
    assertTrue(complaint("short").contains("line 2: found 1 fields"), complaint("short"));
    write("role.jsonl", "\n{\"messages\": [{\"content\": \"Hi\"}]}\n");
    assertTrue(complaint("role").contains("line 2: found messages[0].role"), complaint("role"));
    write("none.jsonl", "{\"messages\": []}\n");
    assertTrue(complaint("none").contains("no messages"), complaint("none"));
    Files.createDirectories(folder.resolve("empty"));
    assertTrue(complaint("empty").contains("a folder without rows"), complaint("empty"));
  }
}
