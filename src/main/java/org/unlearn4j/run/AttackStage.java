package org.unlearn4j.run;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.unlearn4j.attack.AttackResult;
import org.unlearn4j.attack.AttackSuite;
import org.unlearn4j.attack.Encoded;
import org.unlearn4j.attack.Judgement;
import org.unlearn4j.attack.Learned;
import org.unlearn4j.attack.OftenAsked;
import org.unlearn4j.attack.Probe;
import org.unlearn4j.attack.Sampled;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.Lanes;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.AttackSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.eval.ScoreJournal;
import org.unlearn4j.eval.Scorer;
import org.unlearn4j.lm.BatchPlan;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.stage.Inputs;
import org.unlearn4j.tf.LogitLens;
import org.unlearn4j.tf.TensorFlowModel;

/**
 * Asks models otherwise for what was forgotten, each on its runtime, and holds what they give away
 * against what the retain-only model gives away under the same attack.
 */
public final class AttackStage {
  private final Pipeline pipeline;
  private final PrintStream log;
  private final FileHashes hashes;

  /**
   * A stage.
   *
   * @param log for notes on the data
   * @param hashes of files that are read
   */
  public AttackStage(Pipeline pipeline, PrintStream log, FileHashes hashes) {
    this.pipeline = pipeline;
    this.log = log;
    this.hashes = hashes;
  }

  /**
   * A model that is attacked.
   *
   * @param name in the result
   * @param model HF folder, or for ONNX the deployable folder
   * @param trained the HF folder that a deployable folder was made from; else {@code model}
   */
  public record Subject(String name, Path model, String runtime, Path trained) {
    /** Named by its runtime. */
    public static Subject of(String name, Path model, String runtime, Path trained) {
      String full = name + "." + runtime.replace(':', '-');
      return new Subject(full, model, runtime, runtime.equals("tf") ? model : trained);
    }

    static Subject folder(String name, Path model) {
      return new Subject(name, model, "tf", model);
    }

    boolean deployed() {
      return !runtime.equals("tf");
    }
  }

  /**
   * What came out.
   *
   * @param read the data's files, by content
   * @param close gives up what a killed run would go on from
   */
  public record Finished(AttackResult result, Map<String, String> read, Runnable close) {
    public Finished {
      read = Map.copyOf(read);
    }
  }

  /** What decides what leaks. */
  public Inputs inputs(List<Subject> judged, Optional<Inputs> earlier) {
    StageInputs inputs =
        new StageInputs(pipeline, hashes)
            .settings("attack", "evaluate.token_budget", "evaluate.limit")
            .arithmetic(RuntimeModels.ort(pipeline).decisive())
            .device()
            .measured(earlier);
    for (Subject subject : all(judged)) {
      if (subject.runtime().equals("tf")) {
        inputs.model(subject.name(), subject.model()).graph(subject.model(), "forward");
      } else {
        String variant = RuntimeModels.variant(subject.runtime());
        inputs.deployed(subject.name(), subject.model(), variant);
        if (pipeline.attack().filter(AttackSettings::needsWeights).isPresent()) {
          inputs.model(subject.name() + " trained", subject.trained());
          inputs.graph(subject.trained(), "forward");
        }
      }
    }
    pipeline.model().tokenizerFolder().ifPresent(p -> inputs.tokenizer("tokenizer", p));
    pipeline.attack().flatMap(AttackSettings::prompts).ifPresent(f -> inputs.file("prompts", f));
    pipeline.attack().flatMap(AttackSettings::aliases).ifPresent(f -> inputs.file("aliases", f));
    return inputs.build();
  }

  /** Those that are judged, then the yardstick and the model before unlearning. */
  private List<Subject> all(List<Subject> judged) {
    List<Subject> all = new ArrayList<>(judged);
    pipeline
        .model()
        .reference()
        .ifPresent(p -> all.add(Subject.folder(AttackResult.RETAIN_ONLY, p)));
    pipeline.model().path().ifPresent(p -> all.add(Subject.folder(AttackResult.TARGET, p)));
    return all;
  }

  /**
   * What a run goes by.
   *
   * @param known its inputs but for the data
   * @param kept folder of what was measured
   */
  private record Plan(
      AttackSettings settings, EvaluateStage models, BatchLanes lanes, Inputs known, Path kept) {}

