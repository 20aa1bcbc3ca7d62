package org.unlearn4j.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.ScoreJournal;
import org.unlearn4j.eval.Subject;
import org.unlearn4j.eval.Suite;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.RowGradients;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.onnx.OrtSettings;
import org.unlearn4j.stage.Inputs;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.TensorFlowGradients;
import org.unlearn4j.tf.TensorFlowModel;

/**
 * Measures models, each on a runtime. The features of the model before unlearning are measured once
 * and kept, for all models that a stage measures. Safe for several threads.
 */
public final class EvaluateStage {
  private final Pipeline pipeline;
  private final Set<EvalSet.Role> generated;
  private final FileHashes hashes;
  private final InnerMeasures inner;

  public EvaluateStage(Pipeline pipeline) {
    this(pipeline, EvalSet.Role.GENERATED, FileHashes.inMemory());
  }

  /**
   * A stage that generates less.
   *
   * @param generated roles of the sets whose questions are answered; see {@link
   *     org.unlearn4j.eval.TofuSuite.Settings}
   * @param hashes of files that are read
   */
  public EvaluateStage(Pipeline pipeline, Set<EvalSet.Role> generated, FileHashes hashes) {
    this.pipeline = pipeline;
    this.generated = Set.copyOf(generated);
    this.hashes = hashes;
    this.inner = new InnerMeasures(pipeline.evaluate().tokenBudget());
  }

  private Computation computation() {
    return RuntimeModels.measuring(pipeline.model());
  }

  /**
   * What to measure.
   *
   * @param name in reports
   * @param model HF folder, or for ONNX the deployable folder
   * @param reference evaluation file of the retain-only model, for what is measured against it
   */
  public record Request(String name, Path model, String runtime, Optional<Path> reference) {}

  /**
   * What came out.
   *
   * @param read the data's files, by content
   */
  public record Measured(EvaluationResult result, Map<String, String> read) {
    public Measured {
      read = Map.copyOf(read);
    }
  }

  /** What decides an evaluation. */
  public Inputs inputs(Request request, Optional<Inputs> earlier) {
    boolean tf = request.runtime().equals("tf");
    StageInputs inputs =
        new StageInputs(pipeline, hashes)
            .settings(
                "evaluate.suite",
                "evaluate.token_budget",
                "evaluate.max_new_tokens",
                "evaluate.limit")
            .value("measures", "2") // more since routing and refusals are measured
            .value("name", request.name())
            .value("generated", generated.stream().map(Enum::name).sorted().toList().toString())
            .measured(earlier)
            .choices()
            .device();
    if (tf) {
      inputs.settings("evaluate.gradnorm").model("model", request.model());
      inputs.graph(request.model(), "forward");
    } else {
      inputs.arithmetic(session(request.runtime()));
      inputs.deployed("model", request.model(), RuntimeModels.variant(request.runtime()));
    }
    if (request.model().toFile().isDirectory()) {
      inputs.tokenizer("tokenizer", tokenizer(request.model()));
    }
    pipeline
        .model()
        .path()
        .ifPresent(target -> inputs.model("target", target).graph(target, "forward"));
    request.reference().ifPresent(file -> inputs.evaluation("retain-only evaluation", file));
    return inputs.build();
  }

  /** Runs the suite and the entanglement measures. */
  public EvaluationResult run(Request request) {
    return run(request, Optional.empty()).result();
  }

  /**
   * Runs the suite and the entanglement measures.
   *
   * @param kept file that keeps finished rows, so that a killed run of the same inputs goes on; it
   *     stays for who has written the result to delete
   */
  public Measured run(Request request, Optional<Path> kept) {
    try (OpenEvaluation open = prepare(request);
        Original original = original(request.model(), open.model());
        Bars bars = open.bars()) {
      LanguageModel model = open.model();
      Suite suite = open.prepared().suite();
      // Only now that the data is known to be good: a mistake there shall leave nothing behind.
      try (ScoreJournal journal = open.journal(kept)) {
        Subject subject =
            open.subject(bars, journal)
                .withRetainOnly(request.reference().map(EvaluationResult::read))
                .withJudge(original.measured ? Optional.of(model) : original.model);
        EvaluationResult result = suite.evaluate(subject, Set.of());
        result =
            inner
                .added(result, model, original.model, suite, bars)
                .withWeights(RuntimeModels.weightHashes(request.model(), request.runtime(), hashes))
                .withSession(model.session());
        return new Measured(result, open.read());
      }
    }
  }

  /**
   * Opens a model and its rows, for parts of its evaluation.
   *
   * @throws org.unlearn4j.base.UserException if model or data are at fault
   */
  public OpenEvaluation prepare(Request request) {
    return new OpenEvaluation(this, request);
  }

  Suites.Prepared prepared(TaskData data, LanguageModel model) {
    return Suites.of(pipeline, data, model.shape().maxPositions(), generated);
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

  Optional<RowGradients> gradients(Request request) {
    boolean wanted = pipeline.evaluate().gradnorm() && request.runtime().equals("tf");
    return wanted
        ? Optional.of(TensorFlowGradients.open(request.model(), computation().device()))
        : Optional.empty();
  }

  /** A model on a runtime, as the pipeline wants that to compute. */
  LanguageModel open(Path model, String runtime) {
    return RuntimeModels.open(model, runtime, this::computation, ort());
  }

  /** The same for many batches, as many at a time as there are threads and memory for. */
  LanguageModel openForBatches(Path model, String runtime) {
    return BatchLanes.measuring(pipeline).open(model, runtime);
  }

  private OrtSettings ort() {
    return RuntimeModels.ort(pipeline);
  }

  /** Of how {@link #open} computes, what changes results. */
  Map<String, String> session(String runtime) {
    return runtime.equals("tf") ? Map.of() : ort().decisive();
  }

  /**
   * The pipeline's data in a model's tokens: its own, or where it has none those the pipeline
   * names.
   *
   * @param positions the longest sequence that the model reads, in tokens
   */
  TaskData data(Path folder, int positions) {
    return new TaskData(pipeline, tokenizer(folder), positions);
  }

  private Path tokenizer(Path folder) {
    return Files.isRegularFile(folder.resolve("tokenizer.json"))
        ? folder
        : pipeline.model().tokenizerFolder().orElse(folder);
  }
}
