package org.unlearn4j.eval;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Overlap of a text with a reference text (C.-Y. Lin, <i>ROUGE: a package for automatic evaluation
 * of summaries</i>, 2004), over stemmed words.
 */
public final class Rouge {
  private static final Pattern SEPARATORS = Pattern.compile("[^a-z0-9]+");

  /** Words up to this length are too short to carry a suffix and stay as they are. */
  private static final int LONGEST_UNSTEMMED = 3;

  private Rouge() {}

  /**
   * An overlap from three sides, each in [0, 1] and 0 where a side has no words.
   *
   * @param precision share of the prediction's words that are matched
   * @param recall share of the target's words that are matched
   * @param f1 their harmonic mean
   */
  public record Overlap(double precision, double recall, double f1) {
    static Overlap of(int matched, int target, int prediction) {
      double precision = prediction == 0 ? 0 : (double) matched / prediction;
      double recall = target == 0 ? 0 : (double) matched / target;
      double sum = precision + recall;
      return new Overlap(precision, recall, sum == 0 ? 0 : 2 * precision * recall / sum);
    }
  }

  /** Lower-case words, split on anything but a-z and 0-9, those longer than 3 letters stemmed. */
  public static List<String> words(String text) {
    List<String> words = new ArrayList<>();
    for (String word : SEPARATORS.split(text.toLowerCase(Locale.ROOT), 0)) {
      if (!word.isEmpty()) {
        words.add(word.length() > LONGEST_UNSTEMMED ? PorterStemmer.stem(word) : word);
      }
    }
    return words;
  }

  /** Single words: each counts as often as both sides have it. */
  public static Overlap rouge1(String target, String prediction) {
    List<String> a = words(target);
    List<String> b = words(prediction);
    Map<String, Integer> left = new HashMap<>();
    a.forEach(word -> left.merge(word, 1, Integer::sum));
    int matched = 0;
    for (String word : b) {
      if (left.merge(word, -1, Integer::sum) >= 0) {
        matched++;
      }
    }
    return Overlap.of(matched, a.size(), b.size());
  }

  /** The longest common subsequence of words. */
  public static Overlap rougeL(String target, String prediction) {
    List<String> a = words(target);
    List<String> b = words(prediction);
    return Overlap.of(longestCommonSubsequence(a, b), a.size(), b.size());
  }

  /**
   * The longest run of words of a text that another text has in one piece, over the words of the
   * former: 1 where the whole is copied, 0 where no word is, or where there are none.
   */
  public static double longestCommonSubstring(String target, String prediction) {
    List<String> a = words(target);
    List<String> b = words(prediction);
    int longest = 0;
    int[] row = new int[b.size() + 1];
    for (String word : a) {
      for (int j = b.size(); j > 0; j--) {
        row[j] = word.equals(b.get(j - 1)) ? row[j - 1] + 1 : 0;
        longest = Math.max(longest, row[j]);
      }
    }
    return a.isEmpty() ? 0 : (double) longest / a.size();
  }

  private static int longestCommonSubsequence(List<String> a, List<String> b) {
    int[] row = new int[b.size() + 1];
    for (String word : a) {
      int diagonal = 0;
      for (int j = 1; j <= b.size(); j++) {
        int above = row[j];
        row[j] = word.equals(b.get(j - 1)) ? diagonal + 1 : Math.max(above, row[j - 1]);
        diagonal = above;
      }
    }
    return row[b.size()];
  }
}