  /** What is known of a run so far. */
  private static final class Found {
    private final Map<String, List<Judgement>> judgements = new LinkedHashMap<>();
    private final Map<String, double[][]> sampled = new LinkedHashMap<>();
    private final Map<String, Map<String, Double>> lens = new LinkedHashMap<>();
    private final Map<String, Map<Pushing.Step, List<Judgement>>> pushed = new LinkedHashMap<>();
    private final Map<String, String> read = new TreeMap<>();
    private final List<Learned> lessons = new ArrayList<>();
    private List<Probe> probes = List.of();
    private List<Probe> asTaught = List.of();
    private List<String> groups = List.of();
    private List<Probe> learned = List.of();
  }

  /**
   * Attacks every model, and writes {@code attacks.json}. Goes on where a killed run of the same
   * settings, weights and data stopped.
   *
   * @param judged models that limits are for
   * @param out the file; what was measured is kept beside it until {@link Finished#close}
   * @throws UserException if the pipeline has no such stage, or its input is at fault
   */
  public Finished run(List<Subject> judged, Path out) {
    AttackSettings settings =
        pipeline
            .attack()
            .orElseThrow(
                () ->
                    new UserException(
                        "pipeline: found no attack block, expected one for this stage."));
    if (settings.needsWeights()) {
      judged.forEach(AttackedWeights::require);
    }
    Inputs known = inputs(judged, Optional.empty());
    Path kept = out.resolveSibling("." + out.getFileName() + ".rows");
    EvaluateStage models = new EvaluateStage(pipeline, EvalSet.Role.GENERATED, hashes);
    BatchLanes lanes = BatchLanes.attacking(pipeline, settings);
    Plan plan = new Plan(settings, models, lanes, known, kept);
    Found found = new Found();
    for (Subject subject : all(judged)) {
      attack(plan, subject, found);
    }
    List<String> names = judged.stream().map(Subject::name).toList();
    AttackResult result =
        AttackResult.of(
                Stream.concat(found.probes.stream(), found.learned.stream()).toList(),
                found.judgements,
                names,
                settings::limit,
                sampled(settings, found))
            .with(
                settings.push().isEmpty()
                    ? List.of()
                    : Pushing.curves(settings, names, found.pushed, found.groups),
                found.lessons,
                found.lens);
    result.write(out);
    return new Finished(result, found.read, () -> AtomicFiles.deleteTree(kept));
  }

  private void attack(Plan plan, Subject subject, Found found) {
    AttackSettings settings = plan.settings;
    try (LanguageModel model = plan.lanes.open(subject.model(), subject.runtime());
        TaskData data = plan.models.data(subject.model(), model.shape().maxPositions());
        Bars bars = new Bars("attack " + subject.name())) {
      AttackData attacks = AttackData.of(pipeline, settings, data, model.shape().maxPositions());
      AsTaught asTaught = AsTaught.of(pipeline, settings, data, model.shape().maxPositions());
      if (found.probes.isEmpty()) {
        attacks.notes().forEach(log::println);
        asTaught.notes().stream().filter(n -> !attacks.notes().contains(n)).forEach(log::println);
        asTaught.require(settings);
        found.probes = attacks.probes();
        found.asTaught = asTaught.probes();
        found.groups = asTaught.rows().stream().map(e -> e.probe().group()).toList();
        found.read.putAll(data.read());
      } else if (!found.probes.equals(attacks.probes())
          || !found.asTaught.equals(asTaught.probes())) {
        throw new UserException(
            subject.model()
                + ": found a tokenizer or a number of positions that leads to other prompts than"
                + " for "
                + found.judgements.keySet()
                + ", expected models that can be asked the same prompts.");
      }
      String key = plan.known.with(data.read()).identity("attack") + " " + subject.name();
      Path file = plan.kept.resolve(subject.name());
      try (ScoreJournal journal = ScoreJournal.open(file, key)) {
        Scorer scorer = new Scorer(model, pipeline.evaluate().tokenBudget(), bars, journal);
        found.judgements.put(subject.name(), suite(settings, data, attacks.encoded()).run(scorer));
      }
      if (settings.samples() > 0 && !subject.name().equals(AttackResult.TARGET)) {
        OftenAsked often =
            new OftenAsked(
                settings.samples(),
                settings.temperature(),
                settings.seed(),
                settings.maxNewTokens(),
                data.stopIds(),
                pipeline.evaluate().tokenBudget(),
                ids -> data.tokenizer().decode(ids, true));
        found.sampled.put(subject.name(), often.run(model, asTaught.rows(), bars));
      }
      if (settings.needsWeights()) {
        inside(plan, subject, model, new Asking(data, asTaught, bars), found);
      }
    }
  }

