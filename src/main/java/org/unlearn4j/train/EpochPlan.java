package org.unlearn4j.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.unlearn4j.unlearn.Segment;

/**
 * Which rows go together in one epoch, a function of seed and epoch alone, so that a resumed run
 * sees what an unbroken one would have seen.
 *
 * @param steps each a list of micro-batches
 */
record EpochPlan(List<List<Micro>> steps) {

  /**
   * Row numbers of one micro-batch.
   *
   * @param forget empty for ordinary training
   */
  @SuppressWarnings("ArrayRecordComponent") // built here, read once
  record Micro(int[] forget, int[] retain) {
    /** What else belongs to a forget row has its number. */
    int[] of(Segment segment) {
      return segment == Segment.RETAIN ? retain : forget;
    }
  }

  /**
   * Within this many batches, ordinary training sorts rows by length, so that little is padding.
   */
  private static final int BUCKET = 16;

  static int stepsPerEpoch(int anchors, int batchSize, int accumulate) {
    int micro = (anchors + batchSize - 1) / batchSize;
    return (micro + accumulate - 1) / accumulate;
  }

  static EpochPlan of(TrainingData data, int batchSize, int accumulate, long seed, int epoch) {
    Random random = new Random(seed * 1_000_003 + epoch);
    List<int[]> anchors =
        data.forget().isEmpty()
            ? buckets(data, batchSize, random)
            : cut(shuffled(data.forget().size(), random), batchSize);
    int[] retain = shuffled(data.retain().size(), random);
    List<List<Micro>> steps = new ArrayList<>();
    int next = 0;
    for (int i = 0; i < anchors.size(); i++) {
      Micro micro;
      if (data.forget().isEmpty()) {
        micro = new Micro(new int[0], anchors.get(i));
      } else {
        int[] kept = new int[retain.length == 0 ? 0 : anchors.get(i).length * data.retainRows()];
        for (int r = 0; r < kept.length; r++) {
          kept[r] = retain[next++ % retain.length];
        }
        micro = new Micro(anchors.get(i), kept);
      }
      if (i % accumulate == 0) {
        steps.add(new ArrayList<>());
      }
      steps.get(steps.size() - 1).add(micro);
    }
    return new EpochPlan(steps);
  }

  private static List<int[]> buckets(TrainingData data, int batchSize, Random random) {
    List<int[]> batches = new ArrayList<>();
    for (int[] bucket : cut(shuffled(data.retain().size(), random), BUCKET * batchSize)) {
      List<Integer> sorted = new ArrayList<>(Arrays.stream(bucket).boxed().toList());
      sorted.sort(Comparator.comparingInt(i -> data.retain().get(i).length()));
      batches.addAll(cut(sorted.stream().mapToInt(Integer::intValue).toArray(), batchSize));
    }
    Collections.shuffle(batches, random);
    return batches;
  }

  private static int[] shuffled(int n, Random random) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, n).boxed().toList());
    Collections.shuffle(order, random);
    return order.stream().mapToInt(Integer::intValue).toArray();
  }

  private static List<int[]> cut(int[] order, int size) {
    List<int[]> parts = new ArrayList<>();
    for (int from = 0; from < order.length; from += size) {
      parts.add(Arrays.copyOfRange(order, from, Math.min(from + size, order.length)));
    }
    return parts;
  }
}
