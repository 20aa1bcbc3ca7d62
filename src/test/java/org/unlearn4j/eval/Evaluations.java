package org.unlearn4j.eval;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Evaluations of tests, which nobody has to measure. */
public final class Evaluations {
  private Evaluations() {}

  /** An evaluation of which nobody says what weights it was made with. */
  public static EvaluationResult of(
      String model,
      String runtime,
      String suite,
      Map<String, Double> metrics,
      Map<String, List<RowResult>> perRow,
      Map<String, Map<String, Double>> entanglement,
      Optional<FeaturePicture> pca,
      double seconds,
      double tokensPerSecond) {
    return new EvaluationResult(
        new EvaluationResult.Measured(model, runtime),
        new EvaluationResult.Scores(suite, metrics, perRow),
        new EvaluationResult.Features(entanglement, pca, Map.of()),
        new EvaluationResult.Timing(seconds, tokensPerSecond));
  }
}
