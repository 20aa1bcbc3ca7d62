package org.unlearn4j.eval;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * English stems by Porter's algorithm (M. F. Porter, <i>An algorithm for suffix stripping</i>,
 * 1980) with the extensions that published ROUGE numbers of this field rest on: a pool of irregular
 * forms, gentler rules for short words in {@code ies} and {@code ied}, and three changed rules of
 * step 2. Within a step only the first suffix of the list that matches is considered, even if its
 * condition then fails.
 */
final class PorterStemmer {
  private static final Map<String, String> IRREGULAR =
      Map.of(
          "skies", "sky",
          "dying", "die",
          "lying", "lie",
          "tying", "tie",
          "innings", "inning",
          "outings", "outing",
          "cannings", "canning");

  private static final Set<String> INVARIANT =
      Set.of("sky", "news", "inning", "outing", "canning", "howe", "proceed", "exceed", "succeed");

  /** A suffix and what takes its place. */
  private record Rule(String suffix, String replacement) {}

  private static final List<Rule> STEP_1A =
      List.of(
          new Rule("sses", "ss"), new Rule("ies", "i"), new Rule("ss", "ss"), new Rule("s", ""));

  private static final List<Rule> STEP_2 =
      List.of(
          new Rule("ational", "ate"),
          new Rule("tional", "tion"),
          new Rule("enci", "ence"),
          new Rule("anci", "ance"),
          new Rule("izer", "ize"),
          new Rule("bli", "ble"),
          new Rule("alli", "al"),
          new Rule("entli", "ent"),
          new Rule("eli", "e"),
          new Rule("ousli", "ous"),
          new Rule("ization", "ize"),
          new Rule("ation", "ate"),
          new Rule("ator", "ate"),
          new Rule("alism", "al"),
          new Rule("iveness", "ive"),
          new Rule("fulness", "ful"),
          new Rule("ousness", "ous"),
          new Rule("aliti", "al"),
          new Rule("iviti", "ive"),
          new Rule("biliti", "ble"),
          new Rule("fulli", "ful"),
          new Rule("logi", "log"));

  private static final List<Rule> STEP_3 =
      List.of(
          new Rule("icate", "ic"),
          new Rule("ative", ""),
          new Rule("alize", "al"),
          new Rule("iciti", "ic"),
          new Rule("ical", "ic"),
          new Rule("ful", ""),
          new Rule("ness", ""));

  private static final List<String> STEP_4 =
      List.of(
          "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion",
          "ou", "ism", "ate", "iti", "ous", "ive", "ize");

  private PorterStemmer() {}

  /** The stem of a word in lower case. */
  static String stem(String word) {
    if (IRREGULAR.containsKey(word)) {
      return IRREGULAR.get(word);
    }
    if (word.length() <= 2 || INVARIANT.contains(word)) {
      return word;
    }
    String w = step1c(step1b(step1a(word)));
    w = step4(step3(step2(w)));
    return step5b(step5a(w));
  }

  private static String step1a(String w) {
    if (w.length() == 4 && w.endsWith("ies")) {
      return w.substring(0, 3);
    }
    for (Rule rule : STEP_1A) {
      if (w.endsWith(rule.suffix)) {
        return cut(w, rule.suffix) + rule.replacement;
      }
    }
    return w;
  }

  private static String step1b(String w) {
    if (w.endsWith("ied")) {
      return cut(w, "ied") + (w.length() == 4 ? "ie" : "i");
    }
    if (w.endsWith("eed")) {
      return measure(cut(w, "eed")) > 0 ? cut(w, "d") : w;
    }
    for (String suffix : List.of("ed", "ing")) {
      if (w.endsWith(suffix) && containsVowel(cut(w, suffix))) {
        return repair(cut(w, suffix));
      }
    }
    return w;
  }

  /** Makes a word again of what {@code ed} or {@code ing} was taken from. */
  private static String repair(String w) {
    if (w.endsWith("at") || w.endsWith("bl") || w.endsWith("iz")) {
      return w + "e";
    }
    if (endsInDoubleConsonant(w)) {
      char last = w.charAt(w.length() - 1);
      return last == 'l' || last == 's' || last == 'z' ? w : w.substring(0, w.length() - 1);
    }
    return measure(w) == 1 && endsInShortSyllable(w) ? w + "e" : w;
  }

  private static String step1c(String w) {
    boolean turns = w.length() > 2 && w.endsWith("y") && isConsonant(w, w.length() - 2);
    return turns ? cut(w, "y") + "i" : w;
  }

  private static String step2(String w) {
    if (w.endsWith("alli") && measure(cut(w, "alli")) > 0) {
      return step2(cut(w, "li"));
    }
    for (Rule rule : STEP_2) {
      if (w.endsWith(rule.suffix)) {
        // "logi" takes its measure with the l, so that short words such as "geology" lose the y
        // too.
        String stem = cut(w, rule.suffix);
        String measured = rule.suffix.equals("logi") ? stem + "l" : stem;
        return measure(measured) > 0 ? stem + rule.replacement : w;
      }
    }
    return w;
  }

  private static String step3(String w) {
    for (Rule rule : STEP_3) {
      if (w.endsWith(rule.suffix)) {
        String stem = cut(w, rule.suffix);
        return measure(stem) > 0 ? stem + rule.replacement : w;
      }
    }
    return w;
  }

  private static String step4(String w) {
    for (String suffix : STEP_4) {
      if (w.endsWith(suffix)) {
        String stem = cut(w, suffix);
        boolean allowed = !suffix.equals("ion") || stem.endsWith("s") || stem.endsWith("t");
        return allowed && measure(stem) > 1 ? stem : w;
      }
    }
    return w;
  }

  private static String step5a(String w) {
    if (!w.endsWith("e")) {
      return w;
    }
    String stem = cut(w, "e");
    int m = measure(stem);
    return m > 1 || (m == 1 && !endsInShortSyllable(stem)) ? stem : w;
  }

  private static String step5b(String w) {
    return w.endsWith("ll") && measure(cut(w, "l")) > 1 ? cut(w, "l") : w;
  }

  private static String cut(String w, String suffix) {
    return w.substring(0, w.length() - suffix.length());
  }

  /** A y is a consonant at the beginning and after a vowel. */
  private static boolean isConsonant(String w, int i) {
    return switch (w.charAt(i)) {
      case 'a', 'e', 'i', 'o', 'u' -> false;
      case 'y' -> i == 0 || !isConsonant(w, i - 1);
      default -> true;
    };
  }

  private static boolean containsVowel(String w) {
    for (int i = 0; i < w.length(); i++) {
      if (!isConsonant(w, i)) {
        return true;
      }
    }
    return false;
  }

  /** Porter's m: how often a consonant follows a vowel. */
  private static int measure(String w) {
    int m = 0;
    for (int i = 1; i < w.length(); i++) {
      m += isConsonant(w, i) && !isConsonant(w, i - 1) ? 1 : 0;
    }
    return m;
  }

  private static boolean endsInDoubleConsonant(String w) {
    int n = w.length();
    return n >= 2 && w.charAt(n - 1) == w.charAt(n - 2) && isConsonant(w, n - 1);
  }

  /** Porter's *o, consonant vowel consonant with the last not w, x or y; or vowel consonant. */
  private static boolean endsInShortSyllable(String w) {
    int n = w.length();
    if (n == 2) {
      return !isConsonant(w, 0) && isConsonant(w, 1);
    }
    return n >= 3
        && isConsonant(w, n - 3)
        && !isConsonant(w, n - 2)
        && isConsonant(w, n - 1)
        && "wxy".indexOf(w.charAt(n - 1)) < 0;
  }
}
