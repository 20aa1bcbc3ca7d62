package org.unlearn4j.parity;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One deployed file held against the trained weights.
 *
 * @param deployed the deployed side's runtime, for instance {@code onnx:int8}
 * @param trained the trained side's runtime
 * @param equalCodes share of codes that are those of the model before; NaN where nobody compared
 * @param weights what was read back from the file
 * @param graph the file against those weights
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
    double equalCodes,
    Optional<WeightEvidence> weights,
    Optional<NumericDifference> graph) {
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
    this(
        deployed,
        trained,
        numeric,
        metrics,
        generations,
        gates,
        session,
        Double.NaN,
        Optional.empty(),
        Optional.empty());
  }

  /** The same with the share of equal codes. */
  public ParityResult withEqualCodes(double share) {
    return new ParityResult(
        deployed, trained, numeric, metrics, generations, gates, session, share, weights, graph);
  }

  /** The same with a condition more, before all others. */
  public ParityResult withGate(Gate first) {
    return withGates(List.of(first));
  }

  /** The same with conditions more, before all others. */
  public ParityResult withGates(List<Gate> first) {
    List<Gate> all = new ArrayList<>(first);
    all.addAll(gates);
    return new ParityResult(
        deployed, trained, numeric, metrics, generations, all, session, equalCodes, weights, graph);
  }

  /** Where the difference between the trained weights' logits and the file's comes from. */
  public enum Origin {
    /** The file's weights are not those that it should have. */
    WEIGHTS,
    /** The file's graph does not compute what its weights stand for. */
    GRAPH,
    /** Weights and graph are right: what is left is the number format's. */
    ROUNDING,
    /** There is none beyond the rounding of float32 sums. */
    NEITHER
  }

  /** The origin; empty where nothing was read back from the file. */
  public Optional<Origin> origin() {
    if (weights.isEmpty() || graph.isEmpty()) {
      return Optional.empty();
    }
    if (fails(Gate.Level.WEIGHTS)) {
      return Optional.of(Origin.WEIGHTS);
    }
    if (fails(Gate.Level.GRAPH)) {
      return Optional.of(Origin.GRAPH);
    }
    double graphs = graph.get().value(NumericMeasure.LOGIT_MEAN_ABS);
    double whole = numeric.value(NumericMeasure.LOGIT_MEAN_ABS);
    return Optional.of(whole > 2 * graphs ? Origin.ROUNDING : Origin.NEITHER);
  }

  private boolean fails(Gate.Level level) {
    return gates.stream().anyMatch(g -> g.level() == level && !g.pass());
  }

  /** Whether every gate holds. */
  public boolean pass() {
    return gates.stream().allMatch(Gate::pass);
  }
}
