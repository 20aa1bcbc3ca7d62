package org.unlearn4j.run;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.RelearnSettings;
import org.unlearn4j.eval.EvalItem;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.RelearnMetrics;
import org.unlearn4j.eval.RelearnResult;
import org.unlearn4j.eval.RowResult;
import org.unlearn4j.eval.Subject;
import org.unlearn4j.eval.Suite;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.stage.Inputs;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.train.ModelFolder;
import org.unlearn4j.train.Trainer;
import org.unlearn4j.train.TrainingData;
import org.unlearn4j.unlearn.Objective;

/**
 * Teaches a model a little of what it had forgotten, and apart from that as much of what it had
 * kept, and measures what comes back; the same with the retain-only model, which shows what anybody
 * learns from those rows. Weights are kept where that is asked for.
 *
 * <p>What is measured over rows that were not taught is measured over the same rows in both arms:
 * those that the arm {@code forget} leaves out.
 */
public final class RelearnStage {
  private static final String TARGET = "target";
  private static final String WEIGHTS = "relearned";
  private static final String WRITTEN = "written";

  private final Pipeline pipeline;
  private final PrintStream log;
  private final FileHashes hashes;

  /**
   * A stage.
   *
   * @param log for notes on the data
   * @param hashes of files that are read
   */
  public RelearnStage(Pipeline pipeline, PrintStream log, FileHashes hashes) {
    this.pipeline = pipeline;
    this.log = log;
    this.hashes = hashes;
  }

  /** What decides what comes back; evaluations only save work. */
  public Inputs inputs(Path unlearned, Optional<Inputs> earlier) {
    return inputs(unlearned, earlier, Optional.empty());
  }

  /**
   * The same.
   *
   * @param weights that are written too: the stage runs where they are not there
   */
  public Inputs inputs(Path unlearned, Optional<Inputs> earlier, Optional<Path> weights) {
    StageInputs inputs =
        new StageInputs(pipeline, hashes)
            .settings("evaluate.suite", "evaluate.token_budget", "evaluate.max_new_tokens")
            .settings("evaluate.limit")
            .teaching("relearn")
            .graph(unlearned, "forward")
            .model("model", unlearned)
            .measured(earlier)
            .choices();
    pipeline.model().path().ifPresent(p -> inputs.model("target", p));
    pipeline.model().reference().ifPresent(p -> inputs.model("retain-only", p));
    pipeline.model().tokenizerFolder().ifPresent(p -> inputs.tokenizer("tokenizer", p));
    weights.ifPresent(w -> inputs.value(WEIGHTS, Files.isDirectory(w) ? WRITTEN : Inputs.ABSENT));
    return inputs.build();
  }

  /**
   * What came back.
   *
   * @param read the data's files, by content
   * @param close gives up what a killed run would go on from
   */
  public record Finished(RelearnResult result, Map<String, String> read, Runnable close) {
    public Finished {
      read = Map.copyOf(read);
    }
  }

  /**
   * Teaches and measures, and writes {@code relearn.json}. Goes on where a killed run of the same
   * settings, weights and data stopped: what it had measured is kept beside the result.
   *
   * @param unlearned Hugging Face folder
   * @param evaluations files of the models as they are, by name ({@code target}, {@code unlearned},
   *     {@code retain}), each of this pipeline's rows and these weights; what is missing is
   *     measured
   * @param out the file; what was measured is kept beside it until {@link Finished#close}
   * @throws UserException if the pipeline has no such stage, or its input is at fault
   */
  public Finished run(Path unlearned, Map<String, Path> evaluations, Path out) {
    return run(unlearned, evaluations, out, Optional.empty());
  }

