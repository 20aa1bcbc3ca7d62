package org.unlearn4j.report;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Marks the words of an answer that give the true answer away: those that the true answer has, the
 * question has not, and that few true answers share. No list of stop words is needed, in no
 * language.
 */
final class WordMarks {
  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}]+");

  /** A word of more than this share of all true answers says nothing about one of them. */
  private static final double COMMON = 0.04;

  /** Few answers make no statistics: so many may share a word in any case. */
  private static final int ALWAYS = 3;

  private final Map<String, Integer> answersWith = new HashMap<>();
  private final double most;

  /** Marks for a set with these true answers. */
  WordMarks(Collection<String> trueAnswers) {
    trueAnswers.forEach(a -> words(a).forEach(w -> answersWith.merge(w, 1, Integer::sum)));
    most = Math.max(ALWAYS, COMMON * trueAnswers.size());
  }

  /** An answer with its telling words in {@code mark} elements. */
  Html mark(String question, String trueAnswer, String answer) {
    Set<String> telling = words(trueAnswer);
    telling.removeAll(words(question));
    telling.removeIf(w -> answersWith.getOrDefault(w, 0) > most);
    Html marked = Html.group();
    Matcher word = WORD.matcher(answer);
    int copied = 0;
    while (word.find()) {
      if (telling.contains(fold(word.group()))) {
        marked.add(answer.substring(copied, word.start())).add(Html.tag("mark", word.group()));
        copied = word.end();
      }
    }
    return marked.add(answer.substring(copied));
  }

  private static Set<String> words(String text) {
    Set<String> words = new HashSet<>();
    Matcher word = WORD.matcher(text);
    while (word.find()) {
      words.add(fold(word.group()));
    }
    return words;
  }

  private static String fold(String word) {
    return word.toLowerCase(Locale.ROOT);
  }
}
