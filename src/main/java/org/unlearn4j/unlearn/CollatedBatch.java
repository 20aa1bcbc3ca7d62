package org.unlearn4j.unlearn;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.unlearn4j.lm.PaddedBatch;
import org.unlearn4j.lm.TokenRow;

/**
 * A micro-batch as the arrays that are fed: all that can be done before the step at hand is over,
 * and on another thread.
 *
 * @param all rows of all segments, padded to one width
 * @param parts what each segment adds
 * @param floors of the labelled forget tokens, as in {@link StepBatch}
 * @param queue retain features of earlier steps, as in {@link StepBatch}
 * @param tokens without padding, those of other devices included
 * @param further what further devices are fed, each some of the rows
 */
@SuppressWarnings("ArrayRecordComponent") // made here, fed once
public record CollatedBatch(
    PaddedBatch all,
    Map<Segment, Part> parts,
    float[] floors,
    Map<FeatureLayer, List<float[]>> queue,
    long tokens,
    List<CollatedBatch> further) {

  /** A segment's arrays; see {@link StepInputs.PerSegment}. */
  @SuppressWarnings("ArrayRecordComponent") // made here, fed once
  record Part(
      int rows,
      int[] predictedFrom,
      int[] labels,
      int[] labelPositions,
      int[] labelRows,
      float[] referenceNll,
      float[] stepRowTokens) {}

  /**
   * Collates.
   *
   * @param used segments of the graph that is fed
   */
  static CollatedBatch of(StepBatch batch, Set<Segment> used) {
    List<TokenRow> rows = batch.of(used);
    // One of several devices may have none, at the end of an epoch.
    PaddedBatch all = rows.isEmpty() ? PaddedBatch.of(rows, 1) : PaddedBatch.of(rows);
    Map<Segment, Part> parts = new EnumMap<>(Segment.class);
    int firstRow = 0;
    for (Segment s : used) {
      List<TokenRow> own = batch.of(s);
      parts.put(s, part(batch, s, PaddedBatch.of(own, all.time()), firstRow * all.time()));
      firstRow += own.size();
    }
    long tokens = batch.of(used).stream().mapToLong(TokenRow::length).sum();
    return new CollatedBatch(
        all, parts, narrow(flat(batch.floors())), batch.queue(), tokens, List.of());
  }

  /** The same with another queue, which is known only when the step before is over. */
  public CollatedBatch withQueue(Map<FeatureLayer, List<float[]>> other) {
    return new CollatedBatch(
        all, parts, floors, other, tokens, further.stream().map(b -> b.withQueue(other)).toList());
  }

  /** The same as the first device's, beside those of others. */
  CollatedBatch beside(List<CollatedBatch> others) {
    long sum = tokens + others.stream().mapToLong(CollatedBatch::tokens).sum();
    return new CollatedBatch(all, parts, floors, queue, sum, others);
  }

  private static Part part(StepBatch batch, Segment s, PaddedBatch own, int offset) {
    int[] tokens = batch.totals().rowTokens().get(s);
    float[] counts = new float[tokens.length];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = tokens[i];
    }
    return new Part(
        own.rows(),
        shifted(own.predictedFrom(), offset),
        own.labels(),
        shifted(own.labelPositions(), offset),
        own.labelRows(),
        narrow(batch.referenceNll().getOrDefault(s, new double[0])),
        counts);
  }

  private static double[] flat(List<double[]> rows) {
    return rows.stream().flatMapToDouble(Arrays::stream).toArray();
  }

  private static float[] narrow(double[] values) {
    float[] narrow = new float[values.length];
    for (int i = 0; i < narrow.length; i++) {
      narrow[i] = (float) values[i];
    }
    return narrow;
  }

  private static int[] shifted(int[] values, int by) {
    int[] result = values.clone();
    for (int i = 0; i < result.length; i++) {
      result[i] += by;
    }
    return result;
  }
}
