package org.unlearn4j.prepare;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.unlearn4j.base.Sentences;
import org.unlearn4j.base.UserException;

/**
 * Who is looked for.
 *
 * @param name as it was given
 * @param names that and further ones, each as folded words
 */
record Person(String name, List<List<String>> names) {
  private static final int MOST_WORDS = 8;

  Person {
    names = List.copyOf(names);
  }

  /**
   * A person by name and further names.
   *
   * @throws UserException if one has no word, or more than eight
   */
  static Person of(String name, List<String> aliases) {
    List<List<String>> names = new ArrayList<>();
    names.add(words("--about", name));
    aliases.forEach(alias -> names.add(words("--alias", alias)));
    return new Person(name.strip(), names);
  }

  private static List<String> words(String option, String name) {
    List<String> words = Word.of(name).stream().map(Word::folded).toList();
    if (words.isEmpty() || words.size() > MOST_WORDS) {
      throw new UserException(
          option
              + ": found "
              + Sentences.found(name)
              + ", expected a name of 1 to "
              + MOST_WORDS
              + " words.");
    }
    return words;
  }

  /** Last words of names with more than one. */
  Set<String> surnames() {
    return ends(false);
  }

  /** First words of names with more than one. */
  Set<String> firsts() {
    return ends(true);
  }

  private Set<String> ends(boolean first) {
    Set<String> ends = new LinkedHashSet<>();
    for (List<String> name : names) {
      if (name.size() > 1) {
        ends.add(name.get(first ? 0 : name.size() - 1));
      }
    }
    return ends;
  }

  /** Names of one word. */
  Set<String> singles() {
    Set<String> singles = new LinkedHashSet<>();
    names.stream().filter(n -> n.size() == 1).forEach(n -> singles.add(n.get(0)));
    return singles;
  }

  /** Every word of every name. */
  Set<String> all() {
    Set<String> all = new LinkedHashSet<>();
    names.forEach(all::addAll);
    return all;
  }

  /** How many slips of the pen a word may have and still be meant: none in a short one. */
  static int slips(String word) {
    return word.length() < 4 ? 0 : word.length() < 8 ? 1 : 2;
  }
}
