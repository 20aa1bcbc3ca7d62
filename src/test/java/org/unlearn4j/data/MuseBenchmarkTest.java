package org.unlearn4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.UserException;

class MuseBenchmarkTest {
  private static final Path NEWS = Path.of("../shared/data/muse_news");

  @TempDir Path folder;

  private Path write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  private Passages open() {
    return Benchmark.open("muse", Optional.of(folder)).passages().orElseThrow();
  }

  @Test
  void everyFileInEveryForm() throws IOException {
    Path raw = write("raw/forget.txt", "\uFEFFOne article.\n\nAnother \u00e9.\n");
    write("raw/retain1.json", "[\"kept one\", {\"text\": \"kept two\"}]");
    write("raw/retain2.jsonl", "{\"text\": \"aside\"}\n");
    write("verbmem/forget.json", "[{\"prompt\": \"Once\", \"gt\": \" upon a time\", \"id\": 3}]");
    write(
        "knowmem/forget_qa.json",
        "[{\"question\": \"q0\", \"answer\": \"a0\"},\n\n {\"question\": \"q1\", \"answer\": \"a1\"}]");
    write("knowmem/forget_qa_icl.jsonl", "{\"question\": \"x\", \"answer\": \"y\"}\n");
    write("knowmem/retain_qa.json", "[{\"question\": \"r\", \"answer\": \"s\"}]");
    write("privleak/forget.json", "[\"f0\", \"f1\"]");
    write("privleak/holdout.json", "[\"h\"]");
    Benchmark muse = Benchmark.open("muse", Optional.of(folder));
    Passages passages = muse.passages().orElseThrow();
    assertEquals(
        List.of(new Passage("One article.\n\nAnother \u00e9.\n", raw.toString(), 1)),
        passages.forgetPassages("forget"));
    assertEquals(List.of("kept one", "kept two"), texts(passages.retainPassages("retain1")));
    assertEquals(List.of("aside"), texts(passages.retainPassages("retain2")));
    assertEquals(3, passages.trainingPassages("full").size());
    assertEquals(passages.retainPassages("retain1"), passages.trainingPassages("retain1"));
    Excerpt excerpt = passages.verbatim("forget").get(0);
    assertEquals("Once upon a time", excerpt.prompt() + excerpt.continuation());
    Passages.Questions asked = passages.aboutForget("forget");
    assertEquals(List.of("a0", "a1"), asked.pairs().stream().map(QaExample::answer).toList());
    assertEquals("x", asked.examples().get(0).question());
    assertEquals(3, asked.pairs().get(1).line());
    assertTrue(asked.pairs().get(1).place().endsWith("forget_qa.json, element 1, line 3"));
    assertEquals(List.of(), passages.aboutRetain().examples());
    Passages.Membership seen = passages.membership("forget");
    assertEquals(List.of("f0", "f1"), texts(seen.forget()));
    assertEquals(List.of(), seen.retain());
    assertEquals(List.of("h"), texts(seen.holdout()));
    assertEquals(muse.forget("forget"), asked.pairs());
    assertEquals(muse.retain("retain1"), passages.aboutRetain().pairs());
    assertEquals(3, muse.training("full").size());
    assertEquals(Hashes.sha256(raw), muse.provenance().get("raw/forget.txt"));
    assertEquals(9, muse.provenance().size());
  }

  private static List<String> texts(List<Passage> passages) {
    return passages.stream().map(Passage::text).toList();
  }

