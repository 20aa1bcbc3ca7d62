package org.unlearn4j.attack;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.unlearn4j.eval.Rouge;

/** The words of an answer that must be known: neither in the prompt nor of grammar. */
public final class Keywords {
  private static final Pattern WORD = Pattern.compile("[A-Za-z0-9]+");

  /** Words that say nothing by themselves, and the letter that is left of a possessive. */
  private static final Set<String> GRAMMAR =
      Set.of(
          ("a an and are as at be been being but by can did do does for from had has have he her his"
                  + " how i if in into is it its me my no not of on or our she so that the their them"
                  + " then there they this to was we were what when where which who whom whose why"
                  + " will with would yes you your s t also only always most mostly one")
              .split(" "));

  private Keywords() {}

  /** A word's place in a text, {@code [from, to)}. */
  record Place(String word, int from, int to) {}

  /**
   * The keywords of an answer, as they stand there and in order.
   *
   * @param shown everything that the model is shown
   */
  public static List<String> of(String answer, String shown) {
    return places(answer, shown).stream().map(Place::word).toList();
  }

  /** All words of a text, as they stand there. */
  public static List<String> words(String text) {
    return WORD.matcher(text).results().map(MatchResult::group).toList();
  }

  /** The same with their places. */
  static List<Place> places(String answer, String shown) {
    Set<String> known = new HashSet<>(Rouge.words(shown));
    List<Place> places = new ArrayList<>();
    Matcher words = WORD.matcher(answer);
    while (words.find()) {
      String word = words.group();
      boolean said =
          GRAMMAR.contains(word.toLowerCase(Locale.ROOT)) || known.containsAll(Rouge.words(word));
      if (!said) {
        places.add(new Place(word, words.start(), words.end()));
      }
    }
    return places;
  }
}
