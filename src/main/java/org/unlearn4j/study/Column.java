package org.unlearn4j.study;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;
import org.unlearn4j.eval.Entanglement;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Metric;
import org.unlearn4j.eval.MetricInfo;
import org.unlearn4j.eval.RelearnResult;
import org.unlearn4j.eval.SetMetric;
import org.unlearn4j.parity.GateSubject;
import org.unlearn4j.parity.Survival;

/**
 * A column of the table: a metric of the evaluation, a measure of the features (at the last block,
 * or at the layer behind an {@code @}), {@link #STEP_SECONDS}, {@link #REBOUND} or {@link
 * #RELEARN_GAIN}.
 *
 * @param name as in the study file
 */
public record Column(String name) {
  /** Seconds of a training step that nothing disturbed. */
  public static final String STEP_SECONDS = "step_seconds";

  /** How far a deployed file goes back to the model before; see {@link Survival}. */
  public static final String REBOUND = GateSubject.Rebound.NAME;

  /** What comes back of rows that were not taught again; see {@link RelearnResult#gain}. */
  public static final String RELEARN_GAIN = "relearn_gain";

  /** A column of that name; empty where nothing of that name is measured. */
  static Optional<Column> of(String name) {
    Column column = new Column(name);
    boolean known =
        column.isTime()
            || column.isRebound()
            || column.isRelearning()
            || (name.contains("@") ? column.isFeature() : MetricInfo.of(name).isPresent());
    return known ? Optional.of(column) : Optional.empty();
  }

  boolean isTime() {
    return name.equals(STEP_SECONDS);
  }

  boolean isRebound() {
    return name.equals(REBOUND);
  }

  boolean isRelearning() {
    return name.equals(RELEARN_GAIN);
  }

  /** Whether it is a measure of the features at a layer. */
  boolean isFeature() {
    return Stream.concat(
            Entanglement.OF_CHANGE.stream(),
            Entanglement.ALONE.stream().flatMap(m -> Stream.of(m, m + Entanglement.BEFORE)))
        .anyMatch(measure()::equals);
  }

  boolean isMetric() {
    return !isTime() && !isRebound() && !isRelearning() && !isFeature();
  }

  /** Whether it cannot be measured without the retain-only model. */
  boolean needsReference() {
    return isMetric() && MetricInfo.of(name).map(MetricInfo::needsReference).orElse(false);
  }

  private String measure() {
    int at = name.indexOf('@');
    return at < 0 ? name : name.substring(0, at);
  }

  private Optional<String> layer() {
    int at = name.indexOf('@');
    return at < 0 ? Optional.empty() : Optional.of(name.substring(at + 1));
  }

  /** The last block, before the final norm. */
  private static Optional<String> lastBlock(EvaluationResult result) {
    List<String> layers = List.copyOf(result.entanglement().keySet());
    return layers.size() < 2 ? Optional.empty() : Optional.of(layers.get(layers.size() - 2));
  }

  /** Its value in an evaluation; empty where that does not have it, as for times and rebounds. */
  OptionalDouble value(EvaluationResult result) {
    if (!isFeature()) {
      return result.metric(name);
    }
    return layer()
        .or(() -> lastBlock(result))
        .map(result.entanglement()::get)
        .map(measures -> measures.get(measure()))
        .map(OptionalDouble::of)
        .orElse(OptionalDouble.empty());
  }

  /** Roles of the sets that it needs generated answers of. */
  Set<EvalSet.Role> generated() {
    if (Metric.MODEL_UTILITY.is(name) || Metric.MODEL_UTILITY_ARITHMETIC.is(name)) {
      return Set.of(EvalSet.Role.RETAIN, EvalSet.Role.GENERAL);
    }
    if (SetMetric.ROUGE.isOf(name)) {
      return name.startsWith("forget") ? Set.of(EvalSet.Role.FORGET) : EvalSet.Role.GENERATED;
    }
    return Set.of();
  }

  MetricInfo.Direction direction() {
    return isTime() || isRebound() || isRelearning()
        ? MetricInfo.Direction.LOWER
        : MetricInfo.of(measure()).map(MetricInfo::direction).orElse(MetricInfo.Direction.NONE);
  }

  /** The name in words and which way is better. */
  String heading() {
    String words =
        isTime()
            ? "seconds a step"
            : measure().replace('_', ' ').replace("mia ", "MIA ").replace(" auc", " AUC")
                + layer().map(l -> " at " + l.replace('_', ' ')).orElse("");
    return switch (direction()) {
      case HIGHER -> words + " ↑";
      case LOWER -> words + " ↓";
      case CLOSER_TO_REFERENCE -> words + " →";
      case NONE -> words;
    };
  }
}
