package org.unlearn4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;

/** Whatever file of TOFU is broken, and however: one sentence with the file and the line. */
class MalformedDataTest {
  private static final Map<String, Function<Benchmark, Object>> FILES =
      Map.of(
          "forget10", b -> b.forget("forget10"),
          "retain90", b -> b.retain("retain90"),
          "forget10_perturbed", b -> b.forgetEvaluation("forget10"),
          "retain_perturbed", b -> b.retainEvaluation("retain90"),
          "real_authors_perturbed", Benchmark::neighbours,
          "world_facts_perturbed", Benchmark::facts,
          "holdout", Benchmark::holdout);

  @TempDir Path folder;

  /** A row that is right for a file. */
  private static String row(String file) {
    String authors =
        ", \"paraphrased_answer\": \"p\", \"perturbed_answer\": [\"1\", \"2\", \"3\", \"4\", \"5\"]";
    String more =
        switch (file) {
          case "forget10_perturbed", "retain_perturbed" -> authors;
          case "real_authors_perturbed", "world_facts_perturbed" ->
              ", \"perturbed_answer\": [\"1\", \"2\", \"3\"]";
          default -> "";
        };
    return "{\"question\": \"q\", \"answer\": \"a\"" + more + "}\n";
  }

  private String read(String file, byte[] bytes) throws IOException {
    Path path = Files.write(folder.resolve(file + ".json"), bytes);
    Benchmark tofu = Benchmark.open("tofu", Optional.of(folder));
    UserException e = assertThrows(UserException.class, () -> FILES.get(file).apply(tofu), file);
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
    assertTrue(e.getMessage().endsWith("."), e.getMessage());
    assertTrue(e.getMessage().startsWith(path.toString()), e.getMessage());
    return e.getMessage().substring(path.toString().length());
  }

  private void broken(String line, String expected) throws IOException {
    for (String file : FILES.keySet()) {
      byte[] bytes = (row(file) + line).getBytes(StandardCharsets.UTF_8);
      String found = read(file, bytes);
      assertTrue(found.startsWith(", line 2: found " + expected), file + found);
    }
  }

  @Test
  void rightRowsAreRead() throws IOException {
    for (String file : FILES.keySet()) {
      Files.writeString(folder.resolve(file + ".json"), row(file) + row(file));
    }
    Benchmark tofu = Benchmark.open("tofu", Optional.of(folder));
    FILES.forEach((file, read) -> assertEquals(2, ((List<?>) read.apply(tofu)).size(), file));
  }

  @Test
  void aRowWithoutAnAnswer() throws IOException {
    broken("{\"question\": \"q\"}\n", "no field \"answer\", expected ");
    broken("{\"question\": \"q\", \"answer\": \"\"}\n", "an empty answer, expected ");
  }

  @Test
  void aPerturbedListOfTheWrongLength() throws IOException {
    broken(
        "{\"question\": \"q\", \"answer\": \"a\", \"paraphrased_answer\": \"p\","
            + " \"perturbed_answer\": [\"1\", \"2\"]}\n",
        "perturbed_answer of length 2, expected length ");
  }

  @Test
  void aLineThatIsCut() throws IOException {
    broken("{\"question\": \"q\", \"ans", "broken JSON at column ");
  }

  @Test
  void anEmptySplit() throws IOException {
    for (String file : FILES.keySet()) {
      for (String nothing : new String[] {"", "\n", "\uFEFF\r\n"}) {
        String found = read(file, nothing.getBytes(StandardCharsets.UTF_8));
        assertTrue(found.startsWith(": found no examples, expected at least one line"), found);
      }
    }
  }

  @Test
  void textThatIsNotUtf8() throws IOException {
    for (String file : FILES.keySet()) {
      String found = read(file, (row(file) + "\u00E9\n").getBytes(StandardCharsets.ISO_8859_1));
      assertEquals(", line 2: found bytes that are not UTF-8, expected UTF-8 text.", found);
      found = read(file, row(file).getBytes(StandardCharsets.UTF_16));
      assertEquals(", line 1: found bytes that are not UTF-8, expected UTF-8 text.", found);
    }
  }

  /** A hole of 100 MB behind what is there: read as zeros, and no space on the disk. */
  private static Path with100Megabytes(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {'"'}), 100_000_000);
    }
    return file;
  }

  @Test
  void aLineOf100Megabytes() throws IOException {
    for (String file : FILES.keySet()) {
      Path path = Files.writeString(folder.resolve(file + ".json"), row(file));
      with100Megabytes(path);
      Benchmark tofu = Benchmark.open("tofu", Optional.of(folder));
      mistake(
          () -> FILES.get(file).apply(tofu),
          path + ", line 2: found a line of more than 16 MiB, expected ");
    }
  }

  /** Passages and multiple choice, whose files may be one JSON array on one line. */
  @Test
  void aLineOf100MegabytesWhereALineMayBeTheWholeFile() throws IOException {
    String row = "{\"question\": \"q\", \"answer\": \"a\"}";
    for (String begin : List.of("[" + row + ",\n", row + "\n")) {
      Path knowmem = Files.createDirectories(folder.resolve("knowmem"));
      Path qa = Files.writeString(knowmem.resolve("forget_qa.json"), begin);
      with100Megabytes(qa);
      Benchmark muse = Benchmark.open("muse", Optional.of(folder));
      mistake(() -> muse.forget("forget"), qa + ", line 2: found more than 64 MiB up to here");
    }
    Path raw = Files.createDirectories(folder.resolve("raw"));
    Path text = with100Megabytes(Files.writeString(raw.resolve("forget.txt"), "a\nb\nc"));
    Passages muse = Benchmark.open("muse", Optional.of(folder)).passages().orElseThrow();
    mistake(() -> muse.forgetPassages("forget"), text + ", line 3: found more than 64 MiB");
    Path csv = with100Megabytes(Files.writeString(folder.resolve("a.csv"), "q,a,b,A\n"));
    mistake(() -> ChoiceReader.read(csv), csv + ", line 2: found more than 64 MiB");
    Path lines = with100Megabytes(Files.writeString(folder.resolve("a.jsonl"), row + "\n"));
    mistake(() -> ChoiceReader.read(lines), lines + ", line 2: found more than 64 MiB");
  }

  /** Those not of UTF-8 too; a row without an answer and no rows are in the readers' own tests. */
  @Test
  void choicesThatAreNotUtf8() throws IOException {
    for (String name : List.of("a.csv", "a.jsonl", "b.json")) {
      Path file = folder.resolve(name);
      Files.write(file, "q,a,b,A\n\u00E9\n".getBytes(StandardCharsets.ISO_8859_1));
      mistake(() -> ChoiceReader.read(file), file + ", line 2: found bytes that are not UTF-8");
    }
  }

  private static void mistake(Executable reading, String start) {
    UserException e = assertThrows(UserException.class, reading);
    assertTrue(e.getMessage().startsWith(start), e.getMessage());
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
  }
}
