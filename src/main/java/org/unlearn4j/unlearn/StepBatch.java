package org.unlearn4j.unlearn;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.unlearn4j.lm.TokenRow;

/**
 * The rows of one micro-batch, and how many labelled tokens each row of the whole step has: means
 * run over the step, not over the micro-batch.
 *
 * @param rows of each segment; a segment that is absent has none
 * @param referenceNll summed negative log-likelihood of each row under the frozen reference model,
 *     in nats, for segments whose loss needs it
 * @param floors what the negative log-likelihood of each labelled token may rise to, in nats, for
 *     each forget row; empty where the objective has no floors
 * @param queue retain features of earlier steps by layer, unit vectors {@code [queued][hidden]};
 *     may be empty
 */
public record StepBatch(
    Map<Segment, List<TokenRow>> rows,
    Map<Segment, double[]> referenceNll,
    List<double[]> floors,
    Map<FeatureLayer, List<float[]>> queue,
    Totals totals) {

  /** One without floors. */
  public StepBatch(
      Map<Segment, List<TokenRow>> rows,
      Map<Segment, double[]> referenceNll,
      Map<FeatureLayer, List<float[]>> queue,
      Totals totals) {
    this(rows, referenceNll, List.of(), queue, totals);
  }

  /**
   * Of the whole step.
   *
   * @param rowTokens labelled tokens of each row, by segment
   */
  public record Totals(Map<Segment, int[]> rowTokens) {
    /** Over the micro-batches of a step. */
    public static Totals over(List<Map<Segment, List<TokenRow>>> micro) {
      Map<Segment, int[]> rowTokens = new EnumMap<>(Segment.class);
      for (Segment s : Segment.values()) {
        int[] tokens =
            micro.stream()
                .flatMap(m -> m.getOrDefault(s, List.of()).stream())
                .mapToInt(TokenRow::labelled)
                .toArray();
        rowTokens.put(s, tokens);
      }
      return new Totals(rowTokens);
    }
  }

  /** A step of one micro-batch. */
  public static StepBatch whole(
      Map<Segment, List<TokenRow>> rows, Map<Segment, double[]> referenceNll) {
    return new StepBatch(rows, referenceNll, Map.of(), Totals.over(List.of(rows)));
  }

  /** The same with floors. */
  public StepBatch withFloors(List<double[]> nats) {
    return new StepBatch(rows, referenceNll, nats, queue, totals);
  }

  List<TokenRow> of(Segment segment) {
    return rows.getOrDefault(segment, List.of());
  }

  /** The rows of some segments, in segment order. */
  List<TokenRow> of(Iterable<Segment> segments) {
    Stream<TokenRow> all = Stream.of();
    for (Segment s : segments) {
      all = Stream.concat(all, of(s).stream());
    }
    return all.toList();
  }
}
