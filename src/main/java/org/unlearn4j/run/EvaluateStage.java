package org.unlearn4j.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.Entanglement;
import org.unlearn4j.eval.EvalItem;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.FeatureMap;
import org.unlearn4j.eval.FeaturePicture;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.eval.TofuSuite;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.TensorFlowModel;

/** Measures one model on one runtime. */
public final class EvaluateStage {
  private final Pipeline pipeline;

  public EvaluateStage(Pipeline pipeline) {
    this.pipeline = pipeline;
  }

  /**
   * What to measure.
   *
   * @param name in reports
   * @param model HF folder, or for ONNX the deployable folder
   * @param reference evaluation of the retain-only model, for forget quality
   */
  public record Request(String name, Path model, String runtime, Optional<Path> reference) {}

  /** Runs the suite and the entanglement measures. */
  public EvaluationResult run(Request request) {
    Optional<EvaluationResult> reference = request.reference().map(EvaluationResult::read);
    try (LanguageModel model =
            RuntimeModels.open(request.model(), request.runtime(), Precision.FP32);
        TaskData data =
            new TaskData(pipeline, tokenizer(request.model()), model.shape().maxPositions());
        Bars bars = new Bars(request.name() + " on " + model.runtime())) {
      List<EvalSet> sets = data.evaluationSets();
      TofuSuite.Settings settings =
          new TofuSuite.Settings(
              pipeline.evaluate().suite().spelling(),
              pipeline.evaluate().tokenBudget(),
              pipeline.evaluate().maxNewTokens(),
              data.stopIds());
      TofuSuite suite = new TofuSuite(sets, settings, ids -> data.tokenizer().decode(ids, true));
      EvaluationResult result = suite.evaluate(request.name(), model, reference, Set.of(), bars);
      return withFeatures(result, model, request.model(), sets, bars);
    }
  }

  /** Features of this model, and of the one before unlearning where that is another one. */
  private EvaluationResult withFeatures(
      EvaluationResult result,
      LanguageModel model,
      Path folder,
      List<EvalSet> sets,
      Progress progress) {
    List<TokenRow> forget = rows(sets, EvalSet.Role.FORGET);
    List<TokenRow> retain = rows(sets, EvalSet.Role.RETAIN);
    FeatureMap forgetAfter = measure(model, forget, progress);
    FeatureMap retainAfter = measure(model, retain, progress);
    Optional<Path> before =
        pipeline.model().path().filter(p -> !p.equals(folder) && Files.isDirectory(p));
    if (before.isEmpty()) {
      return result.withFeatures(Entanglement.measure(forgetAfter, retainAfter), Optional.empty());
    }
    try (LanguageModel original = TensorFlowModel.open(before.get(), Precision.FP32)) {
      FeatureMap forgetBefore = measure(original, forget, progress);
      FeatureMap retainBefore = measure(original, retain, progress);
      return result.withFeatures(
          Entanglement.compare(forgetBefore, retainBefore, forgetAfter, retainAfter),
          Optional.of(
              FeaturePicture.of(
                  forgetAfter.lastBlock(), forgetBefore, retainBefore, forgetAfter, retainAfter)));
    }
  }

  private FeatureMap measure(LanguageModel model, List<TokenRow> rows, Progress progress) {
    return FeatureMap.measure(model, rows, pipeline.evaluate().tokenBudget(), progress);
  }

  static List<TokenRow> rows(List<EvalSet> sets, EvalSet.Role role) {
    return sets.stream()
        .filter(s -> s.role() == role)
        .flatMap(s -> s.items().stream())
        .map(EvalItem::answerRow)
        .toList();
  }

  /** The model's own tokenizer files; where it has none, those the pipeline names. */
  private Path tokenizer(Path model) {
    return Files.isRegularFile(model.resolve("tokenizer.json"))
        ? model
        : pipeline.model().tokenizerFolder().orElse(model);
  }

  /** One bar a stage of measuring. */
  static final class Bars implements Progress, AutoCloseable {
    private final String subject;
    private String stage = "";
    private ProgressBar bar;

    Bars(String subject) {
      this.subject = subject;
    }

    @Override
    public void update(String name, int done, int total) {
      if (!name.equals(stage)) {
        close();
        stage = name;
        bar = ProgressBar.named(subject + ": " + name);
      }
      bar.update(done, total, "");
    }

    @Override
    public void close() {
      if (bar != null) {
        bar.close();
      }
    }
  }
}