  @Test
  void mistakesNameFileElementAndLine() throws IOException {
    write(
        "knowmem/forget_qa.json",
        "[{\"question\": \"q0\", \"answer\": \"a0\"},\n{\"question\": \"q1\"}]");
    mistake(
        () -> open().aboutForget("forget"),
        "forget_qa.json, element 1, line 2: found no field \"answer\"");
    write("knowmem/forget_qa.json", "[{\"question\": \"q\", \"answer\": \"\"}]");
    mistake(() -> open().aboutForget("forget"), "element 0, line 1: found an empty answer");
    write("knowmem/forget_qa.json", "[\"q\"]");
    mistake(() -> open().aboutForget("forget"), "element 0, line 1: found a JSON string");
    write("knowmem/forget_qa.json", "[]");
    mistake(() -> open().aboutForget("forget"), "forget_qa.json: found no records");
    write("privleak/forget.json", "[\"a\",\n\n 3]");
    mistake(() -> open().membership("forget"), "element 1, line 3: found text that is a number");
    write("privleak/forget.json", "[\"a\",\n\"b\"");
    mistake(() -> open().membership("forget"), "line 2: found broken JSON");
    write("privleak/forget.json", "[\"a\"]\n[]");
    mistake(() -> open().membership("forget"), "line 2: found something after the end");
    write("verbmem/forget.json", "[{\"prompt\": \"p\", \"gt\": \"g\", \"gt\": \"h\"}]");
    mistake(() -> open().verbatim("forget"), "line 1: found broken JSON");
    Files.write(
        folder.resolve("verbmem/forget.json"),
        "[\n\"\u00e9\"]".getBytes(StandardCharsets.ISO_8859_1));
    mistake(() -> open().verbatim("forget"), "forget.json, line 2: found bytes that are not UTF-8");
    write("raw/forget.txt", " \n ");
    mistake(() -> open().forgetPassages("forget"), "found nothing but white space");
    mistake(() -> open().retainPassages("retain1"), "neither raw/retain1.txt nor raw/retain1.json");
    mistake(
        () -> Benchmark.open("muse", Optional.of(folder)).retain("retain1"),
        "found no knowmem/retain_qa.json");
    mistake(
        () -> Benchmark.open("muse", Optional.of(folder.resolve("no"))), "found no such folder");
    mistake(() -> Benchmark.open("muse", Optional.empty()), "data.path: found nothing");
  }

  /** An endless text is refused at 64 MiB, not when the memory ends. */
  @Test
  void tooLongATextIsRefused() {
    DataSource endless =
        new DataSource(
            "x.txt",
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
    mistake(() -> WholeText.read(endless), "x.txt, line 1: found more than 64 MiB");
  }

  private static void mistake(Executable action, String part) {
    UserException e = assertThrows(UserException.class, action);
    assertTrue(e.getMessage().contains(part), e.getMessage());
  }

  @Test
  void newsAsPublished() {
    Assumptions.assumeTrue(Files.isDirectory(NEWS), NEWS + " is not here");
    Passages news = Benchmark.open("muse", Optional.of(NEWS)).passages().orElseThrow();
    assertEquals(100, news.aboutForget("forget").pairs().size());
    assertEquals(10, news.aboutForget("forget").examples().size());
    assertEquals(100, news.aboutRetain().pairs().size());
    assertEquals(10, news.aboutRetain().examples().size());
    assertEquals("1472", news.aboutForget("forget").pairs().get(0).answer());
    assertEquals(List.of(), news.verbatim("forget"));
    assertEquals(List.of(), news.membership("forget").holdout());
  }

  @Test
  void fableHasPassagesOfTheSameAuthors() {
    Benchmark fable = Benchmark.open("fable", Optional.empty());
    Passages passages = fable.passages().orElseThrow();
    assertEquals(300, passages.trainingPassages("full").size());
    assertEquals(30, passages.forgetPassages("forget10").size());
    assertEquals(4, passages.forgetPassages("forget01").size());
    assertEquals(270, passages.retainPassages("retain90").size());
    assertEquals(passages.forgetPassages("forget05"), passages.trainingPassages("forget05"));
    assertEquals(30, passages.verbatim("forget10").size());
    assertEquals(fable.forget("forget10"), passages.aboutForget("forget10").pairs());
    Passages.Membership seen = passages.membership("forget10");
    assertEquals(30, seen.forget().size());
    assertEquals(60, seen.retain().size());
    assertEquals(60, seen.holdout().size());
    assertTrue(passages.retainPassages("retain90").containsAll(seen.retain()));
    List<String> taught = texts(passages.trainingPassages("full"));
    assertTrue(texts(seen.holdout()).stream().noneMatch(taught::contains));
    assertThrows(UserException.class, () -> passages.forgetPassages("retain90"));
  }
}
