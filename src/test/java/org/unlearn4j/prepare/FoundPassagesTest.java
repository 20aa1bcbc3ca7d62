package org.unlearn4j.prepare;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.data.fable.PersonCorpus;
import org.unlearn4j.data.fable.PersonCorpus.Label;
import org.unlearn4j.data.fable.PersonCorpus.Naming;

/**
 * How many of the passages about somebody are found, and how many others with them: 18 authors of
 * three corpora. {@code -Dtuning=true} measures other names and seeds, by which the settings were
 * chosen; {@code -Dshow=true} prints each mistake.
 */
class FoundPassagesTest {
  private static final double RECALL = 0.95;
  private static final double OTHERS = 0.05;

  @TempDir Path temp;

  /** Counts over authors and seeds. */
  private static final class Tally {
    private int about;
    private int found;
    private int others;
    private int unsure;
    private final Map<Naming, int[]> byNaming = new EnumMap<>(Naming.class);

    void add(Label label, String author, Verdict.Kind kind) {
      boolean is = kind == Verdict.Kind.ABOUT;
      unsure += kind == Verdict.Kind.UNSURE ? 1 : 0;
      if (label.author().equals(author)) {
        about++;
        found += is ? 1 : 0;
        int[] n = byNaming.computeIfAbsent(label.naming(), k -> new int[2]);
        n[0] += is ? 1 : 0;
        n[1]++;
      } else if (is) {
        others++;
      }
    }

    double recall() {
      return (double) found / about;
    }

    double othersShare() {
      return (double) others / (found + others);
    }

    @Override
    public String toString() {
      StringBuilder text = new StringBuilder();
      text.append(about + " about, found " + found + ", others " + others + ", unsure " + unsure);
      byNaming.forEach((naming, n) -> text.append("; " + naming + " " + n[0] + "/" + n[1]));
      return text.toString();
    }
  }

  /**
   * Adds what is found of each author of a corpus.
   *
   * @param letters gets what the surname's letters would find
   */
  private void measure(long seed, boolean odd, Tally tally, Tally letters) throws IOException {
    PersonCorpus written = PersonCorpus.write(temp.resolve("corpus-" + seed), seed, odd);
    Corpus corpus = Corpus.read(written.folder(), Preparation.PASSAGE);
    try (TextIndex index = new TextIndex(corpus.entries())) {
      for (String author : written.asked()) {
        List<Verdict> verdicts = Finder.find(Person.of(author, List.of()), corpus, index);
        for (Entry entry : corpus.entries()) {
          Label label = written.labels().get(entry.text());
          Verdict verdict = verdicts.get(entry.id());
          tally.add(label, author, verdict.kind());
          boolean spelt = entry.text().contains(author.split(" ", 2)[1]);
          letters.add(label, author, spelt ? Verdict.Kind.ABOUT : Verdict.Kind.NONE);
          boolean right = label.author().equals(author) == (verdict.kind() == Verdict.Kind.ABOUT);
          if (Boolean.getBoolean("show") && !right) {
            System.out.println(author + " | " + label + " | " + verdict + " | " + entry.text());
          }
        }
      }
    }
  }

  @Test
  void passagesOfAuthorsAreFoundAndFewOthers() throws IOException {
    Tally tally = new Tally();
    Tally letters = new Tally();
    boolean tuning = Boolean.getBoolean("tuning");
    for (long seed : tuning ? new long[] {1, 2, 3} : new long[] {101, 102, 103}) {
      measure(seed, !tuning, tally, letters);
    }
    if (Boolean.getBoolean("show")) {
      System.out.println(tally);
      System.out.println("by letters: " + letters);
    }
    assertTrue(tally.about > 250, tally.toString()); // 18 authors with some 16 passages each
    assertTrue(tally.recall() >= RECALL, tally.toString());
    assertTrue(tally.othersShare() <= OTHERS, tally.toString());
    // It can fail: a search for the surname misses pronouns and slips, and finds namesakes.
    assertTrue(letters.recall() < RECALL, letters.toString());
    assertTrue(letters.othersShare() > OTHERS, letters.toString());
  }
}
