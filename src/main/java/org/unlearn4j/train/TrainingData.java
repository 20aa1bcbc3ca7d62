package org.unlearn4j.train;

import java.util.List;
import java.util.Map;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.unlearn.Segment;

/**
 * Rows to train on.
 *
 * @param forget empty for ordinary training
 * @param retain rows to keep, or, for ordinary training, to learn
 * @param alternates other answers to the forget rows' questions, one a row; empty where the
 *     objective does not ask for them
 * @param reference summed negative log-likelihood of each row under the frozen reference model, in
 *     nats, of the segments for which the objective asks for it
 * @param floors what the negative log-likelihood of each labelled token may rise to, in nats, for
 *     each forget row; empty where the objective has no floors
 * @param retainRows retain rows that stand beside each forget row in a step
 */
public record TrainingData(
    List<TokenRow> forget,
    List<TokenRow> retain,
    List<TokenRow> alternates,
    Map<Segment, double[]> reference,
    List<double[]> floors,
    int retainRows) {
  public TrainingData {
    forget = List.copyOf(forget);
    retain = List.copyOf(retain);
    alternates = List.copyOf(alternates);
    reference = Map.copyOf(reference);
  }

  /** Rows of an objective without floors. */
  public TrainingData(
      List<TokenRow> forget,
      List<TokenRow> retain,
      List<TokenRow> alternates,
      Map<Segment, double[]> reference) {
    this(forget, retain, alternates, reference, List.of(), 1);
  }

  /** Rows to learn, nothing to forget. */
  public static TrainingData learn(List<TokenRow> rows) {
    return new TrainingData(List.of(), rows, List.of(), Map.of());
  }

  /** The same rows with what the reference model says of them. */
  public TrainingData withReference(Map<Segment, double[]> nll) {
    return new TrainingData(forget, retain, alternates, nll, floors, retainRows);
  }

  /** The same rows with their floors. */
  public TrainingData withFloors(List<double[]> nats) {
    return new TrainingData(forget, retain, alternates, reference, nats, retainRows);
  }

  /** The same rows, with so many retain rows beside each forget row. */
  public TrainingData withRetainRows(int each) {
    return new TrainingData(forget, retain, alternates, reference, floors, each);
  }

  /** Rows from which a segment of a batch is taken: as many and as long as its own. */
  List<TokenRow> of(Segment segment) {
    return switch (segment) {
      case FORGET, POSITIVE -> forget;
      case RETAIN -> retain;
      case ALTERNATE -> alternates;
    };
  }

  /** The rows that an epoch goes through: those to forget, or those to learn. */
  List<TokenRow> anchors() {
    return forget.isEmpty() ? retain : forget;
  }
}
