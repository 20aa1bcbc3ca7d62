package org.unlearn4j.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.Entanglement;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.FeatureMap;
import org.unlearn4j.eval.FeaturePicture;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.eval.ScoreJournal;
import org.unlearn4j.eval.Subject;
import org.unlearn4j.eval.Suite;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.RowGradients;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.TensorFlowGradients;
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
   * @param reference evaluation of the retain-only model, for what is measured against it
   * @param journal file that keeps finished rows until the result is written
   */
  public record Request(
      String name, Path model, String runtime, Optional<Path> reference, Optional<Path> journal) {

    /** A request of which nothing is kept when it is killed. */
    public Request(String name, Path model, String runtime, Optional<Path> reference) {
      this(name, model, runtime, reference, Optional.empty());
    }
  }

  /** Runs the suite and the entanglement measures. */
  public EvaluationResult run(Request request) {
    return run(request, result -> {});
  }

  /**
   * Runs the suite and the entanglement measures.
   *
   * @param keep writes the result; what the journal holds is given up only after that
   */
  public EvaluationResult run(Request request, Consumer<EvaluationResult> keep) {
    Optional<EvaluationResult> reference = request.reference().map(EvaluationResult::read);
    try (LanguageModel model =
            RuntimeModels.open(request.model(), request.runtime(), Precision.FP32);
        TaskData data =
            new TaskData(pipeline, tokenizer(request.model()), model.shape().maxPositions());
        Before before = Before.of(pipeline, request.model());
        Gradients gradients = gradients(request);
        ScoreJournal journal = journal(request, model);
        Bars bars = new Bars(request.name() + " on " + model.runtime())) {
      Suites.Prepared prepared = Suites.of(pipeline, data, model.shape().maxPositions());
      prepared.notes().forEach(bars::note);
      Subject subject =
          Subject.of(request.name(), model, bars)
              .withRetainOnly(reference)
              .withJudge(before.judge(model))
              .withGradients(gradients.of())
              .withJournal(journal);
      EvaluationResult result = prepared.suite().evaluate(subject, Set.of());
      result = withFeatures(result, model, before.model(), prepared.suite(), bars);
      keep.accept(result);
      journal.finish();
      return result;
    }
  }

  /** The model before unlearning, where the pipeline names one that is there. */
  private record Before(Optional<LanguageModel> model, boolean same) implements AutoCloseable {
    static Before of(Pipeline pipeline, Path measured) {
      Optional<Path> path = pipeline.model().path().filter(Files::isDirectory);
      boolean same = path.equals(Optional.of(measured));
      return new Before(
          path.filter(p -> !same).map(p -> TensorFlowModel.open(p, Precision.FP32)), same);
    }

    /** Who judges generations: it itself, if that is what is measured. */
    Optional<LanguageModel> judge(LanguageModel measured) {
      return same ? Optional.of(measured) : model;
    }

    @Override
    public void close() {
      model.ifPresent(LanguageModel::close);
    }
  }

  private record Gradients(Optional<RowGradients> of) implements AutoCloseable {
    @Override
    public void close() {
      of.ifPresent(RowGradients::close);
    }
  }

  private Gradients gradients(Request request) {
    boolean wanted = pipeline.evaluate().gradnorm() && request.runtime().equals("tf");
    return new Gradients(
        wanted ? Optional.of(TensorFlowGradients.open(request.model())) : Optional.empty());
  }

  /**
   * Its key is all that decides what a model says of a row: the files, the runtime, where it stops.
   */
  private ScoreJournal journal(Request request, LanguageModel model) {
    if (request.journal().isEmpty()) {
      return ScoreJournal.none();
    }
    String key =
        Hashes.sha256(
            model.runtime()
                + StageSupport.modelHashes(request.model())
                + pipeline.evaluate().tokenBudget());
    return ScoreJournal.open(request.journal().get(), key);
  }

  /** Features of this model, and of the one before unlearning where that is another one. */
  private EvaluationResult withFeatures(
      EvaluationResult result,
      LanguageModel model,
      Optional<LanguageModel> before,
      Suite suite,
      Progress progress) {
    List<TokenRow> forget = suite.rows(EvalSet.Role.FORGET);
    List<TokenRow> retain = suite.rows(EvalSet.Role.RETAIN);
    if (forget.isEmpty() || retain.isEmpty()) {
      return result; // nothing that could be entangled
    }
    FeatureMap forgetAfter = measure(model, forget, progress);
    FeatureMap retainAfter = measure(model, retain, progress);
    if (before.isEmpty()) {
      return result.withFeatures(Entanglement.measure(forgetAfter, retainAfter), Optional.empty());
    }
    FeatureMap forgetBefore = measure(before.get(), forget, progress);
    FeatureMap retainBefore = measure(before.get(), retain, progress);
    return result.withFeatures(
        Entanglement.compare(forgetBefore, retainBefore, forgetAfter, retainAfter),
        Optional.of(
            FeaturePicture.of(
                forgetAfter.lastBlock(), forgetBefore, retainBefore, forgetAfter, retainAfter)));
  }

  private FeatureMap measure(LanguageModel model, List<TokenRow> rows, Progress progress) {
    return FeatureMap.measure(model, rows, pipeline.evaluate().tokenBudget(), progress);
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
    private long begun;
    private int first;

    Bars(String subject) {
      this.subject = subject;
    }

    /** Says something about the data, on standard error as the bars do. */
    void note(String sentence) {
      System.err.println(subject + ": " + sentence);
    }

    @Override
    public void update(String name, int done, int total) {
      update(name, done, total, (double) done / total);
    }

    @Override
    public void begin(String name, int done, int total) {
      close();
      stage = name;
      bar = ProgressBar.named(subject + ": " + name);
      begun = System.nanoTime();
      first = done;
    }

    @Override
    public void update(String name, int done, int total, double share) {
      if (!name.equals(stage)) {
        begin(name, 0, total);
      }
      double seconds = (System.nanoTime() - begun) / 1e9;
      String rate = String.format(Locale.ROOT, "%.0f rows/s", (done - first) / seconds);
      bar.update(done, total, share, rate);
    }

    @Override
    public void close() {
      if (bar != null) {
        bar.close();
      }
    }
  }
}
