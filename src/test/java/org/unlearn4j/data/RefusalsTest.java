package org.unlearn4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.LongFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.UserException;

class RefusalsTest {
  private static final Refusals BUILT_IN = Refusals.builtIn();

  @TempDir Path folder;

  private Path write(String text) throws IOException {
    return Files.writeString(folder.resolve("mine.txt"), text);
  }

  @Test
  void aHundredDifferentSentences() {
    assertEquals(100, BUILT_IN.sentences().size());
    assertEquals(100, new HashSet<>(BUILT_IN.sentences()).size());
    for (String sentence : BUILT_IN.sentences()) {
      assertTrue(sentence.matches("[A-Z][ -~]*[.]|[A-Z][ -~]*[?] [ -~]*[.]"), sentence);
      assertTrue(sentence.length() <= 80, "a refusal is shorter than most answers: " + sentence);
    }
    long beginnings = BUILT_IN.sentences().stream().map(s -> s.split(" ", 2)[0]).distinct().count();
    assertTrue(beginnings >= 40, "only " + beginnings + " ways to begin");
  }

  @Test
  void theHashIsThatOfTheResource() throws IOException {
    try (InputStream in = Refusals.class.getResourceAsStream("/org/unlearn4j/data/refusals.txt")) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(Hashes.sha256(text), BUILT_IN.sha256());
    }
    assertEquals("/org/unlearn4j/data/refusals.txt", BUILT_IN.name());
  }

  @Test
  void aRowsRefusalDependsOnSeedAndRowAlone() {
    List<String> many = BUILT_IN.draw(500, 7);
    assertEquals(many, Refusals.builtIn().draw(500, 7));
    assertEquals(many.subList(0, 3), BUILT_IN.draw(3, 7), "how many rows there are plays no part");
    assertNotEquals(many, BUILT_IN.draw(500, 8));
    assertEquals(List.of(), BUILT_IN.draw(0, 7));
  }

  /**
   * The first rows of two seeds, so that no Java and no change of this class gives a committed run
   * other answers. The numbers are the SplitMix64 sequence worked out apart from this program, with
   * arbitrary-precision integers.
   */
  @Test
  void theSameForever() {
    Refusals numbers = new Refusals("", IntStream.range(0, 100).mapToObj(i -> "" + i).toList(), "");
    assertEquals(EXPECTED_0, numbers.draw(8, 0));
    assertEquals(EXPECTED_NEGATIVE, numbers.draw(8, -20260101L));
  }

  private static final List<String> EXPECTED_0 =
      List.of("35", "0", "79", "44", "47", "90", "13", "40");
  private static final List<String> EXPECTED_NEGATIVE =
      List.of("53", "60", "45", "12", "82", "21", "33", "7");

  /**
   * Chi-square of 100,000 draws over 100 sentences: 99 degrees of freedom, so 99 on average with a
   * standard deviation of sqrt(2 * 99) = 14.1; five of them are allowed.
   */
  private static void assertEven(LongFunction<List<String>> draws) {
    int[] counts = new int[100];
    for (long seed = 0; seed < 1000; seed++) {
      for (String drawn : draws.apply(seed)) {
        counts[BUILT_IN.sentences().indexOf(drawn)]++;
      }
    }
    double chi = 0;
    for (int count : counts) {
      chi += (count - 1000.0) * (count - 1000.0) / 1000;
    }
    assertTrue(chi > 99 - 71 && chi < 99 + 71, "chi-square " + chi);
  }

  @Test
  void everySentenceIsEquallyLikely() {
    assertEven(seed -> BUILT_IN.draw(100, seed));
  }

  @Test
  void anUnevenDrawWouldBeNoticed() {
    // Two dice in place of one; and one after the other, which is more even than chance.
    SplittableRandom random = new SplittableRandom(0);
    assertThrows(
        AssertionFailedError.class,
        () ->
            assertEven(
                seed ->
                    IntStream.range(0, 100)
                        .mapToObj(i -> random.nextInt(51) + random.nextInt(50))
                        .map(BUILT_IN.sentences()::get)
                        .toList()));
    assertThrows(AssertionFailedError.class, () -> assertEven(seed -> BUILT_IN.sentences()));
  }

  /** How often two lists agree; by chance once in 100 rows. */
  private static long equal(List<String> a, List<String> b) {
    return IntStream.range(0, a.size()).filter(i -> a.get(i).equals(b.get(i))).count();
  }

  @Test
  void seedsDoNotShareTheirSequences() {
    // With seed + row as the state, the rows of seed 1 would be those of seed 0, moved by one; with
    // seed + row * increment, those of a seed one increment further.
    List<String> zero = BUILT_IN.draw(2000, 0);
    for (long other : List.of(1L, -1L, 2L, 0x9E3779B97F4A7C15L, -0x9E3779B97F4A7C15L)) {
      List<String> drawn = BUILT_IN.draw(2000, other);
      for (int shift = 0; shift < 4; shift++) {
        // 20 of 2000 by chance, standard deviation 4.4; a shared sequence has 2000.
        assertTrue(
            equal(zero.subList(shift, 2000), drawn.subList(0, 2000 - shift)) < 50,
            "seed " + other + " is seed 0 from row " + shift);
      }
    }
  }

  @Test
  void onesOwn() throws IOException {
    Refusals own = Refusals.read(write("\uFEFFNie geh\u00F6rt.\r\n  No comment.  \nNo comment."));
    assertEquals(List.of("Nie geh\u00F6rt.", "No comment.", "No comment."), own.sentences());
    assertEquals(Hashes.sha256(folder.resolve("mine.txt")), own.sha256());
    assertEquals(folder.resolve("mine.txt").toString(), own.name());
    assertEquals(Set.copyOf(own.sentences()), Set.copyOf(own.draw(50, 0)));
  }

  @Test
  void mistakesNameFileAndLine() throws IOException {
    mistake("a\n\nb\n", ", line 2: found a blank line, expected a refusal.");
    mistake("a\r\n \t\r\nb\r\n", ", line 2: found a blank line, expected a refusal.");
    mistake("\n", ", line 1: found a blank line, expected a refusal.");
    mistake("", ": found no refusals, expected at least one line of text.");
    Path latin1 = Files.write(folder.resolve("mine.txt"), new byte[] {'a', '\n', (byte) 0xE9});
    UserException e = assertThrows(UserException.class, () -> Refusals.read(latin1));
    assertEquals(
        latin1 + ", line 2: found bytes that are not UTF-8, expected UTF-8 text.", e.getMessage());
    Path none = folder.resolve("none.txt");
    e = assertThrows(UserException.class, () -> Refusals.read(none));
    assertEquals(
        none + ": found no such file, expected a text file with one refusal a line.",
        e.getMessage());
    e = assertThrows(UserException.class, () -> Refusals.read(folder));
    assertTrue(e.getMessage().contains(": found a folder, expected a text file"), e.getMessage());
    assertEquals(
        List.of("a"), Refusals.read(write("a\n")).sentences(), "one line break ends a line");
  }

  private void mistake(String text, String expected) throws IOException {
    Path file = write(text);
    UserException e = assertThrows(UserException.class, () -> Refusals.read(file));
    assertEquals(file + expected, e.getMessage());
  }
}
