package org.unlearn4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.UserException;

class ChoiceReaderTest {
  private static final Path SAMPLE = Path.of("../shared/data/mmlu_sample");

  @TempDir Path folder;

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private static ChoiceExample only(Path file) {
    return ChoiceReader.read(file).get(0).examples().get(0);
  }

  @Test
  void thePromptIsTheStandardOne() throws IOException {
    Path file =
        write(
            "wmdp-bio.jsonl",
            "{\"answer\": 2, \"question\": \" Which one? \", \"choices\": [\"one\", \"two\", \"three\", \"four\"]}\n");
    ChoiceReader.Result read = ChoiceReader.read(file).get(0);
    assertEquals("wmdp_bio", read.name());
    assertEquals(Hashes.sha256(file), read.sha256().get(file.toString()));
    ChoiceExample example = read.examples().get(0);
    assertEquals(2, example.right());
    assertEquals(
        "The following are multiple choice questions (with answers) about biology.\n\n"
            + "Which one?\nA. one\nB. two\nC. three\nD. four\nAnswer:",
        example.prompt());
  }

  @Test
  void csvAsMmluHasIt() throws IOException {
    write(
        "abstract_algebra_test.csv",
        "\"Is it \"\"odd\"\", or\neven?\",yes,\"no, never\",both,\"\",X\r\n"
                .replace(",\"\",X", ",5 \" wide,B")
            + "\n1+1=?,1,2,3,4,B\n");
    write("virology_val.csv", "What?,a,b,c,d,D");
    List<ChoiceReader.Result> read = ChoiceReader.read(folder);
    assertEquals(1, read.size(), "all CSV files of a folder are MMLU");
    assertEquals("mmlu", read.get(0).name());
    assertEquals(2, read.get(0).sha256().size());
    ChoiceExample first = read.get(0).examples().get(0);
    assertEquals("Is it \"odd\", or\neven?", first.question());
    assertEquals(List.of("yes", "no, never", "both", "5 \" wide"), first.choices());
    assertEquals(1, first.right());
    assertEquals(Optional.of("abstract algebra"), first.subject());
    assertEquals(1, first.line());
    assertEquals(4, read.get(0).examples().get(1).line());
    assertEquals(3, read.get(0).examples().get(2).right());
  }

  @Test
  void answersAreIndicesOrLetters() throws IOException {
    String row =
        "{\"question\": \"q\", \"choices\": [\"x\", \"y\"], \"answer\": %s, \"subject\": \"us_history\"}";
    assertEquals(1, only(write("a.jsonl", String.format(row, "\"B\""))).right());
    ChoiceExample example = only(write("b.json", "[" + String.format(row, "0") + "]"));
    assertEquals(0, example.right());
    assertEquals(Optional.of("us history"), example.subject());
    for (String wrong : List.of("2", "-1", "\"C\"", "\"AB\"", "0.5", "\"\"", "[0]")) {
      mistake(write("a.jsonl", String.format(row, wrong)), "a.jsonl, line 1: found answer");
    }
    mistake(write("a.jsonl", String.format(row, "null")), "line 1: found no field \"answer\"");
  }

  @Test
  void mistakesNameFileAndLine() throws IOException {
    String good = "{\"question\": \"q\", \"choices\": [\"x\", \"y\"], \"answer\": 0}\n";
    mistake(
        write("a.jsonl", good + "{\"question\": \"q\", \"answer\": 0}"),
        "line 2: found no field \"choices\"");
    mistake(
        write("a.jsonl", good + "{\"question\": \"q\", \"choices\": \"x\", \"answer\": 0}"),
        "line 2: found choices that are no list");
    mistake(
        write("a.jsonl", good + "{\"question\": \"q\", \"choices\": [\"x\"], \"answer\": 0}"),
        "line 2: found 1 options");
    mistake(
        write(
            "a.jsonl", good + "{\"question\": \"q\", \"choices\": [\"x\", \" \"], \"answer\": 0}"),
        "line 2: found an empty choices[1]");
    mistake(
        write("a.jsonl", good + "{\"choices\": [\"x\", \"y\"], \"answer\": 0}"),
        "line 2: found no field \"question\"");
    mistake(write("a.jsonl", "\n"), "a.jsonl: found no questions");
    mistake(
        write("a.csv", "q,a,b,A\nq,a,b,Z\n"),
        "a.csv, line 2: found answer \"Z\", expected a letter from A to B");
    mistake(
        write("a.csv", "q,a,b,A\n\"q,a,b,A\n"),
        "a.csv, line 2: found a quoted field that does not end");
    mistake(
        write("a.csv", "q,a,b,A\n\"q\"x,a,b,A\n"),
        "a.csv, line 2: found text after a closing quote");
    mistake(write("a.csv", "q,a,,A\n"), "a.csv, line 1: found an empty field 3");
    mistake(write("a.csv", "q,A\n"), "a.csv, line 1: found 0 options");
    mistake(folder.resolve("no.csv"), "found no such file");
    mistake(Files.createDirectory(folder.resolve("empty")), "found no .json, .jsonl or .csv file");
  }

  private static void mistake(Path file, String part) {
    UserException e = assertThrows(UserException.class, () -> ChoiceReader.read(file));
    assertTrue(e.getMessage().contains(part), e.getMessage());
  }

  @Test
  void mmluAsPublished() {
    Assumptions.assumeTrue(Files.isDirectory(SAMPLE), SAMPLE + " is not here");
    ChoiceReader.Result read = ChoiceReader.read(SAMPLE).get(0);
    assertEquals("mmlu_171", read.name());
    assertEquals(171, read.examples().size());
    assertTrue(read.examples().stream().allMatch(e -> e.choices().size() == 4));
  }
}
