package org.unlearn4j.eval;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * One model's evaluation on one runtime; {@code eval/<model>.<runtime>.json} of a run folder.
 *
 * @param model the model's name in reports, for instance {@code unlearned}
 * @param runtime {@code tf}, {@code onnx:fp32}, ...
 * @param suite the suite's name, for instance {@code tofu}
 * @param metrics aggregates by name; see {@link MetricInfo}
 * @param perRow rows by set
 * @param entanglement measures by layer, then by name; empty where features were not measured
 * @param pca the picture of the features, where it was made
 * @param seconds wall-clock time of scoring and generating
 * @param tokensPerSecond real tokens through the model in that time
 * @param weights SHA-256 of each file with weights that the model was read from, by file name;
 *     empty where that is not known
 * @param session how the runtime computed, by name ({@link
 *     org.unlearn4j.lm.LanguageModel#session()}); empty where nothing can be chosen
 */
public record EvaluationResult(
    String model,
    String runtime,
    String suite,
    Map<String, Double> metrics,
    Map<String, List<RowResult>> perRow,
    Map<String, Map<String, Double>> entanglement,
    Optional<FeaturePicture> pca,
    double seconds,
    double tokensPerSecond,
    Map<String, String> weights,
    Map<String, String> session) {
  public EvaluationResult {
    metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    perRow = Collections.unmodifiableMap(new LinkedHashMap<>(perRow));
    entanglement = Collections.unmodifiableMap(new LinkedHashMap<>(entanglement));
    weights = Map.copyOf(weights);
    session = Collections.unmodifiableMap(new LinkedHashMap<>(session));
  }

  /** An evaluation of which nobody says what weights it was made with. */
  public EvaluationResult(
      String model,
      String runtime,
      String suite,
      Map<String, Double> metrics,
      Map<String, List<RowResult>> perRow,
      Map<String, Map<String, Double>> entanglement,
      Optional<FeaturePicture> pca,
      double seconds,
      double tokensPerSecond) {
    this(
        model,
        runtime,
        suite,
        metrics,
        perRow,
        entanglement,
        pca,
        seconds,
        tokensPerSecond,
        Map.of(),
        Map.of());
  }

  /** An aggregate by its name. */
  public OptionalDouble metric(String name) {
    Double value = metrics.get(name);
    return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
  }

  /** The rows of a set; none where the set was not measured. */
  public List<RowResult> rows(String set) {
    return perRow.getOrDefault(set, List.of());
  }

  /** The same with what was measured of the features. */
  public EvaluationResult withFeatures(
      Map<String, Map<String, Double>> measures, Optional<FeaturePicture> picture) {
    return new EvaluationResult(
        model,
        runtime,
        suite,
        metrics,
        perRow,
        measures,
        picture,
        seconds,
        tokensPerSecond,
        weights,
        session);
  }

  /** The same with the fingerprints of the weights it was made with. */
  public EvaluationResult withWeights(Map<String, String> hashes) {
    return new EvaluationResult(
        model,
        runtime,
        suite,
        metrics,
        perRow,
        entanglement,
        pca,
        seconds,
        tokensPerSecond,
        hashes,
        session);
  }

  /** The same with how the runtime computed. */
  public EvaluationResult withSession(Map<String, String> settings) {
    return new EvaluationResult(
        model,
        runtime,
        suite,
        metrics,
        perRow,
        entanglement,
        pca,
        seconds,
        tokensPerSecond,
        weights,
        settings);
  }

  /**
   * Reads an evaluation.
   *
   * @throws org.unlearn4j.base.UserException if the file is not there or not of this form
   */
  public static EvaluationResult read(Path file) {
    return EvaluationJson.read(file);
  }

  /**
   * Writes the evaluation, whole or not at all.
   *
   * @throws org.unlearn4j.base.MachineException if the disk refuses
   */
  public void write(Path file) {
    EvaluationJson.write(this, file);
  }
}
