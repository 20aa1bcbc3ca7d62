package org.unlearn4j.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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

/**
 * Measures models, each on a runtime. The features of the model before unlearning are measured once
 * and kept, for all models that a stage measures. Not safe for several threads.
 */
public final class EvaluateStage {
  private final Pipeline pipeline;
  private final Set<EvalSet.Role> generated;
  private Optional<Before> before = Optional.empty();

  public EvaluateStage(Pipeline pipeline) {
    this(pipeline, EvalSet.Role.GENERATED);
  }

  /**
   * A stage that generates less.
   *
   * @param generated roles of the sets whose questions are answered; see {@link TofuSuite.Settings}
   */
  public EvaluateStage(Pipeline pipeline, Set<EvalSet.Role> generated) {
    this.pipeline = pipeline;
    this.generated = Set.copyOf(generated);
  }

  private record Features(FeatureMap forget, FeatureMap retain) {}

  /** The model that unlearning started from. */
  private record Before(Features features, Map<String, Map<String, Double>> measures) {}

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
        TaskData data = data(request.model(), model);
        Bars bars = new Bars(request.name() + " on " + model.runtime())) {
      List<EvalSet> sets = data.evaluationSets();
      data.notes().forEach(System.err::println);
      TofuSuite.Settings settings =
          new TofuSuite.Settings(
              pipeline.evaluate().suite().spelling(),
              pipeline.evaluate().tokenBudget(),
              pipeline.evaluate().maxNewTokens(),
              data.stopIds(),
              generated);
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
    Features after = features(model, sets, progress);
    Optional<Path> start =
        pipeline.model().path().filter(p -> Files.isDirectory(p) && !same(p, folder));
    if (start.isEmpty()) {
      return result.withFeatures(
          Entanglement.measure(after.forget, after.retain), Optional.empty());
    }
    if (before.isEmpty()) {
      before = Optional.of(before(start.get(), sets, progress));
    }
    Features was = before.get().features;
    return result.withFeatures(
        Entanglement.compare(before.get().measures, was.retain, after.forget, after.retain),
        Optional.of(
            FeaturePicture.of(
                after.forget.lastBlock(), was.forget, was.retain, after.forget, after.retain)));
  }

  private Before before(Path folder, List<EvalSet> sets, Progress progress) {
    try (LanguageModel original = TensorFlowModel.open(folder, Precision.FP32)) {
      Features features = features(original, sets, progress);
      return new Before(features, Entanglement.measure(features.forget, features.retain));
    }
  }

  private Features features(LanguageModel model, List<EvalSet> sets, Progress progress) {
    return new Features(
        measure(model, rows(sets, EvalSet.Role.FORGET), progress),
        measure(model, rows(sets, EvalSet.Role.RETAIN), progress));
  }

  /** The same folder, however it is spelled. */
  private static boolean same(Path a, Path b) {
    try {
      return Files.isSameFile(a, b);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
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

  /**
   * The pipeline's data in a model's tokens: its own, or where it has none those the pipeline
   * names.
   */
  TaskData data(Path folder, LanguageModel model) {
    Path tokenizer =
        Files.isRegularFile(folder.resolve("tokenizer.json"))
            ? folder
            : pipeline.model().tokenizerFolder().orElse(folder);
    return new TaskData(pipeline, tokenizer, model.shape().maxPositions());
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
