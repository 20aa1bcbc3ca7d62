package org.unlearn4j.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Trains a byte-level BPE vocabulary (Sennrich et al. 2016, on bytes as GPT-2): beginning with the
 * 256 bytes, the most frequent pair of neighbouring tokens within a word becomes a token of its
 * own, until the vocabulary is full. Ties go to the pair with the lower ids, so the same texts give
 * the same vocabulary everywhere.
 *
 * <p>Every merge counts all pairs anew: some thousand merges over some thousand different words,
 * which is what it is for, take about a second.
 */
public final class BpeTrainer {
  /** A pair seen only once is not worth a token. */
  private static final int RAREST = 2;

  private BpeTrainer() {}

  /**
   * Trains.
   *
   * @param texts what to learn from; frequency counts
   * @param specials tokens with a role, ids 0, 1, 2, ... in this order; never the result of a merge
   * @param vocabSize tokens in all: specials, 256 bytes and merges; fewer where no pair is left
   *     that occurs twice
   */
  public static BpeVocabulary train(Iterable<String> texts, List<String> specials, int vocabSize) {
    int bytes = specials.size();
    if (vocabSize < bytes + 256) {
      throw new IllegalArgumentException(
          "vocabulary of " + vocabSize + " has no room for the 256 bytes");
    }
    List<String> tokens = new ArrayList<>(specials);
    for (char c : ByteLevel.alphabet()) {
      tokens.add(String.valueOf(c));
    }
    List<Word> words = words(texts, bytes);
    List<BpeVocabulary.Merge> merges = new ArrayList<>();
    while (tokens.size() < vocabSize) {
      long pair = mostFrequent(words);
      if (pair < 0) {
        break;
      }
      int left = (int) (pair >>> Integer.SIZE);
      int right = (int) pair;
      int merged = tokens.size();
      merges.add(new BpeVocabulary.Merge(left, right));
      tokens.add(tokens.get(left) + tokens.get(right));
      words.forEach(word -> word.merge(left, right, merged));
    }
    return new BpeVocabulary(specials, tokens, merges);
  }

  /** A word of the texts as its tokens so far. */
  private static final class Word {
    private int[] tokens;
    private long count;

    Word(int[] tokens) {
      this.tokens = tokens;
    }

    void merge(int left, int right, int merged) {
      int length = 0;
      for (int i = 0; i < tokens.length; i++) {
        boolean here = tokens[i] == left && i + 1 < tokens.length && tokens[i + 1] == right;
        tokens[length++] = here ? merged : tokens[i];
        i += here ? 1 : 0;
      }
      tokens = Arrays.copyOf(tokens, length);
    }
  }

  private static List<Word> words(Iterable<String> texts, int firstByte) {
    Map<String, Word> words = new LinkedHashMap<>();
    for (String text : texts) {
      for (String word : ByteLevel.words(text)) {
        words.computeIfAbsent(
                word,
                w -> new Word(Arrays.stream(ByteLevel.bytes(w)).map(b -> b + firstByte).toArray()))
            .count++;
      }
    }
    return List.copyOf(words.values());
  }

  /**
   * The pair (left id in the upper half, right id in the lower), or -1 if none is frequent enough.
   */
  private static long mostFrequent(List<Word> words) {
    Map<Long, Long> counts = new HashMap<>();
    for (Word word : words) {
      for (int i = 0; i + 1 < word.tokens.length; i++) {
        counts.merge(
            (long) word.tokens[i] << Integer.SIZE | word.tokens[i + 1], word.count, Long::sum);
      }
    }
    long best = -1;
    long most = RAREST - 1;
    for (Map.Entry<Long, Long> entry : counts.entrySet()) {
      long count = entry.getValue();
      if (count > most || (count == most && best >= 0 && entry.getKey() < best)) {
        best = entry.getKey();
        most = count;
      }
    }
    return best;
  }
}
