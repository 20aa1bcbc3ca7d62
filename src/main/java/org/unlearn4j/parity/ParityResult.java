package org.unlearn4j.parity;

import java.util.List;

/**
 * One deployed file held against the trained weights.
 *
 * @param deployed the deployed side's runtime, for instance {@code onnx:int8}
 * @param trained the trained side's runtime
 */
public record ParityResult(
    String deployed,
    String trained,
    NumericDifference numeric,
    List<MetricDifference> metrics,
    GenerationDifferences generations,
    List<Gate> gates) {
  public ParityResult {
    metrics = List.copyOf(metrics);
    gates = List.copyOf(gates);
  }

  /** Whether every gate holds. */
  public boolean pass() {
    return gates.stream().allMatch(Gate::pass);
  }
}
