package org.unlearn4j.eval;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.unlearn4j.base.UserException;

/** From the rows of {@link TofuSuite} to its metrics. */
final class TofuAggregates {
  private static final String LOSS_AUC = "mia_loss_auc";

  private TofuAggregates() {}

  /**
   * Every aggregate whose inputs are there.
   *
   * @throws UserException if a required metric is not among them
   */
  static Map<String, Double> of(
      List<EvalSet> sets,
      Map<String, List<RowResult>> perRow,
      Optional<EvaluationResult> retainOnly,
      Set<String> required) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    Set<String> parts = new LinkedHashSet<>();
    Set<String> arithmeticParts = new LinkedHashSet<>();
    for (EvalSet set : sets) {
      List<RowResult> rows = perRow.get(set.name());
      if (set.role() == EvalSet.Role.HOLDOUT) {
        continue; // no more than the other side of the attacks on the forget set
      }
      boolean forget = set.role() == EvalSet.Role.FORGET;
      String prob = set.role() == EvalSet.Role.GENERAL ? "prob_options" : "prob";
      all(rows, prob).ifPresent(v -> metrics.put(set.name() + "_prob", Statistics.mean(v)));
      all(rows, "rouge").ifPresent(v -> metrics.put(set.name() + "_rouge", Statistics.mean(v)));
      for (String ratio : List.of("truth_ratio", "truth_ratio_arithmetic")) {
        all(rows, ratio)
            .ifPresent(
                v ->
                    metrics.put(
                        set.name() + "_" + ratio,
                        forget
                            ? TruthRatio.closerToOneBetter(v, TofuSuite.GUARD)
                            : TruthRatio.trueBetter(v)));
      }
      if (forget) {
        some(rows, "extraction_strength").ifPresent(v -> metrics.put("extraction_strength", v));
        some(rows, "exact_memorization").ifPresent(v -> metrics.put("exact_memorization", v));
        retainOnly
            .flatMap(reference -> forgetQuality(set, rows, reference))
            .ifPresent(v -> metrics.put("forget_quality", v));
      } else {
        Stream.of("_prob", "_rouge", "_truth_ratio").map(set.name()::concat).forEach(parts::add);
        Stream.of("_prob", "_rouge", "_truth_ratio_arithmetic")
            .map(set.name()::concat)
            .forEach(arithmeticParts::add);
      }
    }
    utility(metrics, parts).ifPresent(v -> metrics.put("model_utility", v));
    lossAttack(sets, perRow)
        .ifPresent(
            auc -> {
              metrics.put(LOSS_AUC, auc);
              retainOnly
                  .map(r -> r.metric(LOSS_AUC))
                  .filter(OptionalDouble::isPresent)
                  .ifPresent(
                      r ->
                          metrics.put(
                              LOSS_AUC + "_relative",
                              Membership.relativeDifference(auc, r.getAsDouble()) / 100));
            });
    utility(metrics, arithmeticParts).ifPresent(v -> metrics.put("model_utility_arithmetic", v));
    for (String name : required) {
      if (!metrics.containsKey(name)) {
        throw new UserException(
            "metric "
                + name
                + ": found no data that it can be computed from, expected one of "
                + metrics.keySet()
                + ".");
      }
    }
    return metrics;
  }

  /**
   * The loss attack (Yeom et al., 2018): the probability that a row no model was taught has a
   * higher loss than a row to be forgotten. 0.5 where the two cannot be told apart.
   */
  private static Optional<Double> lossAttack(
      List<EvalSet> sets, Map<String, List<RowResult>> perRow) {
    double[] members = losses(EvalSet.Role.FORGET, sets, perRow);
    double[] others = losses(EvalSet.Role.HOLDOUT, sets, perRow);
    if (members.length == 0 || others.length == 0) {
      return Optional.empty();
    }
    double[] all = DoubleStream.concat(Arrays.stream(members), Arrays.stream(others)).toArray();
    boolean[] other = new boolean[all.length];
    Arrays.fill(other, members.length, all.length, true);
    return Optional.of(Statistics.rocAuc(other, all));
  }

  private static double[] losses(
      EvalSet.Role role, List<EvalSet> sets, Map<String, List<RowResult>> perRow) {
    return sets.stream()
        .filter(s -> s.role() == role)
        .flatMap(s -> perRow.get(s.name()).stream())
        .mapToDouble(r -> r.value("avg_nll").orElseThrow())
        .toArray();
  }

  private static OptionalDouble utility(Map<String, Double> metrics, Set<String> parts) {
    return parts.isEmpty() || !metrics.keySet().containsAll(parts)
        ? OptionalDouble.empty()
        : OptionalDouble.of(
            Statistics.harmonicMean(parts.stream().mapToDouble(metrics::get).toArray()));
  }

  private static Optional<Double> forgetQuality(
      EvalSet set, List<RowResult> rows, EvaluationResult reference) {
    List<RowResult> theirs = reference.rows(set.name());
    List<Integer> indices = rows.stream().map(RowResult::index).toList();
    if (!indices.equals(theirs.stream().map(RowResult::index).toList())) {
      throw new UserException(
          "forget quality: found "
              + theirs.size()
              + " "
              + set.name()
              + " rows in the evaluation of "
              + reference.model()
              + ", expected the "
              + rows.size()
              + " rows of this one in the same order.");
    }
    return all(rows, "truth_ratio")
        .flatMap(
            ours ->
                all(theirs, "truth_ratio")
                    .map(other -> KolmogorovSmirnov.twoSample(ours, other).pValue()));
  }

  /** A value of every row; empty unless every row has it. */
  private static Optional<double[]> all(List<RowResult> rows, String name) {
    return rows.isEmpty() || rows.stream().anyMatch(r -> r.value(name).isEmpty())
        ? Optional.empty()
        : Optional.of(rows.stream().mapToDouble(r -> r.value(name).orElseThrow()).toArray());
  }

  /** The mean over the rows that have a value; a one-token answer has no exact memorisation. */
  private static OptionalDouble some(List<RowResult> rows, String name) {
    double[] values = rows.stream().flatMapToDouble(r -> r.value(name).stream()).toArray();
    return values.length == 0 ? OptionalDouble.empty() : OptionalDouble.of(Statistics.mean(values));
  }
}
