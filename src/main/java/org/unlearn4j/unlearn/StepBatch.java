package org.unlearn4j.unlearn;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.lm.TokenRow;

/**
 * The rows of one micro-batch, and how many rows and labelled tokens the whole step has: token
 * means run over the step, not over the micro-batch.
 *
 * @param rows of each segment; a segment that is absent has none
 * @param referenceNll summed negative log-likelihood of each row under the frozen reference model,
 *     in nats, for segments whose loss needs it
 * @param queue further negatives for CLReg, unit vectors {@code [queued][hidden]}; may be empty
 */
public record StepBatch(
    Map<Segment, List<TokenRow>> rows,
    Map<Segment, double[]> referenceNll,
    List<float[]> queue,
    Totals totals) {

  /** Rows and labelled tokens of the whole step, by segment. */
  public record Totals(Map<Segment, Integer> rows, Map<Segment, Integer> tokens) {
    /** Sums over the micro-batches of a step. */
    public static Totals over(List<Map<Segment, List<TokenRow>>> micro) {
      Map<Segment, Integer> rows = new EnumMap<>(Segment.class);
      Map<Segment, Integer> tokens = new EnumMap<>(Segment.class);
      for (Map<Segment, List<TokenRow>> batch : micro) {
        batch.forEach(
            (segment, list) -> {
              rows.merge(segment, list.size(), Integer::sum);
              tokens.merge(segment, list.stream().mapToInt(TokenRow::labelled).sum(), Integer::sum);
            });
      }
      return new Totals(rows, tokens);
    }
  }

  /** A step of one micro-batch. */
  public static StepBatch whole(
      Map<Segment, List<TokenRow>> rows, Map<Segment, double[]> referenceNll) {
    return new StepBatch(rows, referenceNll, List.of(), Totals.over(List.of(rows)));
  }

  List<TokenRow> of(Segment segment) {
    return rows.getOrDefault(segment, List.of());
  }

  /** All rows in segment order. */
  List<TokenRow> all() {
    List<TokenRow> all = new ArrayList<>();
    for (Segment segment : Segment.values()) {
      all.addAll(of(segment));
    }
    return all;
  }
}
