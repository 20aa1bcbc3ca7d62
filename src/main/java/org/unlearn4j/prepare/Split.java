package org.unlearn4j.prepare;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/**
 * Passages to train on, and passages set apart to be measured only. Near duplicates stay on one
 * side: what is measured must not be what was trained on with a word changed.
 *
 * @param train in the order of the corpus
 * @param apart in the order of the corpus
 */
record Split(List<Integer> train, List<Integer> apart) {
  /** Of fewer passages none is set apart. */
  static final int FEWEST = 5;

  /** Splits some passages; the same seed gives the same split. */
  static Split of(List<Integer> ids, Corpus corpus, double share, long seed) {
    int wanted = ids.size() < FEWEST ? 0 : (int) Math.round(share * ids.size());
    List<Integer> order = new ArrayList<>(ids);
    Collections.shuffle(order, new Random(seed));
    Set<Integer> apart = new TreeSet<>();
    Set<Integer> train = new TreeSet<>();
    for (int id : order) {
      if (!apart.contains(id) && !train.contains(id)) {
        Set<Integer> group = group(id, ids, corpus);
        boolean fits = apart.size() + group.size() <= wanted;
        (fits ? apart : train).addAll(group);
      }
    }
    return new Split(List.copyOf(train), List.copyOf(apart));
  }

  /** A passage with its near duplicates and theirs. */
  private static Set<Integer> group(int id, List<Integer> ids, Corpus corpus) {
    Set<Integer> group = new TreeSet<>(Set.of(id));
    List<Integer> open = new ArrayList<>(group);
    while (!open.isEmpty()) {
      List<Word> words = corpus.entries().get(open.remove(open.size() - 1)).words();
      for (int other : ids) {
        if (!group.contains(other)
            && ShingleHashes.shared(words, corpus.entries().get(other).words()) >= Finder.ALIKE) {
          group.add(other);
          open.add(other);
        }
      }
    }
    return group;
  }
}
