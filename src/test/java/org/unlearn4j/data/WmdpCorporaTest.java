package org.unlearn4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
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

/**
 * Made-up rows in the layout of WMDP's corpora: {@code bio-retain-corpus}, {@code
 * cyber-forget-corpus} and {@code cyber-retain-corpus} have the field {@code text}, {@code
 * bio-forget-corpus} has {@code title}, {@code abstract} and {@code text}; each is JSON Lines, or,
 * on Hugging Face, a folder of Parquet files.
 */
class WmdpCorporaTest {
  @TempDir Path folder;

  private void corpus(String name, String... lines) throws IOException {
    Files.writeString(folder.resolve(name + ".jsonl"), String.join("\n", lines) + "\n");
  }

  private static List<String> texts(Benchmark benchmark, String split) {
    return benchmark.rows(split).orElseThrow().all().stream()
        .map(row -> ((Passage) row).text())
        .toList();
  }

  @Test
  void theFieldTextOfEachCorpusIsAPassage() throws IOException {
    corpus(
        "bio-forget-corpus",
        "{\"title\": \"On mills\", \"abstract\": \"We look at mills.\", \"text\": \"Mills turn.\\n"
            + "They do.\"}",
        "{\"title\": \"On tides\", \"abstract\": null, \"text\": \"Tides come and go.\"}");
    corpus("bio-retain-corpus", "{\"text\": \"Rivers bend.\"}", "{\"text\": \"Rivers bend.\"}");
    corpus("cyber-forget-corpus", "{\"text\": \"def f():\\n  return 1\"}");
    corpus("cyber-retain-corpus", "{\"text\": \"# A page about loops\"}");
    Benchmark benchmark = Benchmark.open("jsonl", Optional.of(folder));
    assertEquals(
        List.of("Mills turn.\nThey do.", "Tides come and go."),
        texts(benchmark, "bio-forget-corpus"));
    assertEquals(List.of("Rivers bend."), texts(benchmark, "bio-retain-corpus.jsonl"));
    assertEquals(1, benchmark.rows("bio-retain-corpus").orElseThrow().duplicates());
    assertEquals(List.of("def f():\n  return 1"), texts(benchmark, "cyber-forget-corpus"));
    assertEquals(List.of("# A page about loops"), texts(benchmark, "cyber-retain-corpus"));
  }

  @Test
  void aRowWithoutTextAndParquetAreMistakes() throws IOException {
    corpus("bio-forget-corpus", "{\"title\": \"On mills\", \"abstract\": \"We look at mills.\"}");
    Path published = Files.createDirectory(folder.resolve("cyber-forget-corpus"));
    Files.writeString(published.resolve("train-00000-of-00001.parquet"), "PAR1");
    Benchmark benchmark = Benchmark.open("jsonl", Optional.of(folder));
    UserException none =
        assertThrows(UserException.class, () -> benchmark.rows("bio-forget-corpus"));
    assertTrue(none.getMessage().contains("bio-forget-corpus.jsonl, line 1"), none.getMessage());
    UserException parquet =
        assertThrows(UserException.class, () -> benchmark.rows("cyber-forget-corpus"));
    assertTrue(parquet.getMessage().contains("pandas writes JSON Lines"), parquet.getMessage());
  }
}
