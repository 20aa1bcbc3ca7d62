package org.unlearn4j.init;

import java.util.ArrayList;
import java.util.List;

/**
 * A way to save memory in training.
 *
 * @param rank of the low-rank adapters that learn in place of the weights; 0: the weights learn
 * @param brain matrix products in bfloat16
 * @param recompute blocks are computed again in the backward pass
 * @param rows of a micro-batch
 * @param accumulate micro-batches of a step
 */
record Way(int rank, boolean brain, boolean recompute, int rows, int accumulate) {
  /**
   * Every way, the one that changes least first.
   *
   * @param batch forget rows of a step
   * @param rank of adapters
   */
  static List<Way> all(int batch, int rank) {
    List<Way> ways = new ArrayList<>();
    for (int adapted : List.of(0, rank)) {
      for (boolean brain : List.of(false, true)) {
        for (int rows = batch; rows >= 1; rows /= 2) {
          for (boolean recompute : List.of(false, true)) {
            ways.add(new Way(adapted, brain, recompute, rows, (batch + rows - 1) / rows));
          }
        }
      }
    }
    return ways;
  }

  boolean adapter() {
    return rank > 0;
  }

  /** What it says in a pipeline. */
  String[] sets() {
    List<String> sets = new ArrayList<>();
    sets.add("model.precision=" + (brain ? "bf16" : "fp32"));
    sets.add("unlearn.recompute=" + recompute);
    sets.add("unlearn.batch_size=" + rows);
    sets.add("unlearn.accumulate=" + accumulate);
    if (adapter()) {
      sets.add("unlearn.adapter.rank=" + rank);
    }
    return sets.toArray(String[]::new);
  }

  /** In a few words. */
  String words() {
    List<String> words = new ArrayList<>();
    words.add(adapter() ? "adapters of rank " + rank : "the whole model");
    words.add(brain ? "bf16" : "fp32");
    if (recompute) {
      words.add("recompute");
    }
    words.add(rows + " forget rows at a time");
    return String.join(", ", words);
  }
}
