package org.unlearn4j.run;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.onnx.OrtModel;
import org.unlearn4j.onnx.Provenance;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.GateSubject;

/**
 * Was a deployed file made from the weights that it is held against? Its metadata say from which it
 * was. A file left over from an earlier training may be near enough to pass every limit on reduced
 * precision.
 */
final class SourceWeightsGate {
  private SourceWeightsGate() {}

  /**
   * The gate: how many weight files differ, at most none. A file that does not say what it was made
   * from differs in all of them.
   *
   * @param trained SHA-256 of the trained model's weight files, by name
   */
  static Gate of(LanguageModel deployed, Map<String, String> trained) {
    Map<String, String> made =
        deployed instanceof OrtModel file ? Provenance.sources(file.metadata()) : Map.of();
    return Gate.atMost(GateSubject.Whole.SOURCE_WEIGHTS, different(made, trained), 0);
  }

  private static int different(Map<String, String> made, Map<String, String> trained) {
    Set<String> names = new TreeSet<>(made.keySet());
    names.addAll(trained.keySet());
    return (int)
        names.stream().filter(n -> !trained.getOrDefault(n, "").equals(made.get(n))).count();
  }
}
