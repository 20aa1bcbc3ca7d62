package org.unlearn4j.unlearn;

import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
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

  /**
   * The step without its retain rows; what sums are divided by stays that of the step.
   *
   * @param compared whether a regulariser of weight 0 is in the graph: then views stay, because it
   *     pairs them with their rows, and the shortest retain row, because it takes means over those
   */
  public StepBatch forgettingAlone(boolean compared) {
    Map<Segment, List<TokenRow>> own = new EnumMap<>(rows);
    List<TokenRow> retain = of(Segment.RETAIN);
    own.remove(Segment.RETAIN);
    if (compared && !retain.isEmpty()) {
      own.put(Segment.RETAIN, List.of(retain.get(shortest(retain))));
    }
    return new StepBatch(own, referenceNll, floors, Map.of(), totals);
  }

  /**
   * The retain rows alone; what sums are divided by stays that of the step. Of a step that keeps
   * nothing the shortest forget row, because a graph runs over one row at least.
   */
  public StepBatch keepingAlone() {
    if (of(Segment.RETAIN).isEmpty()) {
      return forgetRow(shortest(of(Segment.FORGET)));
    }
    return new StepBatch(
        Map.of(Segment.RETAIN, of(Segment.RETAIN)), Map.of(), List.of(), queue, totals);
  }

  private static int shortest(List<TokenRow> rows) {
    return IntStream.range(0, rows.size())
        .boxed()
        .min(Comparator.comparingInt(i -> rows.get(i).length()))
        .orElseThrow();
  }

  /** One forget row with what belongs to it. */
  private StepBatch forgetRow(int i) {
    Map<Segment, List<TokenRow>> own = new EnumMap<>(Segment.class);
    rows.forEach((s, all) -> own.put(s, all.isEmpty() ? List.of() : List.of(all.get(i))));
    Map<Segment, double[]> reference = new EnumMap<>(Segment.class);
    referenceNll.forEach((s, all) -> reference.put(s, new double[] {all[i]}));
    return new StepBatch(
        own, reference, floors.isEmpty() ? List.of() : List.of(floors.get(i)), queue, totals);
  }

  /** Tokens of all rows, prompts included. */
  public long tokens() {
    return rows.values().stream().flatMap(List::stream).mapToLong(TokenRow::length).sum();
  }

  /**
   * Rows to be learnt, in the place of the retain rows, and nothing else.
   *
   * @param totals of the step that it belongs to
   */
  public static StepBatch lesson(List<TokenRow> learnt, Totals totals) {
    Map<Segment, int[]> tokens = new EnumMap<>(totals.rowTokens());
    tokens.put(Segment.RETAIN, learnt.stream().mapToInt(TokenRow::labelled).toArray());
    return new StepBatch(
        Map.of(Segment.RETAIN, learnt), Map.of(), List.of(), Map.of(), new Totals(tokens));
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