  private static List<Sampled> sampled(AttackSettings settings, Found found) {
    Optional<double[][]> retainOnly =
        Optional.ofNullable(found.sampled.get(AttackResult.RETAIN_ONLY));
    List<String> groups = found.groups;
    List<Sampled> all = new ArrayList<>();
    found.sampled.forEach(
        (name, leakages) ->
            all.add(
                Sampled.of(
                    name,
                    settings.temperature(),
                    leakages,
                    retainOnly.filter(r -> !name.equals(AttackResult.RETAIN_ONLY)),
                    groups)));
    return all;
  }

  private static AttackSuite suite(AttackSettings settings, TaskData data, List<Encoded> asked) {
    return new AttackSuite(
        asked, settings.maxNewTokens(), data.stopIds(), ids -> data.tokenizer().decode(ids, true));
  }

  /** What a model is asked inside, and where it is told how far that is. */
  private record Asking(TaskData data, AsTaught asTaught, Bars bars) {}

  /** What needs the weights themselves. What pushes them comes last: the model is another then. */
  private void inside(Plan plan, Subject subject, LanguageModel model, Asking asking, Found found) {
    try (AttackedWeights weights = AttackedWeights.open(subject)) {
      if (plan.settings.learns()) {
        learn(plan, subject, weights, asking, found);
      }
      boolean pushes =
          !plan.settings.push().isEmpty() && !subject.name().equals(AttackResult.TARGET);
      if (!plan.settings.lens() && !pushes) {
        return;
      }
      try (TensorFlowModel read = subject.deployed() ? weights.onTensorFlow(plan.lanes) : null) {
        TensorFlowModel own = read == null ? (TensorFlowModel) model : read;
        List<Encoded> rows = asking.asTaught.rows();
        if (plan.settings.lens()) {
          found.lens.put(subject.name(), lens(own, rows));
        }
        if (pushes) {
          String key = plan.known.with(asking.data.read()).identity("attack");
          AttackSuite suite = suite(plan.settings, asking.data, rows);
          found.pushed.put(
              subject.name(),
              new Pushing(pipeline, plan.settings, plan.kept, key)
                  .ask(subject.name(), own, weights, suite, asking.bars));
        }
      }
    }
  }

  private void learn(
      Plan plan, Subject subject, AttackedWeights weights, Asking asking, Found found) {
    Learning.Result result =
        new Learning(pipeline, plan.settings, plan.lanes)
            .run(
                subject.name(),
                weights,
                asking.asTaught,
                some -> suite(plan.settings, asking.data, some),
                asking.bars);
    found.learned = result.probes();
    found.lessons.addAll(result.lessons());
    found.judgements.merge(
        subject.name(),
        result.judgements(),
        (a, b) -> Stream.concat(a.stream(), b.stream()).toList());
  }

  /** Means over the rows, by layer. */
  private Map<String, Double> lens(TensorFlowModel model, List<Encoded> asked) {
    List<TokenRow> rows = asked.stream().map(e -> e.rows().get(0)).toList();
    Map<String, Double> means = new LinkedHashMap<>();
    int budget = pipeline.evaluate().tokenBudget();
    Lanes.inOrder(
        model.lanes(),
        BatchPlan.byLength(rows.size(), i -> rows.get(i).length(), budget),
        batch -> LogitLens.probabilities(model, IntStream.of(batch).mapToObj(rows::get).toList()),
        all -> {
          for (int l = 0; l < all.length; l++) {
            String layer = l == 0 ? "embeddings" : Integer.toString(l - 1);
            means.merge(layer, Arrays.stream(all[l]).sum() / rows.size(), Double::sum);
          }
        });
    return means;
  }
}
