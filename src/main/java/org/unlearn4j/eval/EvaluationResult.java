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
 * @param of which model, and how it computed
 * @param scores what the suite measured
 * @param features what was measured of the features
 * @param timing how long it took
 */
public record EvaluationResult(Measured of, Scores scores, Features features, Timing timing) {

  /**
   * What was measured.
   *
   * @param model the model's name in reports, for instance {@code unlearned}
   * @param runtime {@code tf}, {@code onnx:fp32}, ...
   * @param weights SHA-256 of each file with weights that the model was read from, by file name;
   *     empty where that is not known
   * @param session how the runtime computed, by name ({@link
   *     org.unlearn4j.lm.LanguageModel#session()}); empty where nothing can be chosen
   */
  public record Measured(
      String model, String runtime, Map<String, String> weights, Map<String, String> session) {
    public Measured {
      weights = Map.copyOf(weights);
      session = Collections.unmodifiableMap(new LinkedHashMap<>(session));
    }

    /** A model of which nobody says what weights it was read from. */
    public Measured(String model, String runtime) {
      this(model, runtime, Map.of(), Map.of());
    }
  }

  /**
   * What a suite measured.
   *
   * @param suite the suite's name, for instance {@code tofu}
   * @param metrics aggregates by name; see {@link MetricInfo}
   * @param perRow rows by set
   */
  public record Scores(
      String suite, Map<String, Double> metrics, Map<String, List<RowResult>> perRow) {
    public Scores {
      metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
      perRow = Collections.unmodifiableMap(new LinkedHashMap<>(perRow));
    }
  }

  /**
   * What was measured of the features.
   *
   * @param entanglement measures by layer, then by name; empty where features were not measured
   * @param pca the picture of the features, where it was made
   * @param routing by set, {@code forget} and {@code retain}; empty of a dense model
   */
  public record Features(
      Map<String, Map<String, Double>> entanglement,
      Optional<FeaturePicture> pca,
      Map<String, Routing> routing) {
    /** Features that were not measured. */
    public static final Features NONE = new Features(Map.of(), Optional.empty(), Map.of());

    public Features {
      entanglement = Collections.unmodifiableMap(new LinkedHashMap<>(entanglement));
      routing = Collections.unmodifiableMap(new LinkedHashMap<>(routing));
    }
  }

  /**
   * How long it took.
   *
   * @param seconds wall-clock time of scoring and generating
   * @param tokensPerSecond real tokens through the model in that time
   */
  public record Timing(double seconds, double tokensPerSecond) {}

  /** The model's name in reports. */
  public String model() {
    return of.model();
  }

  /** See {@link Measured}. */
  public String runtime() {
    return of.runtime();
  }

  /** See {@link Measured}. */
  public Map<String, String> weights() {
    return of.weights();
  }

  /** See {@link Measured}. */
  public Map<String, String> session() {
    return of.session();
  }

  /** The suite's name. */
  public String suite() {
    return scores.suite();
  }

  /** Aggregates by name. */
  public Map<String, Double> metrics() {
    return scores.metrics();
  }

  /** Rows by set. */
  public Map<String, List<RowResult>> perRow() {
    return scores.perRow();
  }

  /** See {@link Features}. */
  public Map<String, Map<String, Double>> entanglement() {
    return features.entanglement();
  }

  /** See {@link Features}. */
  public Optional<FeaturePicture> pca() {
    return features.pca();
  }

  /** See {@link Features}. */
  public Map<String, Routing> routing() {
    return features.routing();
  }

  /** See {@link Timing}. */
  public double seconds() {
    return timing.seconds();
  }

  /** See {@link Timing}. */
  public double tokensPerSecond() {
    return timing.tokensPerSecond();
  }

  /** An aggregate by its name. */
  public OptionalDouble metric(String name) {
    Double value = metrics().get(name);
    return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
  }

  /** The rows of a set; none where the set was not measured. */
  public List<RowResult> rows(String set) {
    return perRow().getOrDefault(set, List.of());
  }

  /** The same with what was measured of the features. */
  public EvaluationResult withFeatures(
      Map<String, Map<String, Double>> measures, Optional<FeaturePicture> picture) {
    return new EvaluationResult(of, scores, new Features(measures, picture, routing()), timing);
  }

  /** The same with where tokens were sent, by set. */
  public EvaluationResult withRouting(Map<String, Routing> bySet) {
    return new EvaluationResult(of, scores, new Features(entanglement(), pca(), bySet), timing);
  }

  /** The same with the fingerprints of the weights it was made with. */
  public EvaluationResult withWeights(Map<String, String> hashes) {
    return new EvaluationResult(
        new Measured(of.model, of.runtime, hashes, of.session), scores, features, timing);
  }

  /** The same with how the runtime computed. */
  public EvaluationResult withSession(Map<String, String> settings) {
    return new EvaluationResult(
        new Measured(of.model, of.runtime, of.weights, settings), scores, features, timing);
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