  /**
   * The same.
   *
   * @param weights a Hugging Face folder to write: the unlearned model once it was taught the first
   *     kind of rows that {@code relearn.teach} names
   */
  public Finished run(
      Path unlearned, Map<String, Path> evaluations, Path out, Optional<Path> weights) {
    RelearnSettings settings =
        pipeline
            .relearn()
            .orElseThrow(
                () ->
                    new UserException(
                        "pipeline: found no relearn block, expected one for this stage."));
    Path target =
        pipeline
            .model()
            .path()
            .orElseThrow(
                () ->
                    new UserException(
                        "model.path: found nothing, expected the model before unlearning."));
    Map<String, Path> models = new LinkedHashMap<>();
    models.put(RelearnResult.UNLEARNED, unlearned);
    pipeline.model().reference().ifPresent(p -> models.put(RelearnResult.RETAIN_ONLY, p));
    weights.ifPresent(
        w ->
            ModelFolder.requireWritable(
                w,
                List.of(
                    Optional.of(unlearned), Optional.of(target), pipeline.model().reference())));
    Inputs known = inputs(unlearned, Optional.empty());
    Path tokenizer = pipeline.model().tokenizerFolder().orElse(target);
    int positions = ModelConfig.read(unlearned).maxPositions();
    try (TaskData data = new TaskData(pipeline, tokenizer, positions)) {
      RelearnRows rows = RelearnRows.of(settings, data);
      // Scored only: what is forgotten shows in probabilities, at a fraction of the time.
      Suites.Prepared prepared = Suites.of(pipeline, data, positions, Set.of());
      data.notes().forEach(log::println);
      prepared.notes().forEach(log::println);
      String key = known.with(data.read()).identity("relearn");
      Path folder = out.toAbsolutePath().getParent();
      RelearnWork work =
          new RelearnWork(
              settings,
              RuntimeModels.training(pipeline.model(), settings.loop()),
              prepared.suite(),
              rows.untaught(prepared.suite()),
              rows,
              models,
              evaluations,
              new KeptMeasurements(folder.resolve("." + out.getFileName() + ".arms"), key),
              out,
              weights,
              tokenizer,
              pipeline.evaluate().tokenBudget());
      RelearnResult result = measured(work, target, key);
      result.write(out);
      Map<String, String> read = new LinkedHashMap<>(data.read());
      weights.ifPresent(w -> read.put(WEIGHTS, WRITTEN));
      return new Finished(result, read, work.kept()::finish);
    }
  }

  private RelearnResult measured(RelearnWork work, Path target, String key) {
    requireMemory(work);
    Map<String, Double> goal = before(work, TARGET, TARGET, target);
    Map<String, Map<String, RelearnResult.Course>> courses = new LinkedHashMap<>();
    work.arms().keySet().forEach(arm -> courses.put(arm, new LinkedHashMap<>()));
    work.models()
        .forEach(
            (name, folder) -> {
              String file = name.equals(RelearnResult.UNLEARNED) ? "unlearned" : "retain";
              Map<String, Double> before = before(work, name, file, folder);
              Map<String, Map<String, Double>> after = after(work, name, folder, key);
              after.forEach(
                  (arm, metrics) -> {
                    before.keySet().retainAll(metrics.keySet());
                    List<RelearnResult.Point> curve = work.curve(name, arm).points();
                    courses
                        .get(arm)
                        .put(name, RelearnResult.Course.towards(goal, before, metrics, curve));
                  });
            });
    List<RelearnResult.Arm> arms = new ArrayList<>();
    courses.forEach(
        (arm, models) -> arms.add(new RelearnResult.Arm(arm, work.arms().get(arm).size(), models)));
    List<String> names =
        List.copyOf(arms.get(0).models().get(RelearnResult.UNLEARNED).wayBack().keySet());
    goal.keySet().retainAll(names);
    return new RelearnResult(
        work.settings().share(),
        work.settings().loop().epochs(),
        work.settings().loop().learningRate(),
        work.settings().gainMax(),
        names,
        goal,
        arms,
        work.shareCurves());
  }

  /**
   * Holds what teaching each model will take against what there is, before anything is measured: a
   * line a model, of the arm that takes more.
   */
  private void requireMemory(RelearnWork work) {
    work.models()
        .forEach(
            (name, folder) ->
                work.arms().keySet().stream()
                    .filter(arm -> !work.kept().has(work.done(name, arm)))
                    .map(arm -> memory(work, folder, arm))
                    .max(Comparator.comparingLong(MemoryCheck::planned))
                    .ifPresent(check -> check.require(log)));
  }

