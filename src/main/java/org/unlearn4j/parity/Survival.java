package org.unlearn4j.parity;

import java.util.ArrayList;
import java.util.List;
import org.unlearn4j.eval.EvaluationResult;

/**
 * Did forgetting survive deployment? Reduced precision is known to bring forgotten knowledge back
 * (Zhang et al., ICLR 2025).
 *
 * <p>Judged by probability, truth ratio and extraction strength: ROUGE falls from flipped argmaxes
 * alone, which is not forgetting.
 */
final class Survival {
  private static final List<String> FORGET_METRICS =
      List.of(
          "forget_prob",
          "forget_truth_ratio",
          "extraction_strength",
          "verbmem_prob",
          "wmdp_accuracy");

  private Survival() {}

  /**
   * The gates: {@code rebound_<metric>}, the share of the way from before to trained that the
   * deployed file goes back (negative where it goes further away), and {@code model_utility_fall}.
   *
   * <p>A metric that unlearning moved by less than the metrics' tolerance has no way to go back and
   * is left out; where that is so for all of them, unlearning did nothing, and the gate {@code
   * rebound} fails with NaN.
   */
  static List<Gate> gates(
      EvaluationResult before,
      EvaluationResult trained,
      EvaluationResult deployed,
      ParityGates limits) {
    List<Gate> gates = new ArrayList<>();
    for (String name : FORGET_METRICS) {
      if (before.metric(name).isEmpty() && trained.metric(name).isEmpty()) {
        continue; // another suite's
      }
      double from = value(before, name);
      double to = value(trained, name);
      if (!(Math.abs(from - to) < limits.metricAtol())) { // NaN stays in, and fails
        double rebound = (value(deployed, name) - to) / (from - to);
        gates.add(
            Gate.atMost(Gate.Level.SURVIVAL, "rebound_" + name, rebound, limits.reboundMax()));
      }
    }
    if (gates.isEmpty()) {
      gates.add(Gate.atMost(Gate.Level.SURVIVAL, "rebound", Double.NaN, limits.reboundMax()));
    }
    double fall = value(trained, "model_utility") - value(deployed, "model_utility");
    gates.add(Gate.atMost(Gate.Level.SURVIVAL, "model_utility_fall", fall, limits.metricAtol()));
    return gates;
  }

  private static double value(EvaluationResult result, String name) {
    return result.metric(name).orElse(Double.NaN);
  }
}
