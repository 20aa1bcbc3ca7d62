package org.unlearn4j.prepare;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads one text from its beginning to its end, and says of each passage whether it speaks of a
 * person: by a full name, by a part of the name that the text has given to nobody else, or by a
 * pronoun where the text speaks of nobody else.
 */
final class DocumentReader {
  /** Who the person is among those that a text names. */
  private static final String PERSON = "";

  private static final Set<String> SHE = Set.of("she", "her", "hers", "herself");
  private static final Set<String> HE = Set.of("he", "his", "him", "himself");

  private final Person person;
  private final Set<String> names;

  /** Who bears a part of a name, as the text has said last. */
  private final Map<String, String> bearers = new HashMap<>();

  private Optional<String> topic = Optional.empty();

  private DocumentReader(Person person, Set<String> names) {
    this.person = person;
    this.names = names;
  }

  /**
   * A verdict for each passage of a text.
   *
   * @param names every word by which the person may be named
   */
  static List<Verdict> read(
      List<Entry> document, Person person, Set<String> names, Mentions mentions) {
    DocumentReader reader = new DocumentReader(person, names);
    List<List<Word>> words = document.stream().map(Entry::words).toList();
    List<List<Mention>> found = words.stream().map(mentions::of).toList();
    // A part of a name before the whole one belongs to the first who bears it.
    for (int i = found.size() - 1; i >= 0; i--) {
      for (int j = found.get(i).size() - 1; j >= 0; j--) {
        reader.meet(found.get(i).get(j));
      }
    }
    List<Verdict> verdicts = new ArrayList<>();
    for (int i = 0; i < words.size(); i++) {
      verdicts.add(reader.passage(words.get(i), found.get(i)));
    }
    return verdicts;
  }

  /** Remembers whose the parts of a full name are. */
  private void meet(Mention mention) {
    if (mention.sure()) {
      for (String part : mention.who().split(" ", -1)) {
        bearers.put(part, PERSON);
      }
      person.surnames().forEach(part -> bearers.put(part, PERSON)); // however it was spelt
      person.firsts().forEach(part -> bearers.put(part, PERSON));
    } else if (mention.kind() == Mention.Kind.OTHER) {
      for (String part : mention.who().split(" ", -1)) {
        bearers.put(part, mention.who());
      }
    }
  }

  /** Who a mention means; empty where the text does not say. */
  private Optional<String> who(Mention mention) {
    if (mention.part()) {
      return Optional.ofNullable(bearers.get(mention.who()));
    }
    return Optional.of(mention.sure() ? PERSON : mention.who());
  }

  /** Whether somebody's name has a word of the person's, or one that could be meant for it. */
  private boolean bears(String who) {
    return Arrays.stream(who.split(" ", -1)).anyMatch(names::contains);
  }

  private Verdict passage(List<Word> words, List<Mention> found) {
    Optional<String> before = topic;
    Map<String, Integer> subjects = new LinkedHashMap<>();
    Mention best = null;
    Mention open = null;
    String namesake = null;
    for (Mention mention : found) {
      meet(mention);
      Optional<String> who = who(mention);
      if (who.equals(Optional.of(PERSON))) {
        best = best == null || best.kind().score() < mention.kind().score() ? mention : best;
      } else if (who.isEmpty()) {
        open = open == null || mention.kind() != Mention.Kind.FIRST ? mention : open;
      } else if (bears(who.get())) {
        namesake = who.get();
      }
    }
    boolean pronoun = subjects(words, found, before, subjects);
    topic =
        subjects.entrySet().stream()
            .reduce((a, b) -> b.getValue() > a.getValue() ? b : a)
            .map(Map.Entry::getKey)
            .or(() -> before);
    if (best != null) {
      return new Verdict(Verdict.Kind.ABOUT, best.kind().score(), best.kind().words());
    }
    if (open != null) {
      return new Verdict(Verdict.Kind.OPEN, open.kind().score(), open.kind().words());
    }
    if (pronoun && before.equals(Optional.of(PERSON))) {
      return new Verdict(Verdict.Kind.ABOUT, 0.7, "pronoun, after a passage that names the person");
    }
    if (before.equals(Optional.of(PERSON)) && found.isEmpty()) {
      return new Verdict(
          Verdict.Kind.UNSURE, 0.4, "names nobody, in a text that speaks of the person");
    }
    return namesake == null
        ? Verdict.NONE
        : new Verdict(Verdict.Kind.NAMESAKE, 0, "names " + namesake);
  }

  /**
   * Counts the sentences that speak of each person.
   *
   * @return whether a pronoun stands before anybody is named, for whoever the text spoke of before
   */
  private boolean subjects(
      List<Word> words,
      List<Mention> found,
      Optional<String> before,
      Map<String, Integer> subjects) {
    Optional<String> current = before;
    boolean carried = false;
    boolean fresh = false;
    int next = 0;
    int sentence = -1;
    for (int i = 0; i < words.size(); i++) {
      Word word = words.get(i);
      boolean named = next < found.size() && found.get(next).word() == i;
      if (named) {
        Mention mention = found.get(next++);
        Optional<String> who = who(mention);
        boolean counts = Mentions.subject(mention) || (!fresh && subjects.isEmpty());
        if (who.isPresent() && counts && word.sentence() != sentence) {
          current = who;
          fresh = true;
          sentence = word.sentence();
          subjects.merge(who.get(), 1, Integer::sum);
        }
      } else if ((SHE.contains(word.folded()) || HE.contains(word.folded()))
          && word.sentence() != sentence) {
        carried |= !fresh;
        sentence = word.sentence();
        current.ifPresent(who -> subjects.merge(who, 1, Integer::sum));
      }
    }
    return carried;
  }
}
