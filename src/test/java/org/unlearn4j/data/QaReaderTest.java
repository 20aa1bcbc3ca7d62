package org.unlearn4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;
import org.unlearn4j.data.QaReader.Demand;

class QaReaderTest {
  private static final String GOOD = "{\"question\": \"q\", \"answer\": \"a\"}";

  private static DataSource source(byte[] bytes) {
    return new DataSource("x.jsonl", () -> new ByteArrayInputStream(bytes));
  }

  private static DataSource source(String text) {
    return source(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String mistake(DataSource source, Demand demand) {
    UserException e = assertThrows(UserException.class, () -> QaReader.read(source, demand));
    assertTrue(e.getMessage().endsWith("."), e.getMessage());
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
    return e.getMessage();
  }

  @Test
  void allFields() {
    String row =
        "{\"paraphrased_answer\": \"pa\", \"extra\": [1], \"question\": \"q \\u00e9\", \"answer\": \"a\","
            + " \"paraphrased_question\": \"pq\", \"perturbed_answer\": [\"w1\", \"w2\"]}";
    QaExample expected =
        new QaExample(
            "q \u00e9",
            "a",
            Optional.of("pq"),
            Optional.of("pa"),
            List.of("w1", "w2"),
            "x.jsonl",
            1);
    assertEquals(List.of(expected), QaReader.read(source(row), new Demand(2, true)).examples());
    assertEquals("x.jsonl, line 1", expected.place());
  }

  @Test
  void linesAreCountedAsEditorsDo() {
    // Byte order mark, CRLF, an empty line, no line break at the end.
    List<QaExample> examples =
        QaReader.read(source("\uFEFF" + GOOD + "\r\n\r\n" + GOOD + "\n" + GOOD), Demand.NONE)
            .examples();
    assertEquals(List.of(1, 3, 4), examples.stream().map(QaExample::line).toList());
  }

  @Test
  void hashIsThatOfTheBytes() {
    // sha256sum of the 33 bytes of GOOD and a line break.
    assertEquals(
        "8bbd60c2e27c0ef03232c8a04c7b1d050ef3316e6ef3435a081d9d0d7cee81f6",
        QaReader.read(source(GOOD + "\n"), Demand.NONE).sha256());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '#',
      value = {
        "{\"question\": \"q\"                                     | found no field \"answer\"",
        "{\"answer\": \"a\"                                       | found no field \"question\"",
        "{\"question\": null, \"answer\": \"a\"                   | found no field \"question\"",
        "{\"question\": 3, \"answer\": \"a\"                      | found question that is a number, expected a string",
        "{\"question\": \" \", \"answer\": \"a\"                  | found an empty question",
        "{\"question\": \"q\", \"answer\": [\"a\"]                | found answer that is a list, expected a string",
        "{\"question\": \"q\", \"answer\": \"a\", \"answer\": \"b\" | found broken JSON at column",
        "{\"question\": \"q\", \"answer\": \"a\", \"perturbed_answer\": \"w\" | found perturbed_answer that is a string",
        "{\"question\": \"q\", \"answer\": \"a\", \"perturbed_answer\": [\"w\", 1] | found perturbed_answer[1] that is a number",
        "{\"question\": \"q\", \"answer\": \"a\", \"perturbed_answer\": [\"w\"] | found perturbed_answer of length 1, expected length 0",
        "{\"question\": \"q\", \"answer\": \"a\", \"paraphrased_answer\": \"w\" | found paraphrased_answer, which line 1 has not",
        "{\"question\": \"q\", \"answer\": \"a\\ud83d\"             | found answer with half of a surrogate pair",
        "{\"question\": \"q\" \"answer\"                          | found broken JSON at column"
      })
  void mistakesNameTheLine(String row, String expected) {
    String message = mistake(source(GOOD + "\n" + row + "}\n"), Demand.NONE);
    assertTrue(message.startsWith("x.jsonl, line 2: "), message);
    assertTrue(message.contains(expected), message);
  }

  @Test
  void wholeSurrogatePairsAreText() {
    String row = "{\"question\": \"q\", \"answer\": \"a\\ud83d\\ude00\"}";
    assertEquals(
        "a\uD83D\uDE00", QaReader.read(source(row), Demand.NONE).examples().get(0).answer());
  }

  @Test
  void notOneObjectALine() {
    assertTrue(
        mistake(source("[" + GOOD + "]"), Demand.NONE).contains("line 1: found a JSON list"));
    assertTrue(
        mistake(source(GOOD + " " + GOOD), Demand.NONE).contains("line 1: found broken JSON"));
    assertTrue(mistake(source("{\n" + GOOD), Demand.NONE).contains("line 1: found broken JSON"));
  }

  @Test
  void demands() {
    assertTrue(
        mistake(source(GOOD), new Demand(5, false)).contains("of length 0, expected length 5"));
    assertTrue(
        mistake(source(GOOD), new Demand(-1, true)).contains("no field \"paraphrased_answer\""));
  }

  @Test
  void nothingAtAll() {
    assertEquals(
        "x.jsonl: found no examples, expected at least one line with question and answer.",
        mistake(source(" \n\n"), Demand.NONE));
  }

  @Test
  void textThatIsNotUtf8() {
    byte[] latin1 = (GOOD + "\n{\"question\": \"\u00e9\"}").getBytes(StandardCharsets.ISO_8859_1);
    assertEquals(
        "x.jsonl, line 2: found bytes that are not UTF-8, expected UTF-8 text.",
        mistake(source(latin1), Demand.NONE));
  }

  @Test
  void anEndlessLineIsRefusedBeforeItFillsTheMemory() {
    DataSource endless =
        new DataSource(
            "x.jsonl",
            () ->
                new InputStream() {
                  @Override
                  public int read() {
                    return 'x';
                  }

                  @Override
                  public int read(byte[] into, int from, int length) {
                    Arrays.fill(into, from, from + length, (byte) 'x');
                    return length;
                  }
                });
    assertTrue(mistake(endless, Demand.NONE).contains("line 1: found a line of more than 16 MiB"));
  }

  @Test
  void aDiskThatFailsIsNotTheUsersFault(@TempDir Path folder) {
    DataSource failing =
        new DataSource(
            "x.jsonl",
            () -> {
              throw new IOException("gone");
            });
    assertThrows(MachineException.class, () -> QaReader.read(failing, Demand.NONE));
    UserException none =
        assertThrows(UserException.class, () -> DataSource.file(folder.resolve("no.jsonl")));
    assertTrue(none.getMessage().contains("found no such file"), none.getMessage());
    UserException dir = assertThrows(UserException.class, () -> DataSource.file(folder));
    assertTrue(dir.getMessage().contains("found a folder"), dir.getMessage());
  }
}
