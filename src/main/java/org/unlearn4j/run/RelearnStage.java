package org.unlearn4j.run;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
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
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.stage.Inputs;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.train.Trainer;
import org.unlearn4j.train.TrainingData;
import org.unlearn4j.unlearn.Objective;

/**
 * Teaches a model a little of what it had forgotten, and apart from that as much of what it had
 * kept, and measures what comes back; the same with the retain-only model, which shows what anybody
 * learns from those rows. Weights are not kept.
 *
 * <p>What is measured over rows that were not taught is measured over the same rows in both arms:
 * those that the arm {@code forget} leaves out.
 */
public final class RelearnStage {
  private static final String TARGET = "target";

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

  /** What a run works with once its input is known to be good. */
  private record Work(
      RelearnSettings settings,
      Computation training,
      Suite suite,
      Map<String, Set<Integer>> untaught,
      Map<String, List<TokenRow>> arms,
      Map<String, Path> models,
      Map<String, Path> evaluations,
      KeptMeasurements kept,
      Path out) {}

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
    Inputs known = inputs(unlearned, Optional.empty());
    Path tokenizer = pipeline.model().tokenizerFolder().orElse(target);
    int positions = ModelConfig.read(unlearned).maxPositions();
    try (TaskData data = new TaskData(pipeline, tokenizer, positions)) {
      List<Lesson> forget = data.forgetLessons();
      List<Lesson> taught = drawn(forget, share(settings, forget), settings.loop().seed());
      List<Lesson> retain = drawn(data.retainLessons(), taught.size(), settings.loop().seed());
      Map<String, List<TokenRow>> arms = new LinkedHashMap<>();
      arms.put("forget", rows(taught));
      arms.put("retain", rows(retain));
      // Scored only: what is forgotten shows in probabilities, at a fraction of the time.
      Suites.Prepared prepared = Suites.of(pipeline, data, positions, Set.of());
      data.notes().forEach(log::println);
      prepared.notes().forEach(log::println);
      String key = known.with(data.read()).identity("relearn");
      Path folder = out.toAbsolutePath().getParent();
      Work work =
          new Work(
              settings,
              RuntimeModels.training(pipeline.model(), settings.loop()),
              prepared.suite(),
              untaught(prepared.suite(), forget, taught),
              arms,
              models,
              evaluations,
              new KeptMeasurements(folder.resolve("." + out.getFileName() + ".arms"), key),
              out);
      RelearnResult result = measured(work, target, key);
      result.write(out);
      return new Finished(result, data.read(), work.kept::finish);
    }
  }

  private static int share(RelearnSettings settings, List<Lesson> lessons) {
    return (int) Math.max(1, Math.round(settings.share() * lessons.size()));
  }

  /** Some of the lessons, drawn without putting back, in their order. */
  private static List<Lesson> drawn(List<Lesson> all, int count, long seed) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, all.size()).boxed().toList());
    Collections.shuffle(order, new Random(seed));
    return order.stream().limit(count).sorted().map(all::get).toList();
  }

  private static List<TokenRow> rows(List<Lesson> lessons) {
    return lessons.stream().flatMap(l -> l.rows().stream()).toList();
  }

  /**
   * The rows of each set that were not taught. A row is known by its tokens, or as a text by the
   * passage that it is a part of; a set with rows of which neither is known, such as questions
   * about passages, is left out, and so is one of which everything was taught.
   */
  private static Map<String, Set<Integer>> untaught(
      Suite suite, List<Lesson> all, List<Lesson> taught) {
    Map<String, Set<Integer>> untaught = new HashMap<>();
    for (EvalSet set : suite.sets()) {
      if (set.role() != EvalSet.Role.FORGET || !set.items().stream().allMatch(i -> in(all, i))) {
        continue;
      }
      Set<Integer> others = new HashSet<>();
      set.items().stream().filter(i -> !in(taught, i)).forEach(i -> others.add(i.index()));
      if (!others.isEmpty()) {
        untaught.put(set.name(), others);
      }
    }
    return untaught;
  }

  private static boolean in(List<Lesson> lessons, EvalItem item) {
    return lessons.stream()
        .anyMatch(
            l ->
                l.passage().isPresent()
                    ? !item.answer().isBlank() && l.passage().get().contains(item.answer())
                    : l.rows().contains(item.answerRow()));
  }

  private RelearnResult measured(Work work, Path target, String key) {
    requireMemory(work);
    Map<String, Double> goal = before(work, TARGET, TARGET, target);
    Map<String, Map<String, RelearnResult.Course>> courses = new LinkedHashMap<>();
    work.arms.keySet().forEach(arm -> courses.put(arm, new LinkedHashMap<>()));
    work.models.forEach(
        (name, folder) -> {
          String file = name.equals(RelearnResult.UNLEARNED) ? "unlearned" : "retain";
          Map<String, Double> before = before(work, name, file, folder);
          Map<String, Map<String, Double>> after = after(work, name, folder, key);
          after.forEach(
              (arm, metrics) -> {
                before.keySet().retainAll(metrics.keySet());
                courses.get(arm).put(name, RelearnResult.Course.towards(goal, before, metrics));
              });
        });
    List<RelearnResult.Arm> arms = new ArrayList<>();
    courses.forEach(
        (arm, models) -> arms.add(new RelearnResult.Arm(arm, work.arms.get(arm).size(), models)));
    List<String> names =
        List.copyOf(arms.get(0).models().get(RelearnResult.UNLEARNED).wayBack().keySet());
    goal.keySet().retainAll(names);
    return new RelearnResult(
        work.settings.share(),
        work.settings.loop().epochs(),
        work.settings.loop().learningRate(),
        work.settings.gainMax(),
        names,
        goal,
        arms);
  }

  /**
   * Holds what teaching each model will take against what there is, before anything is measured: a
   * line a model, of the arm that takes more.
   */
  private void requireMemory(Work work) {
    work.models.forEach(
        (name, folder) ->
            work.arms.keySet().stream()
                .filter(arm -> !work.kept.has(label(name, arm)))
                .map(arm -> memory(work, folder, arm))
                .max(Comparator.comparingLong(MemoryCheck::planned))
                .ifPresent(check -> check.require(log)));
  }

  private MemoryCheck memory(Work work, Path folder, String arm) {
    Decoder decoder = Decoder.of(ModelConfig.read(folder));
    return MemoryCheck.ofTraining(
        "relearn",
        decoder,
        objective(work, decoder, folder),
        work.training,
        work.settings.loop(),
        TrainingData.learn(work.arms.get(arm)));
  }

  /**
   * Metrics of a model as it is.
   *
   * @param file its evaluation's name
   */
  private Map<String, Double> before(Work work, String name, String file, Path folder) {
    return new LinkedHashMap<>(
        work.kept.get(
            name,
            () ->
                RelearnMetrics.of(
                    Optional.ofNullable(work.evaluations.get(file))
                        .map(EvaluationResult::read)
                        .filter(e -> sameRows(work.suite, e))
                        .orElseGet(
                            () -> {
                              try (LanguageModel model =
                                  TensorFlowModel.open(
                                      folder, RuntimeModels.measuring(pipeline.model()))) {
                                return score(work, name, model);
                              }
                            }),
                    work.untaught)));
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

  private static EvaluationResult score(Work work, String name, LanguageModel model) {
    try (Bars bars = new Bars("relearn " + name)) {
      return work.suite.evaluate(Subject.of(name, model, bars), Set.of());
    }
  }

  /** Metrics of a model after each arm, by arm; each arm starts from the weights of its folder. */
  private Map<String, Map<String, Double>> after(Work work, String name, Path folder, String key) {
    Map<String, Map<String, Double>> after = new LinkedHashMap<>();
    Decoder decoder = Decoder.of(ModelConfig.read(folder));
    boolean known = work.arms.keySet().stream().allMatch(a -> work.kept.has(label(name, a)));
    try (Taught pupil = known ? Taught.NOBODY : taught(work, decoder, folder)) {
      work.arms.forEach(
          (arm, rows) ->
              after.put(
                  arm,
                  work.kept.get(
                      label(name, arm), () -> taught(work, pupil, name, arm, folder, key))));
    }
    return after;
  }

  private static Objective objective(Work work, Decoder decoder, Path folder) {
    return Adapters.of(
        Objective.finetune(), work.settings.loop(), "relearn", decoder, List.of(folder));
  }

  private Taught taught(Work work, Decoder decoder, Path folder) {
    Pupil pupil =
        new Pupil(decoder, objective(work, decoder, folder), work.settings.loop(), work.training);
    return new Taught(pupil, StageSupport.measured(pupil.graph(), RuntimeModels.MEASURING));
  }

  /**
   * A pupil and how it is measured: on the weights that it learned, since a second copy of them
   * would lie beside the optimiser's. A graph takes seconds to build, and none is needed where
   * everything is known.
   */
  private record Taught(Pupil pupil, LanguageModel model) implements AutoCloseable {
    static final Taught NOBODY = new Taught(null, null);

    @Override
    public void close() {
      if (pupil != null) {
        pupil.close();
      }
    }
  }

  private static String label(String model, String arm) {
    return model + " after " + arm;
  }

  private Map<String, Double> taught(
      Work work, Taught taught, String name, String arm, Path folder, String key) {
    Pupil pupil = taught.pupil();
    pupil.assign(folder);
    String label = label(name, arm);
    String run = "relearn-" + name + "-" + arm;
    Trainer.Files files =
        StageSupport.files(work.out.resolveSibling(run), run + ".jsonl", key + label);
    pupil.learn(work.arms.get(arm), files, "relearn " + label);
    Map<String, Double> metrics =
        RelearnMetrics.of(score(work, label, taught.model()), work.untaught);
    Trainer.clean(files);
    return metrics;
  }
}
