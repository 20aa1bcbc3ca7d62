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

/** How many of the passages about somebody are found, and how many others with them. */
class FoundPassagesTest {
  @TempDir Path temp;

  /** Counts over authors and seeds. */
  private static final class Tally {
    private int about;
    private int found;
    private int others;
    private int unsure;
    private final Map<Naming, int[]> byNaming = new EnumMap<>(Naming.class);

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

  private void measure(long seed, boolean odd, Tally tally) throws IOException {
    PersonCorpus written = PersonCorpus.write(temp.resolve("corpus-" + seed), seed, odd);
    Corpus corpus = Corpus.read(written.folder());
    try (TextIndex index = new TextIndex(corpus.entries())) {
      for (String author : written.asked()) {
        List<Verdict> verdicts =
            Finder.find(Person.of(author, List.of()), corpus, index);
        for (Entry entry : corpus.entries()) {
          Label label = written.labels().get(entry.text());
          Verdict verdict = verdicts.get(entry.id());
          boolean found = verdict.kind() == Verdict.Kind.ABOUT;
          tally.unsure += verdict.kind() == Verdict.Kind.UNSURE ? 1 : 0;
          if (label.author().equals(author)) {
            tally.about++;
            tally.found += found ? 1 : 0;
            int[] n = tally.byNaming.computeIfAbsent(label.naming(), k -> new int[2]);
            n[0] += found ? 1 : 0;
            n[1]++;
          } else if (found) {
            tally.others++;
          }
          if (Boolean.getBoolean("show") && found != label.author().equals(author)) {
            System.out.println(author + " | " + label + " | " + verdict + " | " + entry.text());
          }
        }
      }
    }
  }

  @Test
  void passagesOfAuthorsAreFoundAndFewOthers() throws IOException {
    Tally tally = new Tally();
    boolean tuning = Boolean.getBoolean("tuning");
    for (long seed : tuning ? new long[] {1, 2, 3} : new long[] {101, 102, 103}) {
      measure(seed, !tuning, tally);
    }
    System.out.println(tally);
    assertTrue(tally.recall() >= 0.95, tally.toString());
    assertTrue(tally.othersShare() <= 0.05, tally.toString());
  }
}
