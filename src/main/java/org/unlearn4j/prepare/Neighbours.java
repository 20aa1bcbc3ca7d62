package org.unlearn4j.prepare;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Passages to keep: those nearest to what is forgotten that do not speak of the person. Each
 * passage that was found proposes its nearest one, then its second nearest, and so on, so that they
 * surround all that is forgotten.
 */
final class Neighbours {
  private Neighbours() {}

  /** A passage to keep, with the passage that it is near to. */
  record Near(int id, int to, double score) {}

  /**
   * The neighbours.
   *
   * @param verdicts of all passages; what is unsure or nearly a found one is no neighbour
   * @param most how many
   */
  static List<Near> of(Corpus corpus, TextIndex index, List<Verdict> verdicts, int most) {
    Set<Integer> may = new TreeSet<>();
    for (Verdict.Kind kind : List.of(Verdict.Kind.NAMESAKE, Verdict.Kind.NONE)) {
      may.addAll(Finder.ids(verdicts, kind));
    }
    List<Integer> found = Finder.ids(verdicts, Verdict.Kind.ABOUT);
    Map<Integer, Near> near = new LinkedHashMap<>();
    if (found.isEmpty()) {
      return List.of();
    }
    // Those that several found passages share are proposed once, so more are asked for.
    int each = Math.min(may.size(), 2 * (most / found.size() + 1) + 8);
    List<List<TextIndex.Hit>> proposed = new ArrayList<>();
    for (int id : found) {
      proposed.add(index.nearest(corpus.entries().get(id), may, Set.of(), Math.max(1, each)));
    }
    for (int rank = 0; rank < each && near.size() < most; rank++) {
      for (int i = 0; i < found.size() && near.size() < most; i++) {
        if (rank < proposed.get(i).size()) {
          TextIndex.Hit hit = proposed.get(i).get(rank);
          near.putIfAbsent(hit.id(), new Near(hit.id(), found.get(i), hit.score()));
        }
      }
    }
    return List.copyOf(near.values());
  }
}
