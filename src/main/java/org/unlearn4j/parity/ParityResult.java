package org.unlearn4j.parity;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One deployed file held against the trained weights.
 *
 * @param deployed the deployed side's runtime, for instance {@code onnx:int8}
 * @param trained the trained side's runtime
 * @param session how the deployed side computed ({@link org.unlearn4j.lm.LanguageModel#session()})
 */
public record ParityResult(
    String deployed,
    String trained,
    NumericDifference numeric,
    List<MetricDifference> metrics,
    GenerationDifferences generations,
    List<Gate> gates,
    Map<String, String> session,
    double equalCodes) {
  public ParityResult {
    metrics = List.copyOf(metrics);
    gates = List.copyOf(gates);
    session = Collections.unmodifiableMap(new LinkedHashMap<>(session));
  }

  /** A result of which nobody has compared codes. */
  public ParityResult(
      String deployed,
      String trained,
      NumericDifference numeric,
      List<MetricDifference> metrics,
      GenerationDifferences generations,
      List<Gate> gates,
      Map<String, String> session) {
    this(deployed, trained, numeric, metrics, generations, gates, session, Double.NaN);
  }

  /** The same with the share of equal codes. */
  public ParityResult withEqualCodes(double share) {
    return new ParityResult(
        deployed, trained, numeric, metrics, generations, gates, session, share);
  }

  /** The same with a condition more, before all others. */
  public ParityResult withGate(Gate first) {
    List<Gate> all = new ArrayList<>(List.of(first));
    all.addAll(gates);
    return new ParityResult(
        deployed, trained, numeric, metrics, generations, all, session, equalCodes);
  }

  /** Whether every gate holds. */
  public boolean pass() {
    return gates.stream().allMatch(Gate::pass);
  }
}
