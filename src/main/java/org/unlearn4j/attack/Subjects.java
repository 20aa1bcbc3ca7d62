package org.unlearn4j.attack;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.unlearn4j.data.QaExample;

/**
 * Whom pairs are about, by a rule: names are runs of words with a capital; of those in a pair, the
 * one that most pairs have is its subject, and the longest of several. Of the user's own names, one
 * that the pair has is its subject whatever the rule says.
 */
final class Subjects {
  private static final Pattern RUN =
      Pattern.compile(
          "\\p{Lu}[\\p{L}\\p{N}.-]*(?: (?:(?:de|da|del|di|van|von|der|bin|al|el|la|le) )*"
              + "\\p{Lu}[\\p{L}\\p{N}.-]*)*");

  /** Words with which a sentence begins, for its capital and not for a name. */
  private static final Set<String> OPENERS =
      Set.of(
          ("a about after always an and are as at be before but by can could describe did do does each"
                  + " every for from give had has have he her his how i if in is it its list many most"
                  + " my name of on one only our over please she some tell that the their there these"
                  + " they this those to under was we were what when where which while who whom whose"
                  + " why will with would yes no you your")
              .split(" "));

  private final Map<String, List<String>> own;
  private final Map<String, Integer> counts = new HashMap<>();

  /**
   * Subjects of some pairs.
   *
   * @param own other names by name, as the user gives them
   */
  Subjects(List<QaExample> pairs, Map<String, List<String>> own) {
    this.own = own;
    for (QaExample pair : pairs) {
      names(pair.question() + " " + pair.answer()).stream()
          .distinct()
          .forEach(n -> counts.merge(n, 1, Integer::sum));
    }
  }

  Optional<String> of(QaExample pair) {
    String text = pair.question() + " " + pair.answer();
    Optional<String> given = own.keySet().stream().filter(text::contains).findFirst();
    if (given.isPresent()) {
      return given;
    }
    List<String> asked = names(pair.question());
    Optional<String> best = Optional.empty();
    for (String name : asked.isEmpty() ? names(pair.answer()) : asked) {
      if (best.isEmpty() || weight(name) > weight(best.get())) {
        best = Optional.of(name);
      }
    }
    return best;
  }

  /** Pairs that have it; a name of several words before one of a single word. */
  private long weight(String name) {
    return counts.getOrDefault(name, 0) + (name.contains(" ") ? 1L << 32 : 0);
  }

  /** The user's names for a subject, else the last word of its name. */
  List<String> aliases(String subject) {
    List<String> given = own.get(subject);
    if (given != null) {
      return given;
    }
    int space = subject.lastIndexOf(' ');
    return space < 0 ? List.of() : List.of(subject.substring(space + 1));
  }

  static List<String> names(String text) {
    List<String> names = new ArrayList<>();
    Matcher runs = RUN.matcher(text);
    while (runs.find()) {
      String name = runs.group();
      while (OPENERS.contains(name.split(" ", 2)[0].toLowerCase(Locale.ROOT))) {
        String[] parts = name.split(" ", 2);
        name = parts.length < 2 ? "" : parts[1];
      }
      name = name.replaceAll("[.-]+$", "");
      if (!name.isEmpty()) {
        names.add(name);
      }
    }
    return names;
  }
}
