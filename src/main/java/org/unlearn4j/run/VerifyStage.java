package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.VerifySettings;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Suite;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.parity.ParityCheck;
import org.unlearn4j.parity.ParityGates;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.parity.Verdict;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.TensorFlowModel;

/** Holds deployed files against the trained weights. */
public final class VerifyStage {
  /** Keeps batches small; where the vocabulary is large they are smaller still. */
  private static final int TOKEN_BUDGET = 1024;

  private static final int DECODE_TOKENS = 16;

  private final Pipeline pipeline;

  public VerifyStage(Pipeline pipeline) {
    this.pipeline = pipeline;
  }

  /**
   * Compares an unlearned model under TensorFlow with its exported folder.
   *
   * @param evaluations folder with {@code unlearned.tf.json}, {@code unlearned.onnx*.json} and,
   *     where they are there, {@code target.tf.json} and {@code retain.tf.json}; what is missing,
   *     or was made with other weights than those that are held against each other, is measured now
   */
  public Verdict run(Path model, Path onnx, List<String> variants, Optional<Path> evaluations) {
    EvaluateStage evaluate = new EvaluateStage(pipeline);
    EvaluationFiles kept = new EvaluationFiles(evaluations, evaluate.fingerprints(), System.err);
    // Forget quality must be on both sides or on neither.
    Optional<EvaluationResult> retainOnly =
        other(evaluate, kept, "retain", pipeline.model().reference(), Optional.empty());
    EvaluationResult trained =
        kept.read("unlearned.tf.json", model, "tf")
            .orElseGet(
                () ->
                    evaluate.run(new EvaluateStage.Request("unlearned", model, "tf", retainOnly)));
    Optional<EvaluationResult> before =
        other(evaluate, kept, "target", pipeline.model().path(), retainOnly);
    VerifySettings v = pipeline.verify();
    ParityGates gates =
        new ParityGates(
            v.logitAtol(),
            v.klMax(),
            v.top1Min(),
            v.metricAtol(),
            v.generationsMin(),
            v.reboundMax());
    Computation computation = RuntimeModels.measuring(pipeline.model());
    List<ParityResult> results = new ArrayList<>();
    for (String variant : variants) {
      String runtime = "onnx:" + variant;
      String file =
          variant.equals("fp32") ? "unlearned.onnx.json" : "unlearned.onnx-" + variant + ".json";
      EvaluationResult deployed =
          kept.read(file, onnx, runtime)
              .orElseGet(
                  () ->
                      evaluate.run(
                          new EvaluateStage.Request("unlearned", onnx, runtime, retainOnly)));
      try (TensorFlowModel a = TensorFlowModel.open(model, computation);
          LanguageModel b = RuntimeModels.open(onnx, runtime, () -> computation);
          TaskData data = evaluate.data(model, a);
          EvaluateStage.Bars bars = new EvaluateStage.Bars("verify " + runtime)) {
        Suite suite =
            Suites.of(pipeline, data, a.shape().maxPositions(), EvalSet.Role.GENERATED).suite();
        List<TokenRow> rows = new ArrayList<>(suite.rows(EvalSet.Role.FORGET));
        rows.addAll(suite.rows(EvalSet.Role.RETAIN));
        results.add(
            new ParityCheck(gates, TOKEN_BUDGET, DECODE_TOKENS)
                .run(
                    a,
                    b,
                    rows,
                    trained,
                    deployed,
                    variant.equals("fp32") ? Optional.empty() : before,
                    bars));
      }
    }
    return new Verdict(results);
  }

  /**
   * The evaluation of a model that the verdict is relative to; empty where there is no such file.
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
    if (!kept.has(file) || model.isEmpty()) {
      return kept.readUnchecked(file);
    }
    return kept.read(file, model.get(), "tf")
        .or(
            () ->
                Optional.of(
                    evaluate.run(new EvaluateStage.Request(name, model.get(), "tf", retainOnly))));
  }
}
