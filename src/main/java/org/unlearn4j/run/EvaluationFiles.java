package org.unlearn4j.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Routing;
import org.unlearn4j.train.EventLog;
import org.unlearn4j.weights.Variant;

/** Evaluations of a run folder: what they are called, how they are written, what they say. */
public final class EvaluationFiles {
  /** What says how fast it was, not what came out. */
  private static final List<String> TIMES = List.of("seconds", "tokens_per_second");

  private EvaluationFiles() {}

  /**
   * The name of the evaluation of an unlearned model's deployed file: fp32 is what {@code onnx}
   * alone stands for.
   */
  public static String ofDeployed(Variant variant) {
    return variant == Variant.FP32
        ? "unlearned.onnx.json"
        : "unlearned.onnx-" + variant.label() + ".json";
  }

  /** SHA-256 of what an evaluation says, whatever time it took. */
  public static String meaning(Path file, FileHashes hashes) {
    return hashes.of(file, "evaluation", EvaluationFiles::meaning);
  }

  private static String meaning(Path file) {
    JsonInput input = JsonInput.read(file, "an evaluation");
    if (!(input.node() instanceof ObjectNode root)) {
      throw input.mistake("a JSON object");
    }
    return Hashes.sha256(root.deepCopy().remove(TIMES).toString());
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

  /**
   * Metrics by name, measures of the features as {@code entanglement/LAYER/MEASURE}, and means of
   * where tokens go as {@code routing/SET/MEASURE}.
   */
  private static Map<String, Double> scalars(EvaluationResult result) {
    Map<String, Double> scalars = new LinkedHashMap<>(result.metrics());
    result
        .entanglement()
        .forEach(
            (layer, measures) ->
                measures.forEach(
                    (name, value) -> scalars.put("entanglement/" + layer + "/" + name, value)));
    result
        .routing()
        .forEach(
            (set, routing) ->
                Routing.OF_CHANGE.forEach(
                    measure ->
                        routing
                            .mean(measure)
                            .ifPresent(v -> scalars.put("routing/" + set + "/" + measure, v))));
    return scalars;
  }
}
