package org.unlearn4j.run;

import java.nio.file.Files;
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
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.TensorFlowModel;

/** Holds deployed files against the trained weights. */
public final class VerifyStage {
  /** A batch's logits are held three times; this many tokens keeps them small at any vocabulary. */
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
   *     where they are there, {@code target.tf.json} and {@code retain.tf.json}; what is missing is
   *     measured now
   */
  public Verdict run(Path model, Path onnx, List<String> variants, Optional<Path> evaluations) {
    EvaluateStage evaluate = new EvaluateStage(pipeline);
    // Forget quality must be on both sides or on neither.
    Optional<Path> retainOnly = file(evaluations, "retain.tf.json");
    EvaluationResult trained =
        read(evaluations, "unlearned.tf.json")
            .orElseGet(
                () ->
                    evaluate.run(new EvaluateStage.Request("unlearned", model, "tf", retainOnly)));
    Optional<EvaluationResult> before = read(evaluations, "target.tf.json");
    VerifySettings v = pipeline.verify();
    ParityGates gates =
        new ParityGates(
            v.logitAtol(),
            v.klMax(),
            v.top1Min(),
            v.metricAtol(),
            v.generationsMin(),
            v.reboundMax());
    List<ParityResult> results = new ArrayList<>();
    for (String variant : variants) {
      String runtime = "onnx:" + variant;
      String file =
          variant.equals("fp32") ? "unlearned.onnx.json" : "unlearned.onnx-" + variant + ".json";
      EvaluationResult deployed =
          read(evaluations, file)
              .orElseGet(
                  () ->
                      evaluate.run(
                          new EvaluateStage.Request("unlearned", onnx, runtime, retainOnly)));
      try (TensorFlowModel a = TensorFlowModel.open(model, Precision.FP32);
          LanguageModel b = RuntimeModels.open(onnx, runtime, Precision.FP32);
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

  private static Optional<EvaluationResult> read(Optional<Path> folder, String name) {
    return file(folder, name).map(EvaluationResult::read);
  }

  private static Optional<Path> file(Optional<Path> folder, String name) {
    return folder.map(f -> f.resolve(name)).filter(Files::isRegularFile);
  }
}
