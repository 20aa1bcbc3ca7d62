package org.unlearn4j.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.HostMemory;
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
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.onnx.OrtModel;
import org.unlearn4j.onnx.OrtSettings;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.TensorFlowGradients;
import org.unlearn4j.tf.TensorFlowModel;

/**
 * Measures models, each on a runtime. The features of the model before unlearning are measured once
 * and kept, for all models that a stage measures. Not safe for several threads.
 */
public final class EvaluateStage {
  private final Pipeline pipeline;
  private final Set<EvalSet.Role> generated;
  private final Fingerprints fingerprints = new Fingerprints();
  private Optional<Before> before = Optional.empty();

  public EvaluateStage(Pipeline pipeline) {
    this(pipeline, EvalSet.Role.GENERATED);
  }

  /**
   * A stage that generates less.
   *
   * @param generated roles of the sets whose questions are answered; see {@link
   *     org.unlearn4j.eval.TofuSuite.Settings}
   */
  public EvaluateStage(Pipeline pipeline, Set<EvalSet.Role> generated) {
    this.pipeline = pipeline;
    this.generated = Set.copyOf(generated);
  }

  private Computation computation() {
    return RuntimeModels.measuring(pipeline.model());
  }

  Fingerprints fingerprints() {
    return fingerprints;
  }

  private record Features(FeatureMap forget, FeatureMap retain) {}

  /** What the model that unlearning started from had for features. */
  private record Before(Features features, Map<String, Map<String, Double>> measures) {}

  /**
   * What to measure.
   *
   * @param name in reports
   * @param model HF folder, or for ONNX the deployable folder
   * @param reference evaluation of the retain-only model, for what is measured against it
   * @param journal file that keeps finished rows until the result is written
   */
  public record Request(
      String name,
      Path model,
      String runtime,
      Optional<EvaluationResult> reference,
      Optional<Path> journal) {

    /** A request of which nothing is kept when it is killed. */
    public Request(String name, Path model, String runtime, Optional<EvaluationResult> reference) {
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
    try (LanguageModel model = open(request.model(), request.runtime(), lanes(request));
        TaskData data = data(request.model(), model);
        Original original = original(request.model(), model);
        Gradients gradients = gradients(request);
        Bars bars = new Bars(request.name() + " on " + model.runtime())) {
      Suites.Prepared prepared = Suites.of(pipeline, data, model.shape().maxPositions(), generated);
      data.notes().forEach(System.err::println);
      prepared.notes().forEach(System.err::println);
      // Only now that the data is known to be good: a mistake there shall leave nothing behind.
      try (ScoreJournal journal = journal(request, model)) {
        Subject subject =
            Subject.of(request.name(), model, bars)
                .withRetainOnly(request.reference())
                .withJudge(original.measured ? Optional.of(model) : original.model)
                .withGradients(gradients.of)
                .withJournal(journal);
        EvaluationResult result = prepared.suite().evaluate(subject, Set.of());
        result =
            withFeatures(result, model, original.model, prepared.suite(), bars)
                .withWeights(fingerprints.ofWeights(request.model(), request.runtime()))
                .withSession(model.session());
        keep.accept(result);
        journal.finish();
        return result;
      }
    }
  }

  /**
   * The model before unlearning.
   *
   * @param model empty where the pipeline names none, none that is there, or one with another
   *     vocabulary, to which the rows would mean something else
   * @param measured whether it is the very model that is measured, and {@code model} is empty
   */
  private record Original(Optional<LanguageModel> model, boolean measured)
      implements AutoCloseable {
    @Override
    public void close() {
      model.ifPresent(LanguageModel::close);
    }
  }

  private Original original(Path folder, LanguageModel model) {
    Optional<Path> start = pipeline.model().path().filter(Files::isDirectory);
    if (start.isPresent() && same(start.get(), folder)) {
      return new Original(Optional.empty(), true);
    }
    if (start.isPresent()) {
      int known = ModelConfig.read(start.get()).vocabSize();
      int asked = model.shape().vocabSize();
      if (known != asked) {
        System.err.printf(
            Locale.ROOT,
            "%s has %d tokens and %s has %d: the two are not compared.%n",
            folder,
            asked,
            start.get(),
            known);
        return new Original(Optional.empty(), false);
      }
    }
    return new Original(start.map(p -> TensorFlowModel.open(p, computation())), false);
  }

  /** The same folder, however it is spelled. */
  private static boolean same(Path a, Path b) {
    try {
      return Files.isSameFile(a, b);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
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
        wanted
            ? Optional.of(TensorFlowGradients.open(request.model(), computation().device()))
            : Optional.empty());
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
                + model.session()
                + StageSupport.modelHashes(request.model(), fingerprints)
                + pipeline.evaluate().tokenBudget());
    return ScoreJournal.open(request.journal().get(), key);
  }

