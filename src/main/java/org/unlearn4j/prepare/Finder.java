package org.unlearn4j.prepare;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds the passages of a corpus that speak of a person: text by text, then by content where a text
 * does not say whose name a part of a name is, then near duplicates of what was found.
 */
final class Finder {
  /** A passage is near the person where it is so many times nearer than to anybody else. */
  private static final double CLEARLY = 1.25;

  /** Near duplicates have so many of their runs of three words in common (Jaccard). */
  static final double ALIKE = 0.6;

  /** MinHash is an estimate: what has less than this of its values is not compared. */
  private static final double ESTIMATE = 0.3;

  private final Person person;
  private final Corpus corpus;
  private final TextIndex index;
  private final Spellings spellings;
  private final Verdict[] verdicts;

  private Finder(Person person, Corpus corpus, TextIndex index) {
    this.person = person;
    this.corpus = corpus;
    this.index = index;
    this.spellings = Spellings.of(person, corpus, index);
    this.verdicts = new Verdict[corpus.entries().size()];
    Arrays.fill(verdicts, Verdict.NONE);
  }

  /** A verdict for each passage, in the order of the corpus. */
  static List<Verdict> find(Person person, Corpus corpus, TextIndex index) {
    Finder finder = new Finder(person, corpus, index);
    finder.read();
    finder.byContent();
    finder.alike();
    return List.of(finder.verdicts);
  }

  /** Texts that hold any word by which the person may be named. */
  private void read() {
    Set<String> words = names();
    Set<String> documents = new HashSet<>();
    index.holding(words).forEach(id -> documents.add(corpus.entries().get(id).document()));
    Mentions mentions = new Mentions(person, spellings);
    for (Map.Entry<String, List<Entry>> document : corpus.documents().entrySet()) {
      if (documents.contains(document.getKey())) {
        List<Verdict> read = DocumentReader.read(document.getValue(), person, words, mentions);
        for (int i = 0; i < read.size(); i++) {
          verdicts[document.getValue().get(i).id()] = read.get(i);
        }
      }
    }
  }

  /** Every word by which the person may be named. */
  private Set<String> names() {
    Set<String> names = new TreeSet<>(spellings.all());
    names.addAll(person.all());
    return names;
  }

  private Set<Integer> of(Verdict.Kind kind) {
    Set<Integer> ids = new TreeSet<>();
    for (int i = 0; i < verdicts.length; i++) {
      if (verdicts[i].kind() == kind) {
        ids.add(i);
      }
    }
    return ids;
  }

  /** Decides about parts of names: the person's, if nobody else of that name is known or nearer. */
  private void byContent() {
    Set<Integer> known = of(Verdict.Kind.ABOUT);
    Set<Integer> others = of(Verdict.Kind.NAMESAKE);
    for (int id : of(Verdict.Kind.OPEN)) {
      verdicts[id] = judged(corpus.entries().get(id), verdicts[id], known, others, names());
    }
  }

  private Verdict judged(
      Entry entry, Verdict open, Set<Integer> known, Set<Integer> others, Set<String> names) {
    double mine = nearest(entry, known, names);
    double theirs = nearest(entry, others, names);
    boolean surname = open.why().equals(Mention.Kind.SURNAME.words());
    boolean alone = surname && others.isEmpty();
    if (alone && !known.isEmpty() && person.surnames().stream().noneMatch(spellings::common)) {
      return new Verdict(
          Verdict.Kind.ABOUT, open.score(), open.why() + ", which nobody else of the corpus has");
    }
    String measured =
        String.format(
            Locale.ROOT,
            "%s; nearness to passages of the person %.1f, of namesakes %.1f",
            open.why(),
            mine,
            theirs);
    if (mine > CLEARLY * theirs) {
      double score = open.score() * mine / (mine + theirs);
      return new Verdict(Verdict.Kind.ABOUT, score, measured);
    }
    boolean not = theirs > CLEARLY * mine;
    return new Verdict(
        not ? Verdict.Kind.NAMESAKE : Verdict.Kind.UNSURE, not ? 0.1 : 0.5, measured);
  }

  private double nearest(Entry entry, Set<Integer> among, Set<String> without) {
    List<TextIndex.Hit> hits = index.nearest(entry, among, without, 1);
    return hits.isEmpty() ? 0 : hits.get(0).score();
  }

  /** What says nearly the same as a passage that was found goes with it. */
  private void alike() {
    for (int id : of(Verdict.Kind.ABOUT)) {
      Entry found = corpus.entries().get(id);
      for (int other : index.alike(found, ESTIMATE)) {
        Verdict verdict = verdicts[other];
        if (verdict.kind() == Verdict.Kind.ABOUT) {
          continue;
        }
        double shared = ShingleHashes.shared(found.words(), corpus.entries().get(other).words());
        if (shared >= ALIKE && shared > verdict.score()) {
          boolean namesake = verdict.kind() == Verdict.Kind.NAMESAKE;
          String why =
              String.format(
                  Locale.ROOT,
                  "near duplicate of passage %d (%.2f of their runs of words in common)%s",
                  id,
                  shared,
                  namesake ? ", but " + verdict.why() : "");
          verdicts[other] =
              new Verdict(
                  namesake ? Verdict.Kind.UNSURE : Verdict.Kind.ABOUT,
                  namesake ? Math.min(0.5, shared) : shared,
                  why);
        }
      }
    }
  }

  /** The passages of a kind. */
  static List<Integer> ids(List<Verdict> verdicts, Verdict.Kind kind) {
    List<Integer> ids = new ArrayList<>();
    for (int i = 0; i < verdicts.size(); i++) {
      if (verdicts.get(i).kind() == kind) {
        ids.add(i);
      }
    }
    return ids;
  }
}
