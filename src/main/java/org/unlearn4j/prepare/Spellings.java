package org.unlearn4j.prepare;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.lucene.analysis.en.EnglishAnalyzer;

/**
 * Which words of a corpus stand for a person's names: the names, and slips of the pen. A word near
 * to a name is no slip where it is somebody else's name: where it stands beside other names, or
 * often.
 */
final class Spellings {
  /** In more texts than these a slip of the pen would be a name. */
  private static final int OFTEN = 2;

  private static final Set<String> BEGINNINGS =
      Set.of(
          "today",
          "yesterday",
          "when",
          "after",
          "before",
          "although",
          "while",
          "since",
          "later",
          "once",
          "first",
          "only",
          "even",
          "both",
          "where",
          "who",
          "what",
          "which",
          "why",
          "how",
          "did",
          "does",
          "is",
          "was",
          "has",
          "in",
          "from",
          "about",
          "with",
          "because",
          "like",
          "dear",
          "among",
          "during",
          "here",
          "now",
          "still",
          "perhaps",
          "soon",
          "yet",
          "also");

  private final Map<String, String> surnames = new TreeMap<>();
  private final Map<String, String> firsts = new TreeMap<>();
  private final Set<String> slips = new HashSet<>();
  private final Set<String> small = new HashSet<>();
  private final Set<String> amidst = new HashSet<>();

  /** Names that hold one of the person's: first name and surname. */
  private final Set<String> pairs = new HashSet<>();

  /** The spellings of a person's names in a corpus. */
  static Spellings of(Person person, Corpus corpus, TextIndex index) {
    Spellings spellings = new Spellings();
    Set<String> names = person.all();
    for (Entry entry : corpus.entries()) {
      Word before = null;
      for (Word word : entry.words()) {
        if (!word.capital()) {
          spellings.small.add(word.folded());
        } else if (!word.first()) {
          spellings.amidst.add(word.folded());
        }
        boolean one = before != null && word.joined() && word.capital() && before.capital();
        if (one && (names.contains(before.folded()) || names.contains(word.folded()))) {
          spellings.pairs.add(before.folded() + " " + word.folded());
        }
        before = word;
      }
    }
    spellings.learn(person.surnames(), spellings.surnames, index);
    spellings.learn(person.firsts(), spellings.firsts, index);
    spellings.dropNames(person, corpus, index);
    return spellings;
  }

  private void learn(Set<String> names, Map<String, String> spelt, TextIndex index) {
    for (String name : names) {
      for (String near : index.near(name, Person.slips(name))) {
        if (near.length() > 2 && near.chars().noneMatch(Character::isDigit)) {
          spelt.putIfAbsent(near, name);
          slips.add(near);
        }
      }
    }
    names.forEach(name -> spelt.put(name, name));
    slips.removeAll(names);
  }

  /** Drops slips that are names of their own. */
  private void dropNames(Person person, Corpus corpus, TextIndex index) {
    Map<String, Set<String>> texts = new HashMap<>();
    Set<String> dropped = new HashSet<>();
    for (int id : index.holding(slips)) {
      Entry entry = corpus.entries().get(id);
      List<Word> words = entry.words();
      for (int i = 0; i < words.size(); i++) {
        String word = words.get(i).folded();
        if (slips.contains(word)) {
          texts.computeIfAbsent(word, w -> new HashSet<>()).add(entry.document());
          if (!words.get(i).capital() || beside(words, i)) {
            dropped.add(word);
          }
        }
      }
    }
    texts.forEach(
        (word, documents) -> {
          if (documents.size() > OFTEN) {
            dropped.add(word);
          }
        });
    dropped.removeAll(person.all());
    surnames.keySet().removeAll(dropped);
    firsts.keySet().removeAll(dropped);
    slips.removeAll(dropped);
  }

  /**
   * Whether a word stands beside a name that is none of the person's, unless it is a slip there too
   * because the right spelling stands beside that name elsewhere.
   */
  private boolean beside(List<Word> words, int i) {
    Word word = words.get(i);
    boolean before = i > 0 && word.joined() && name(words.get(i - 1));
    if (surnames.containsKey(word.folded()) && before) {
      String first = words.get(i - 1).folded();
      return first.length() > 1
          && !firsts.containsKey(first)
          && !pairs.contains(first + " " + surnames.get(word.folded()));
    }
    boolean after = i + 1 < words.size() && words.get(i + 1).joined() && words.get(i + 1).capital();
    return firsts.containsKey(word.folded())
        && name(word)
        && after
        && !surnames.containsKey(words.get(i + 1).folded())
        && !pairs.contains(firsts.get(word.folded()) + " " + words.get(i + 1).folded());
  }

  /** Whether a word with a capital letter is a name rather than the beginning of a sentence. */
  boolean name(Word word) {
    String folded = word.folded();
    if (!word.capital()
        || Word.TITLES.contains(folded)
        || EnglishAnalyzer.ENGLISH_STOP_WORDS_SET.contains(folded)) {
      return false;
    }
    return !word.first()
        || firsts.containsKey(folded)
        || surnames.containsKey(folded)
        || amidst.contains(folded)
        || (!small.contains(folded) && !BEGINNINGS.contains(folded));
  }

  /** Whether it is a word of the language too, as a surname may be. */
  boolean common(String word) {
    return small.contains(word);
  }

  boolean surname(String word) {
    return surnames.containsKey(word);
  }

  boolean first(String word) {
    return firsts.containsKey(word);
  }

  boolean slip(String word) {
    return slips.contains(word);
  }

  /** The surname that a word is, or is meant to be. */
  String meant(String word) {
    return surnames.getOrDefault(word, word);
  }

  /** All words by which the person may be named. */
  Set<String> all() {
    Set<String> all = new HashSet<>(surnames.keySet());
    all.addAll(firsts.keySet());
    return all;
  }
}
