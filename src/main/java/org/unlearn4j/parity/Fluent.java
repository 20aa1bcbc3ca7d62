package org.unlearn4j.parity;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.config.VerifyLimit;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Metric;

/** Does a deployed file still say something sensible? Judged where the pipeline has a limit. */
final class Fluent {
  /** The limit of each metric, by its name. */
  static final Map<String, VerifyLimit> METRICS = metrics();

  private Fluent() {}

  private static Map<String, VerifyLimit> metrics() {
    Map<String, VerifyLimit> metrics = new LinkedHashMap<>();
    metrics.put(Metric.FLUENCY_REFUSALS.key(), VerifyLimit.REFUSALS_MAX);
    metrics.put(Metric.FLUENCY_REPETITION.key(), VerifyLimit.REPETITION_MAX);
    metrics.put(Metric.FLUENCY_PERPLEXITY.key(), VerifyLimit.PERPLEXITY_MAX);
    return Collections.unmodifiableMap(metrics);
  }

  /** Gates of the limits that there are; a metric that was not measured fails its limit. */
  static List<Gate> gates(EvaluationResult deployed, ParityGates limits) {
    List<Gate> gates = new ArrayList<>();
    METRICS.forEach(
        (name, limit) -> {
          if (limits.limits().containsKey(limit)) {
            double value = deployed.metric(name).orElse(Double.NaN);
            gates.add(limits.gate(new GateSubject.Text(name), value, limit));
          }
        });
    return gates;
  }
}
