package org.unlearn4j.prepare;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.core.WhitespaceTokenizer;
import org.apache.lucene.analysis.minhash.MinHashFilter;
import org.apache.lucene.analysis.shingle.ShingleFilter;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;

/**
 * MinHash (Broder 1997) of a text's runs of three words, by Lucene's filter with one hash function
 * and many buckets: texts that share many runs share many values.
 */
final class ShingleHashes extends Analyzer {
  /** Words in a run: one changed word breaks three of them. */
  static final int RUN = 3;

  /** Twice what a short passage has of runs; a long one is sampled. */
  private static final int BUCKETS = 256;

  @Override
  protected TokenStreamComponents createComponents(String field) {
    WhitespaceTokenizer words = new WhitespaceTokenizer();
    ShingleFilter runs = new ShingleFilter(words, RUN, RUN);
    runs.setOutputUnigrams(false);
    TokenStream hashes = new MinHashFilter(runs, 1, BUCKETS, 1, false);
    return new TokenStreamComponents(words, hashes);
  }

  /** The filter's value, which is no text, as one that an index keeps as it is. */
  static String readable(CharTermAttribute term) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < term.length(); i++) {
      text.append(Integer.toHexString(term.charAt(i))).append('.');
    }
    return text.toString();
  }

  /**
   * What part of the runs of either text both have (Jaccard): 1 for equal texts, 0 where one has no
   * run.
   */
  static double shared(List<Word> left, List<Word> right) {
    Set<String> a = runs(left);
    Set<String> b = runs(right);
    Set<String> both = new HashSet<>(a);
    both.retainAll(b);
    int all = a.size() + b.size() - both.size();
    return all == 0 ? 0 : (double) both.size() / all;
  }

  private static Set<String> runs(List<Word> words) {
    Set<String> runs = new HashSet<>();
    for (int i = 0; i + RUN <= words.size(); i++) {
      runs.add(
          words.get(i).folded()
              + ' '
              + words.get(i + 1).folded()
              + ' '
              + words.get(i + 2).folded());
    }
    return runs;
  }
}