  private MemoryCheck memory(RelearnWork work, Path folder, String arm) {
    Decoder decoder = Decoder.of(ModelConfig.read(folder));
    return MemoryCheck.ofTraining(
        "relearn",
        decoder,
        objective(work, decoder, folder),
        work.training(),
        work.settings().loop(),
        TrainingData.learn(work.arms().get(arm)));
  }

  /**
   * Metrics of a model as it is.
   *
   * @param file its evaluation's name
   */
  private Map<String, Double> before(RelearnWork work, String name, String file, Path folder) {
    return new LinkedHashMap<>(
        work.kept()
            .get(
                name,
                () ->
                    RelearnMetrics.of(
                        Optional.ofNullable(work.evaluations().get(file))
                            .map(EvaluationResult::read)
                            .filter(e -> sameRows(work.suite(), e))
                            .orElseGet(
                                () -> {
                                  try (LanguageModel model =
                                      TensorFlowModel.open(
                                          folder, RuntimeModels.measuring(pipeline.model()))) {
                                    return score(work, name, model);
                                  }
                                }),
                        work.untaught())));
  }

  /** Whether an evaluation is of the rows that this stage would measure. */
  private static boolean sameRows(Suite suite, EvaluationResult evaluation) {
    return suite.sets().stream().allMatch(set -> sameRows(set, evaluation.rows(set.name())));
  }

  private static boolean sameRows(EvalSet set, List<RowResult> rows) {
    return rows.size() == set.items().size()
        && IntStream.range(0, rows.size())
            .allMatch(
                i -> {
                  EvalItem item = set.items().get(i);
                  RowResult row = rows.get(i);
                  return row.index() == item.index()
                      && row.question().equals(item.question())
                      && row.answer().equals(item.answer());
                });
  }

  private static EvaluationResult score(RelearnWork work, String name, LanguageModel model) {
    try (Bars bars = new Bars("relearn " + name)) {
      return work.suite().evaluate(Subject.of(name, model, bars), Set.of());
    }
  }

  /** Metrics of a model after each arm, by arm; each arm starts from the weights of its folder. */
  private Map<String, Map<String, Double>> after(
      RelearnWork work, String name, Path folder, String key) {
    Map<String, Map<String, Double>> after = new LinkedHashMap<>();
    Decoder decoder = Decoder.of(ModelConfig.read(folder));
    try (RelearnPupil pupil =
        work.known(name)
            ? RelearnPupil.NOBODY
            : RelearnPupil.of(
                decoder,
                objective(work, decoder, folder),
                work.settings().loop(),
                work.training())) {
      for (String arm : work.arms().keySet()) {
        Supplier<Map<String, Double>> taught = () -> taught(work, pupil, name, arm, folder, key);
        after.put(arm, work.kept().get(work.done(name, arm), taught));
      }
      work.rows()
          .shares()
          .forEach(
              (share, lessons) ->
                  work.kept()
                      .get(
                          RelearnWork.label(name, share),
                          () -> {
                            RelearnCurve curve = work.curve(name, share);
                            Trainer.Files files =
                                work.files("relearn-" + name + "-share-" + share, key);
                            pupil.learn(folder, RelearnRows.rows(lessons), files, curve);
                            Trainer.clean(files);
                            return Map.of(); // the curve has it
                          }));
    }
    return after;
  }

  private static Objective objective(RelearnWork work, Decoder decoder, Path folder) {
    return Adapters.of(
        Objective.finetune(), work.settings().loop(), "relearn", decoder, List.of(folder));
  }

  private Map<String, Double> taught(
      RelearnWork work, RelearnPupil pupil, String name, String arm, Path folder, String key) {
    Trainer.Files files = work.files("relearn-" + name + "-" + arm, key);
    pupil.learn(folder, work.arms().get(arm), files, work.curve(name, arm));
    Map<String, Double> metrics =
        RelearnMetrics.of(
            score(work, RelearnWork.label(name, arm), pupil.model()), work.untaught());
    if (work.written(name, arm)) {
      pupil.write(folder, work.weights().orElseThrow(), work.tokenizer());
    }
    Trainer.clean(files);
    return metrics;
  }
}
