package org.unlearn4j.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Suite;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.onnx.Provenance;
import org.unlearn4j.parity.ParityCheck;
import org.unlearn4j.parity.ParityGates;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.parity.Survival;
import org.unlearn4j.parity.Verdict;
import org.unlearn4j.weights.Variant;

/** Holds deployed files against the trained weights. */
public final class VerifyStage {
  /** Keeps batches small; where the vocabulary is large they are smaller still. */
  static final int TOKEN_BUDGET = 1024;

  static final int DECODE_TOKENS = 16;

  private final Pipeline pipeline;

  public VerifyStage(Pipeline pipeline) {
    this.pipeline = pipeline;
  }

  /**
   * Compares an unlearned model under TensorFlow with its exported folder, and writes the verdict
   * into that folder's {@code unlearning.json} ({@link DeployedRecord}). Files of the folder that
   * nobody has judged are named on stderr.
   *
   * @param evaluations folder with {@code unlearned.tf.json}, {@code unlearned.onnx*.json}, {@code
   *     target.tf.json} and, where there is one, {@code retain.tf.json}; what is missing, or was
   *     made with other weights or another execution provider than those that are held against each
   *     other, is measured now
   * @throws UserException if there is a file of reduced precision, but no model before unlearning:
   *     nobody could tell whether it is still unlearned
   */
  public Verdict run(Path model, Path onnx, List<Variant> variants, Optional<Path> evaluations) {
    EvaluateStage evaluate = new EvaluateStage(pipeline);
    EvaluationFiles kept = new EvaluationFiles(evaluations, evaluate.fingerprints(), System.err);
    // Forget quality must be on both sides or on neither.
    Optional<EvaluationResult> retainOnly =
        kept.has("retain.tf.json")
            ? other(evaluate, kept, "retain", pipeline.model().reference(), Optional.empty())
            : Optional.empty();
    Optional<EvaluationResult> target =
        other(evaluate, kept, "target", pipeline.model().path(), retainOnly);
    requireTarget(target, variants);
    EvaluationResult trained =
        measured(evaluate, kept, "unlearned.tf.json", model, "tf", retainOnly);
    // Before the trained model is opened: what is measured now opens models of its own.
    Map<String, EvaluationResult> deployed = new LinkedHashMap<>();
    for (Variant variant : variants) {
      String file = EvaluationFiles.ofDeployed(variant);
      String runtime = RuntimeModels.runtime(variant);
      deployed.put(runtime, measured(evaluate, kept, file, onnx, runtime, retainOnly));
    }
    Map<String, String> sources = evaluate.fingerprints().ofWeights(model, "tf");
    List<ParityResult> results = new ArrayList<>();
    try (LanguageModel a = evaluate.open(model, "tf");
        TaskData data = evaluate.data(model, a)) {
      Suite suite =
          Suites.of(pipeline, data, a.shape().maxPositions(), EvalSet.Role.GENERATED).suite();
      List<TokenRow> rows = new ArrayList<>(suite.rows(EvalSet.Role.FORGET));
      rows.addAll(suite.rows(EvalSet.Role.RETAIN));
      for (Variant variant : variants) {
        String runtime = RuntimeModels.runtime(variant);
        ParityCheck check =
            new ParityCheck(
                ParityGates.of(pipeline.verify(), variant), TOKEN_BUDGET, DECODE_TOKENS);
        try (LanguageModel b = evaluate.open(onnx, runtime);
            EvaluateStage.Bars bars = new EvaluateStage.Bars("verify " + runtime)) {
          results.add(
              check
                  .run(a, b, rows, trained, deployed.get(runtime), target, bars)
                  .withGate(SourceWeightsGate.of(b, sources))
                  .withEqualCodes(equalCodes(onnx, variant)));
        }
      }
    }
    Verdict verdict = new Verdict(results, Survival.table(target, retainOnly, trained, deployed));
    DeployedRecord.write(
        onnx, verdict, new DeployedRecord.Measured(target, retainOnly, trained, deployed));
    DeployedRecord.unjudged(onnx, variants).forEach(System.err::println);
    return verdict;
  }

  /** What export has counted, where it was given the model before; NaN where it was not. */
  private static double equalCodes(Path onnx, Variant variant) {
    Path counted = onnx.resolve(Provenance.QUANTIZATION_FILE);
    if (!Files.isRegularFile(counted)) {
      return Double.NaN;
    }
    JsonInput share =
        JsonInput.read(counted, "what export counted of codes")
            .get("variants")
            .get(variant.label())
            .get("equal_codes");
    return share.present() ? share.number() : Double.NaN;
  }

  private static void requireTarget(Optional<EvaluationResult> target, List<Variant> variants) {
    Optional<Variant> reduced = variants.stream().filter(v -> v != Variant.FP32).findFirst();
    if (target.isEmpty() && reduced.isPresent()) {
      throw new UserException(
          "model.path: found no model before unlearning, nor its evaluation target.tf.json,"
              + " expected one: without it nobody can tell whether forgetting survives in the "
              + reduced.get().label()
              + " file.");
    }
  }

  private static EvaluationResult measured(
      EvaluateStage evaluate,
      EvaluationFiles kept,
      String file,
      Path model,
      String runtime,
      Optional<EvaluationResult> retainOnly) {
    return kept.read(file, model, runtime, evaluate.session(runtime))
        .orElseGet(
            () -> evaluate.run(new EvaluateStage.Request("unlearned", model, runtime, retainOnly)));
  }

  /**
   * The evaluation of a model that the verdict is relative to; empty where there is neither such a
   * file nor such a model.
   *
   * @param model where the pipeline has it; without that, the file is taken at its word
   */
  private static Optional<EvaluationResult> other(
      EvaluateStage evaluate,
      EvaluationFiles kept,
      String name,
      Optional<Path> model,
      Optional<EvaluationResult> retainOnly) {
    String file = name + ".tf.json";
    Optional<Path> there = model.filter(Files::isDirectory);
    if (there.isEmpty()) {
      return kept.readUnchecked(file);
    }
    return kept.read(file, there.get(), "tf")
        .or(
            () ->
                Optional.of(
                    evaluate.run(new EvaluateStage.Request(name, there.get(), "tf", retainOnly))));
  }
}
