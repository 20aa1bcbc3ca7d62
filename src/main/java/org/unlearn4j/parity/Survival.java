package org.unlearn4j.parity;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.config.VerifyLimit;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Metric;
import org.unlearn4j.eval.RelearnResult;

/**
 * Did forgetting survive deployment? Reduced precision is known to bring forgotten knowledge back
 * (Zhang et al., ICLR 2025).
 *
 * <p>Judged by probability, truth ratio and extraction strength: ROUGE falls from flipped argmaxes
 * alone, which is not forgetting.
 *
 * @param metric the metric's name
 * @param judged whether a gate is on it
 * @param target before unlearning; NaN where it was not measured, as below
 * @param retainOnly of the model that never saw what is forgotten
 * @param unlearned the trained weights
 * @param deployed each file's, by its runtime
 */
public record Survival(
    String metric,
    boolean judged,
    double target,
    double retainOnly,
    double unlearned,
    Map<String, Double> deployed) {
  private static final List<String> UTILITY = keys(Metric.Judged.BY_FALL);
  private static final List<String> FORGET_METRICS = keys(Metric.Judged.BY_REBOUND);

  private static List<String> keys(Metric.Judged how) {
    return Metric.judged(how).stream().map(Metric::key).toList();
  }

  public Survival {
    deployed = Collections.unmodifiableMap(new LinkedHashMap<>(deployed));
  }

  /**
   * The share of the way from unlearned back to target that a file goes: 0 for nothing, 1 for all
   * of it, negative where it goes further away; NaN where unlearning moved the metric by less than
   * {@link RelearnResult#LEAST_WAY}, or anything was not measured.
   *
   * @param runtime of the deployed file
   */
  public double rebound(String runtime) {
    return UTILITY.contains(metric)
        ? Double.NaN
        : rebound(target, unlearned, deployed.getOrDefault(runtime, Double.NaN));
  }

  private static double rebound(double target, double unlearned, double deployed) {
    return moved(target, unlearned) ? (deployed - unlearned) / (target - unlearned) : Double.NaN;
  }

  /** NaN counts as moved, so that it is not passed over. */
  private static boolean moved(double target, double unlearned) {
    return !(Math.abs(target - unlearned) < RelearnResult.LEAST_WAY);
  }

  /**
   * The gates: {@link GateSubject.Rebound} of every {@link Metric.Judged#BY_REBOUND}, and {@link
   * GateSubject.Fall} of the first {@link Metric.Judged#BY_FALL} that the suite has.
   *
   * <p>A metric that unlearning did not move has no way to go back and is left out; where that is
   * so for all of them, unlearning did nothing, and the gate {@code rebound} fails with NaN.
   */
  static List<Gate> gates(
      EvaluationResult target,
      EvaluationResult trained,
      EvaluationResult deployed,
      ParityGates limits) {
    List<Gate> gates = new ArrayList<>();
    rebounds(target, trained, deployed)
        .forEach(
            (name, rebound) ->
                gates.add(
                    limits.gate(GateSubject.Rebound.of(name), rebound, VerifyLimit.REBOUND_MAX)));
    if (gates.isEmpty()) {
      gates.add(
          limits.gate(
              new GateSubject.Rebound(Optional.empty()), Double.NaN, VerifyLimit.REBOUND_MAX));
    }
    utility(trained, deployed)
        .ifPresent(
            name ->
                gates.add(
                    limits.gate(
                        new GateSubject.Fall(name),
                        value(trained, name) - value(deployed, name),
                        VerifyLimit.UTILITY_FALL_MAX)));
    return gates;
  }

  /**
   * The largest of the rebounds that are judged; NaN where unlearning moved none of the metrics, or
   * one of them was not measured of the file.
   */
  public static double largestRebound(
      EvaluationResult target, EvaluationResult trained, EvaluationResult deployed) {
    return rebounds(target, trained, deployed).values().stream()
        .reduce(Math::max) // NaN wins
        .orElse(Double.NaN);
  }

  /** Of every judged metric that unlearning moved, by name. */
  private static Map<String, Double> rebounds(
      EvaluationResult target, EvaluationResult trained, EvaluationResult deployed) {
    Map<String, Double> rebounds = new LinkedHashMap<>();
    for (String name : FORGET_METRICS) {
      if (target.metric(name).isEmpty() && trained.metric(name).isEmpty()) {
        continue; // another suite's
      }
      double from = value(target, name);
      double to = value(trained, name);
      if (moved(from, to)) {
        rebounds.put(name, rebound(from, to, value(deployed, name)));
      }
    }
    return rebounds;
  }

  /**
   * The table: a row a metric, what is judged first.
   *
   * @param deployed each file's evaluation, by its runtime
   */
  public static List<Survival> table(
      Optional<EvaluationResult> target,
      Optional<EvaluationResult> retainOnly,
      EvaluationResult unlearned,
      Map<String, EvaluationResult> deployed) {
    Set<String> names = new LinkedHashSet<>(FORGET_METRICS);
    names.addAll(keys(Metric.Judged.SHOWN));
    names.addAll(UTILITY);
    List<Survival> rows = new ArrayList<>();
    for (String name : names) {
      if (unlearned.metric(name).isEmpty()) {
        continue;
      }
      double before = value(target, name);
      boolean forget = FORGET_METRICS.contains(name) && moved(before, value(unlearned, name));
      boolean utility = utility(unlearned, unlearned).filter(name::equals).isPresent();
      Map<String, Double> files = new LinkedHashMap<>();
      deployed.forEach((runtime, result) -> files.put(runtime, value(result, name)));
      rows.add(
          new Survival(
              name,
              target.isPresent() && (forget || utility),
              before,
              value(retainOnly, name),
              value(unlearned, name),
              files));
    }
    return rows;
  }

  /** The measure of what is kept; a suite may have none. */
  private static Optional<String> utility(EvaluationResult trained, EvaluationResult deployed) {
    return UTILITY.stream()
        .filter(name -> trained.metric(name).isPresent() || deployed.metric(name).isPresent())
        .findFirst();
  }

  private static double value(Optional<EvaluationResult> result, String name) {
    return result.map(r -> value(r, name)).orElse(Double.NaN);
  }

  private static double value(EvaluationResult result, String name) {
    return result.metric(name).orElse(Double.NaN);
  }
}
