package org.unlearn4j.parity;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.MetricInfo;

/**
 * One benchmark metric on both sides; NaN where a side does not have it.
 *
 * @param name the metric's name
 * @param trained its value for the trained weights
 * @param deployed its value for the deployed file
 */
public record MetricDifference(String name, double trained, double deployed) {

  /**
   * Every metric that either side has, less those of which a runtime without gradients has none.
   */
  static List<MetricDifference> between(EvaluationResult trained, EvaluationResult deployed) {
    Set<String> names = new LinkedHashSet<>(trained.metrics().keySet());
    names.addAll(deployed.metrics().keySet());
    List<MetricDifference> differences = new ArrayList<>();
    for (String name : names) {
      if (MetricInfo.of(name).map(MetricInfo::needsGradients).orElse(false)) {
        continue;
      }
      differences.add(
          new MetricDifference(
              name,
              trained.metric(name).orElse(Double.NaN),
              deployed.metric(name).orElse(Double.NaN)));
    }
    return differences;
  }

  /** |trained - deployed|, in the metric's own unit ({@link MetricInfo#distance}). */
  public double difference() {
    return MetricInfo.of(name)
        .map(info -> info.distance(trained, deployed))
        .orElseGet(() -> Math.abs(trained - deployed));
  }
}
