package org.unlearn4j.prepare;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Finds names in a passage: those of a person, and those of others as far as they can be mistaken
 * for the person or be what a pronoun stands for.
 */
final class Mentions {
  /** A name may have so many words before the surname. */
  private static final int GIVEN = 3;

  /** Before a name that a sentence speaks of there may stand so many words. */
  private static final int SUBJECT = 2;

  private final Person person;
  private final Spellings spellings;
  private final Set<String> singles;
  private final Set<String> initials;

  Mentions(Person person, Spellings spellings) {
    this.person = person;
    this.spellings = spellings;
    this.singles = person.singles();
    this.initials = new java.util.HashSet<>();
    person.firsts().forEach(first -> initials.add(first.substring(0, 1)));
  }

  /** The names in a passage, in order. */
  List<Mention> of(List<Word> words) {
    List<Mention> found = new ArrayList<>();
    int i = 0;
    while (i < words.size()) {
      int whole = whole(words, i);
      if (whole > 0) {
        found.add(mention(Mention.Kind.FULL, words, i, i + whole));
        i += whole;
      } else if (spellings.name(words.get(i))) {
        int end = run(words, i);
        judge(words, i, end, found);
        i = end;
      } else {
        i++;
      }
    }
    return found;
  }

  /** How many words from here on are a name of the person, letter by letter; 0 for none. */
  private int whole(List<Word> words, int from) {
    for (List<String> name : person.names()) {
      if (name.size() > 1 && from + name.size() <= words.size()) {
        boolean same = true;
        for (int i = 0; i < name.size() && same; i++) {
          Word word = words.get(from + i);
          same = word.folded().equals(name.get(i)) && (i == 0 || word.joined());
        }
        if (same) {
          return name.size();
        }
      }
    }
    return 0;
  }

  /** Behind the last word of a run of names. */
  private int run(List<Word> words, int from) {
    int end = from + 1;
    while (end < words.size()
        && words.get(end).joined()
        && spellings.name(words.get(end))
        && whole(words, end) == 0) {
      end++;
    }
    return end;
  }

  private void judge(List<Word> words, int from, int end, List<Mention> found) {
    int surname = -1;
    for (int i = end - 1; i >= from && surname < 0; i--) {
      surname = spellings.surname(words.get(i).folded()) ? i : -1;
    }
    if (surname < 0) {
      unnamed(words, from, end, found);
      return;
    }
    boolean slip = spellings.slip(words.get(surname).folded());
    boolean turned = turned(words, surname, end);
    int given = -1;
    boolean initial = false;
    for (int i = Math.max(from, surname - GIVEN); i < surname; i++) {
      String word = words.get(i).folded();
      if (given < 0 && (spellings.first(word) || initials.contains(word))) {
        given = i;
        initial = word.length() == 1;
        slip |= spellings.slip(word);
      }
    }
    if (turned) {
      found.add(mention(Mention.Kind.FULL, words, surname, surname + 1));
    } else if (given >= 0 && !initial) {
      Mention.Kind kind = slip ? Mention.Kind.MISSPELT : Mention.Kind.FULL;
      found.add(mention(kind, words, given, surname + 1));
    } else if (given < 0 && surname > from) {
      found.add(mention(Mention.Kind.OTHER, words, from, surname + 1));
    } else if (given >= 0 || end == surname + 1) {
      // An initial narrows a surname down, and others may have it too.
      found.add(
          new Mention(
              slip ? Mention.Kind.MISSPELT_SURNAME : Mention.Kind.SURNAME,
              spellings.meant(words.get(surname).folded()),
              surname,
              words.get(surname)));
    } else {
      unnamed(words, from, end, found); // the surname begins another name: of a street, of a prize
    }
  }

  /** Surname, comma, first name. */
  private boolean turned(List<Word> words, int surname, int end) {
    boolean behind = surname + 1 < words.size() && end == surname + 1;
    return (behind && words.get(end).comma() && spellings.first(words.get(end).folded()))
        || (surname + 1 < end && spellings.first(words.get(surname + 1).folded()));
  }

  /** A run of names without the surname. */
  private void unnamed(List<Word> words, int from, int end, List<Mention> found) {
    for (int i = from; i < end; i++) {
      if (singles.contains(words.get(i).folded())) {
        found.add(mention(Mention.Kind.ALIAS, words, i, i + 1));
        return;
      }
    }
    Word word = words.get(from);
    boolean article = from > 0 && word.joined() && words.get(from - 1).folded().equals("the");
    if (end == from + 1 && spellings.first(word.folded())) {
      if (!spellings.slip(word.folded())) {
        found.add(mention(Mention.Kind.FIRST, words, from, end));
      }
    } else if (end > from + 1 && !article) {
      found.add(mention(Mention.Kind.OTHER, words, from, end));
    }
  }

  private static Mention mention(Mention.Kind kind, List<Word> words, int from, int end) {
    StringBuilder who = new StringBuilder();
    for (int i = from; i < end; i++) {
      who.append(i == from ? "" : " ").append(words.get(i).folded());
    }
    return new Mention(kind, who.toString(), from, words.get(from));
  }

  /** Whether a sentence begins with the name: it is then what the sentence speaks of. */
  static boolean subject(Mention mention) {
    return mention.at().place() <= SUBJECT;
  }
}