  /** Features of this model, and of the one before unlearning where that is another one. */
  private EvaluationResult withFeatures(
      EvaluationResult result,
      LanguageModel model,
      Optional<LanguageModel> original,
      Suite suite,
      Progress progress) {
    if (suite.rows(EvalSet.Role.FORGET).isEmpty() || suite.rows(EvalSet.Role.RETAIN).isEmpty()) {
      return result; // nothing that could be entangled
    }
    Features after = features(model, suite, progress);
    if (original.isEmpty()) {
      return result.withFeatures(
          Entanglement.measure(after.forget, after.retain), Optional.empty());
    }
    if (before.isEmpty()) {
      Features features = features(original.get(), suite, progress);
      before =
          Optional.of(new Before(features, Entanglement.measure(features.forget, features.retain)));
    }
    Features was = before.get().features;
    String last = after.forget.lastBlock();
    return result.withFeatures(
        Entanglement.compare(before.get().measures, was.retain, after.forget, after.retain),
        after.forget.comparable(last, was.forget)
            ? Optional.of(
                FeaturePicture.of(last, was.forget, was.retain, after.forget, after.retain))
            : Optional.empty());
  }

  private Features features(LanguageModel model, Suite suite, Progress progress) {
    return new Features(
        measure(model, suite.rows(EvalSet.Role.FORGET), progress),
        measure(model, suite.rows(EvalSet.Role.RETAIN), progress));
  }

  private FeatureMap measure(LanguageModel model, List<TokenRow> rows, Progress progress) {
    return FeatureMap.measure(model, rows, pipeline.evaluate().tokenBudget(), progress);
  }

  /** A model on a runtime, as the pipeline wants that to compute. */
  LanguageModel open(Path model, String runtime) {
    return open(model, runtime, ort());
  }

  private LanguageModel open(Path model, String runtime, OrtSettings ort) {
    return RuntimeModels.open(model, runtime, this::computation, ort);
  }

  private OrtSettings ort() {
    return RuntimeModels.ort(pipeline);
  }

  /** As many batches at a time as there are threads, and memory for. */
  private OrtSettings lanes(Request request) {
    OrtSettings all = ort().forManyBatches();
    if (!request.runtime().startsWith("onnx")
        || all.lanes() == 1
        || !Files.exists(request.model())) {
      return all;
    }
    ModelConfig config =
        OrtModel.configOf(request.model(), RuntimeModels.variant(request.runtime()));
    int length = Math.min(pipeline.data().maxLength(), config.maxPositions());
    LanePlan plan = LanePlan.of(config, pipeline.evaluate().tokenBudget(), length);
    OrtSettings some = ort().forManyBatches(plan.most(HostMemory.available()));
    if (some.lanes() < all.lanes()) {
      System.err.printf(
          Locale.ROOT,
          "evaluate: %d batches at a time instead of %d, one of which takes up to %d MiB%n",
          some.lanes(),
          all.lanes(),
          plan.batch() >> 20);
    }
    return some;
  }

  /** Of how {@link #open} computes, what changes results. */
  Map<String, String> session(String runtime) {
    return runtime.equals("tf") ? Map.of() : ort().decisive();
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
    private long begun;
    private int first;

    Bars(String subject) {
      this.subject = subject;
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
