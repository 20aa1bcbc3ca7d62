package org.unlearn4j.requests;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Membership;
import org.unlearn4j.eval.MembershipAttack;
import org.unlearn4j.eval.Metric;
import org.unlearn4j.ledger.History;

/**
 * What came of one strategy and seed.
 *
 * @param history of its ledger
 * @param last evaluation of the last deployed file by the rows of all requests
 * @param retainOnly evaluation of the retain-only model by the same rows, where there is one
 */
record StrategyOutcome(
    StrategyStudy.Row row,
    long seed,
    History history,
    EvaluationResult last,
    Optional<EvaluationResult> retainOnly) {

  /** The evaluation of the model in use, which its run left. */
  static EvaluationResult last(Path root, History history) {
    Path file = run(root, history).resolve("check/deployed.json");
    if (!Files.isRegularFile(file)) {
      throw new MachineException(file + ": is gone; remove " + root + " to measure again.");
    }
    return EvaluationResult.read(file);
  }

  /** The run that made the model in use. */
  static Path run(Path root, History history) {
    return root.resolve(history.inUse().orElseThrow().what().run());
  }

  int steps() {
    return history.steps().size();
  }

  int requests() {
    return history.forgotten().size();
  }

  /** The step, from 0, that unlearned a request. */
  int step(int request) {
    String name = history.forgotten().get(request);
    return IntStream.range(0, steps())
        .filter(i -> history.steps().get(i).what().requests().containsKey(name))
        .findFirst()
        .orElseThrow();
  }

  /** Forget probability of a request after a step, from 0; NaN where it was not asked yet. */
  double probability(int step, int request) {
    if (step >= steps() || request >= requests() || step < step(request)) {
      return Double.NaN;
    }
    return check(step, request, History.HELD_BY);
  }

  private double check(int step, int request, String metric) {
    return history
        .steps()
        .get(step)
        .what()
        .checks()
        .getOrDefault(history.forgotten().get(request), Map.of())
        .getOrDefault(metric, Double.NaN);
  }

  /** Mean forget probability over requests, each right after its own run. */
  double own() {
    return overRequests(r -> probability(step(r), r));
  }

  /** The same of the last model. */
  double end() {
    return overRequests(r -> probability(steps() - 1, r));
  }

  /** Mean extraction strength over requests, of the last model. */
  double extraction() {
    return overRequests(r -> check(steps() - 1, r, Metric.EXTRACTION_STRENGTH.key()));
  }

  private double overRequests(IntToDoubleFunction of) {
    return IntStream.range(0, requests()).mapToDouble(of).average().orElse(Double.NaN);
  }

  /** How far the request that rose most is over what it was right after its own run. */
  double rise() {
    double most = Double.NEGATIVE_INFINITY;
    for (int request = 0; request < requests(); request++) {
      double own = probability(step(request), request);
      for (int step = step(request); step < steps(); step++) {
        most = Math.max(most, probability(step, request) - own);
      }
    }
    return most;
  }

  /** Share of the first model's utility that is left. */
  double utility() {
    List<Double> all = history.utility();
    return all.get(all.size() - 1);
  }

  /** Of all runs together. */
  double seconds() {
    return history.steps().stream().mapToDouble(s -> s.what().seconds()).sum();
  }

  /** AUC of the loss attack on all that was forgotten against a holdout; NaN without one. */
  double membership() {
    return last.metric(MembershipAttack.LOSS.auc()).orElse(Double.NaN);
  }

  /** {@link Membership#privLeak}; NaN without a holdout or a retain-only model. */
  double privLeak() {
    String auc = MembershipAttack.MIN_K_40.auc();
    OptionalDouble ours = last.metric(auc);
    OptionalDouble theirs = retainOnly.map(r -> r.metric(auc)).orElse(OptionalDouble.empty());
    return ours.isPresent() && theirs.isPresent()
        ? Membership.privLeak(ours.getAsDouble(), theirs.getAsDouble())
        : Double.NaN;
  }
}
