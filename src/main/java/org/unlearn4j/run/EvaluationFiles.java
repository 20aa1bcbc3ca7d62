package org.unlearn4j.run;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.train.EventLog;
import org.unlearn4j.weights.Variant;

/** Evaluations of a run folder: how they are written, and which of them may be used again. */
public final class EvaluationFiles {
  private final Optional<Path> folder;
  private final Fingerprints fingerprints;
  private final PrintStream log;

  /**
   * The evaluations that may be used again.
   *
   * @param folder empty for none
   * @param log for notes on evaluations that may not
   */
  EvaluationFiles(Optional<Path> folder, Fingerprints fingerprints, PrintStream log) {
    this.folder = folder;
    this.fingerprints = fingerprints;
    this.log = log;
  }

  /**
   * The name of the evaluation of an unlearned model's deployed file: fp32 is what {@code onnx}
   * alone stands for.
   */
  public static String ofDeployed(Variant variant) {
    return variant == Variant.FP32
        ? "unlearned.onnx.json"
        : "unlearned.onnx-" + variant.label() + ".json";
  }

  /** Whether there is a file of that name, of whatever weights. */
  boolean has(String name) {
    return file(name).isPresent();
  }

  /** An evaluation as it is, of a model that nobody has at hand. */
  Optional<EvaluationResult> readUnchecked(String name) {
    return file(name).map(EvaluationResult::read);
  }

  /**
   * An evaluation, provided that it was made with the weights that are there now: a file that lies
   * in the folder may be left from another training.
   *
   * @param name for instance {@code unlearned.tf.json}
   * @param model folder or file that the model would be read from
   * @param runtime as {@link RuntimeModels#open} has it
   */
  Optional<EvaluationResult> read(String name, Path model, String runtime) {
    return read(name, model, runtime, Map.of());
  }

  /**
   * The same, provided also that it was computed as it would be now.
   *
   * @param session what its {@link EvaluationResult#session} must say
   */
  Optional<EvaluationResult> read(
      String name, Path model, String runtime, Map<String, String> session) {
    Optional<EvaluationResult> found = readUnchecked(name);
    if (found.isEmpty()) {
      return found;
    }
    Map<String, String> now = fingerprints.ofWeights(model, runtime);
    if (!found.get().weights().equals(now)) {
      log.println(
          name
              + (found.get().weights().isEmpty()
                  ? " does not say which weights it was made with"
                  : " was made with other weights than " + model + " has")
              + ": measured again.");
      return Optional.empty();
    }
    if (!found.get().session().entrySet().containsAll(session.entrySet())) {
      log.println(
          name
              + " was made with "
              + (found.get().session().isEmpty()
                  ? "settings that it does not name"
                  : found.get().session())
              + ", not with "
              + session
              + ": measured again.");
      return Optional.empty();
    }
    return found;
  }

  private Optional<Path> file(String name) {
    return folder.map(f -> f.resolve(name)).filter(Files::isRegularFile);
  }

  /**
   * Writes an evaluation, and its metrics and features for TensorBoard: {@code
   * logs/tensorboard/eval-<model>.<runtime>/} of the run folder that {@code eval/} lies in, beside
   * the curves of training; of another file, beside that file. An older evaluation of that name is
   * replaced in both.
   *
   * @param file {@code eval/<model>.<runtime>.json} of a run folder
   */
  public static void write(EvaluationResult result, Path file) {
    result.write(file);
    Path parent = file.toAbsolutePath().getParent();
    boolean inRun = parent.endsWith("eval") && parent.getParent() != null;
    String name = String.valueOf(file.getFileName()).replaceFirst("[.]json$", "");
    EventLog.replace(
        (inRun ? parent.getParent() : parent).resolve("logs/tensorboard/eval-" + name),
        scalars(result));
  }

  /** Metrics by name, and measures of the features as {@code entanglement/LAYER/MEASURE}. */
  private static Map<String, Double> scalars(EvaluationResult result) {
    Map<String, Double> scalars = new LinkedHashMap<>(result.metrics());
    result
        .entanglement()
        .forEach(
            (layer, measures) ->
                measures.forEach(
                    (name, value) -> scalars.put("entanglement/" + layer + "/" + name, value)));
    return scalars;
  }
}
