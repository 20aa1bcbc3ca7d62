package org.unlearn4j.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.ClRegSettings;
import org.unlearn4j.config.Floor;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.ModelSettings;
import org.unlearn4j.config.ObjectiveKeys;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.stage.Inputs;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.train.MaskView;
import org.unlearn4j.train.ModelFolder;
import org.unlearn4j.train.Trainer;
import org.unlearn4j.train.TrainingData;
import org.unlearn4j.train.TrainingStep;
import org.unlearn4j.train.View;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepGraph;

/** Makes a model forget, and writes it with the record of how. */
public final class UnlearnStage {
  private final Pipeline pipeline;
  private final PrintStream log;
  private final String version;
  private final FileHashes hashes;

  /** As {@link #UnlearnStage(Pipeline, PrintStream, String, FileHashes)}, reading files afresh. */
  public UnlearnStage(Pipeline pipeline, PrintStream log, String version) {
    this(pipeline, log, version, FileHashes.inMemory());
  }

  /**
   * A stage.
   *
   * @param log for notes on the data
   * @param version of this program, for the record
   * @param hashes of files that are read
   */
  public UnlearnStage(Pipeline pipeline, PrintStream log, String version, FileHashes hashes) {
    this.pipeline = pipeline;
    this.log = log;
    this.version = version;
    this.hashes = hashes;
  }

  /** Whether a pipeline reads the retain-only model while it unlearns. */
  public static boolean readsReference(Pipeline pipeline) {
    return Watching.readsReference(pipeline);
  }

  /** What decides the unlearned model. */
  public Inputs inputs(Optional<Inputs> earlier) {
    Path base = base();
    StageInputs inputs = new StageInputs(pipeline, hashes);
    if (Watching.readsReference(pipeline)) {
      pipeline.model().reference().ifPresent(theirs -> inputs.model("reference", theirs));
    }
    return inputs
        .unlearning(base)
        .settings("evaluate.token_budget") // of the batches in which likelihoods are measured
        .model("model", base)
        .tokenizer("tokenizer", tokenizer(base))
        .data(earlier)
        .build();
  }

  /** Models whose weights the step is given, one after the other. */
  private List<Path> assigned(Path base) {
    boolean reference = Watching.readsReference(pipeline);
    return reference ? List.of(base, pipeline.model().reference().orElseThrow()) : List.of(base);
  }

  private Path base() {
    return pipeline
        .model()
        .path()
        .orElseThrow(
            () ->
                new UserException(
                    "model.path: found nothing, expected the model that shall forget."));
  }

  /**
   * Trains and writes a Hugging Face folder. Its checkpoints stay until {@link Trained#close}.
   *
   * @throws UserException if the input is at fault
   * @throws MachineException if the run moved nothing
   */
  public Trained run(Path out) {
    int seeds = pipeline.unlearn().tuning().seeds();
    if (seeds > 1) {
      throw new UserException(
          "unlearn.seeds: found " + seeds + ", expected 1 here (run makes several and chooses).");
    }
    Path base = base();
    if (Watching.readsReference(pipeline) && pipeline.model().reference().isEmpty()) {
      throw new UserException(
          "model.reference: found nothing, expected the retain-only model that a floor or a goal"
              + " reads (run teaches one where the pipeline has finetune).");
    }
    ModelSettings models = pipeline.model();
    ModelFolder.requireWritable(
        out, List.of(models.path(), models.reference(), models.tokenizer()));
    Inputs known = inputs(Optional.empty());
    Decoder decoder = Decoder.of(ModelConfig.read(base));
    LoopSettings loop = pipeline.unlearn().loop();
    Objective whole =
        Adapters.of(
            Objectives.of(pipeline.unlearn(), decoder), loop, "unlearn", decoder, assigned(base));
    try (TaskData data =
        new TaskData(
            pipeline,
            pipeline.model().tokenizerFolder().orElse(base),
            decoder.config().maxPositions())) {
      List<TokenRow> forget = data.forget();
      List<TokenRow> retain = data.retain();
      List<TokenRow> alternates = alternates(data, whole);
      List<TokenRow> strangers = Watching.strangers(pipeline, data);
      Watching.Tuned tuned = Watching.tuned(pipeline, data);
      Surgery.Rows looked = new Surgery.Rows(forget, retain, budget());
      Optional<Surgery> surgery =
          pipeline.unlearn().surgery().map(s -> new Surgery(s, decoder, looked));
      Trainer.Regularisation regularisation = regularisation(data, forget, loop.seed());
      data.notes().forEach(log::println);
      TrainingData rows =
          new TrainingData(forget, retain, alternates, Map.of())
              .withRetainRows(pipeline.unlearn().retainRows());
      Computation computation = RuntimeModels.training(pipeline.model(), loop);
      new SettledPrecision(log)
          .warn(pipeline, decoder.config(), loop, out.toAbsolutePath().getParent());
      Optional<Healing> healing = Healing.of(pipeline, decoder, looked, tokenizer(base), out, log);
      boolean everything = pipeline.unlearn().salientShare() == 1;
      if (everything) {
        // Before any weight is read: nothing else takes memory yet, and nobody has waited. What the
        // search for salient modules takes, and training them, is held against it further below.
        MemoryCheck.ofTraining("unlearn", decoder, whole, computation, loop, rows).require(log);
      }
      Map<String, String> weights = RuntimeModels.weightHashes(base, "tf", hashes);
      String identity = known.with(data.read()).identity("unlearn");
      Trainer.Files files = StageSupport.files(out, log(out), identity);
      Optional<SalientModules.Chosen> salient =
          new SalientModules(pipeline.unlearn(), decoder, computation, base)
              .choose(whole, rows, model -> reference(model, rows).nll, files, log);
      Objective objective = salient.map(s -> whole.training(Set.copyOf(s.modules()))).orElse(whole);
      if (!everything) {
        MemoryCheck.ofTraining("unlearn", decoder, objective, computation, loop, rows).require(log);
      }
      Likelihood before;
      ObjectNode record;
      Trainer.Finished finished;
      StepGraph graph = new StepGraph(decoder, objective, computation);
      try (TrainingStep step =
          new TrainingStep(
              graph, loop.optimizer(), loop.accumulate(), pipeline.unlearn().robust())) {
        // The step's own weights, before and after: a second copy would be in no plan, and the
        // result would be lost with it. In the precision of the steps, so that a margin against the
        // reference begins at 0.
        TensorFlowModel model = StageSupport.measured(graph, computation.precision());
        AdapterStart start =
            AdapterStart.of(graph, loop, new AdapterStart.Rows(forget, retain, budget()));
        Watching watching =
            Watching.of(pipeline, tuned, model, new Watching.Rows(forget, retain, strangers));
        List<double[]> floors = assigned(graph, start, model, forget, strangers, watching);
        // What training holds is there from now on: a measurement that succeeds here does so later.
        step.reset();
        Reference reference = reference(model, rows);
        before = reference.forget;
        before.unknown().ifPresent(log::println);
        surgery.ifPresent(s -> s.before(model));
        watching.begin(model, log);
        Trainer trainer =
            new Trainer(
                step, loop, rows.withReference(reference.nll).withFloors(floors), regularisation);
        try (ProgressBar bar = ProgressBar.named("unlearn " + objective.name())) {
          finished = trainer.run(files, StageSupport.bar(bar), watching.watch(), watching.judge());
        }
        watching.decided(finished.steps()).forEach(log::println);
        Optional<ObjectNode> cut = surgery.map(s -> s.cut(model, graph.variables(), log));
        Likelihood after = likelihood(model, forget, "forget set after");
        ObjectNode made = record(weights, data, finished, before, after, computation);
        salient.ifPresent(s -> made.set("salient", s.json()));
        cut.ifPresent(c -> made.set("surgery", c));
        watching.record().ifPresent(r -> made.set("tuning", r));
        record = made;
        healing.ifPresentOrElse(
            h -> h.keep(graph.variables()),
            () ->
                StageSupport.write(
                    graph,
                    Optional.of(base),
                    out,
                    StageSupport.layout(base, decoder),
                    tokenizer(base),
                    Optional.of(made)));
      }
      healing.ifPresent(h -> h.write(out, base, record, a -> after(record, before, a)));
      return new Trained(finished, data.read(), files);
    }
  }

  /** Beside the run's own, which the report shows. */
  private static String log(Path out) {
    String name = String.valueOf(out.getFileName());
    return name.equals("unlearned") ? "train.jsonl" : "train-" + name + ".jsonl";
  }

  private Path tokenizer(Path base) {
    return pipeline.model().tokenizerFolder().orElse(base);
  }

  private Trainer.Regularisation regularisation(TaskData data, List<TokenRow> forget, long seed) {
    Optional<ClRegSettings> settings = pipeline.unlearn().clreg().filter(c -> c.weight() > 0);
    if (settings.isEmpty()) {
      return Trainer.Regularisation.NONE;
    }
    ClRegSettings c = settings.get();
    return new Trainer.Regularisation(
        c.weight(),
        c.warmupSteps(),
        c.form().hasView() ? Optional.of(view(c, data, forget, seed)) : Optional.empty(),
        c.queue());
  }

  private static View view(ClRegSettings c, TaskData data, List<TokenRow> forget, long seed) {
    return switch (c.view()) {
      case MASK ->
          new MaskView(
              data.tokenizer().maskTokenId(),
              data.tokenizer().specialIds(),
              c.maskProbability(),
              seed);
      case PARAPHRASE -> new View.Given(data.paraphrases());
      case DROPOUT -> new View.InGraph();
      case STRANGER -> new View.Given(RowFloors.alike(forget, data.strangers()));
    };
  }

  private List<TokenRow> alternates(TaskData data, Objective objective) {
    return objective.segments().contains(Segment.ALTERNATE)
        ? data.alternates(pipeline.unlearn().loop().seed(), pipeline.data().refusals())
        : List.of();
  }

  /** What the model says of its rows before it forgets. */
  private record Reference(Likelihood forget, Map<Segment, double[]> nll) {}

  private Reference reference(LanguageModel model, TrainingData rows) {
    Map<Segment, double[]> nll = new EnumMap<>(Segment.class);
    Likelihood forget = likelihood(model, rows.forget(), "reference");
    nll.put(Segment.FORGET, forget.rowNll());
    if (!rows.alternates().isEmpty()) {
      nll.put(
          Segment.ALTERNATE, likelihood(model, rows.alternates(), "alternate answers").rowNll());
    }
    return new Reference(forget, nll);
  }

  private Likelihood likelihood(LanguageModel model, List<TokenRow> rows, String what) {
    return Likelihood.of(model, rows, budget(), what);
  }

  private int budget() {
    return pipeline.evaluate().tokenBudget();
  }

  /**
   * Fills the graph with the base's weights.
   *
   * @return how unlikely each token of the rows to forget may become; none for an objective without
   *     floors
   */
  private List<double[]> assigned(
      StepGraph graph,
      AdapterStart start,
      LanguageModel model,
      List<TokenRow> forget,
      List<TokenRow> strangers,
      Watching watching) {
    Floor floor = pipeline.unlearn().objective().floor();
    List<double[]> floors = List.of();
    if (Watching.readsReference(pipeline)) {
      Path reference = pipeline.model().reference().orElseThrow();
      StageSupport.assign(graph, reference);
      start.none(reference);
      watching.reference();
      floors = floor.equals(Floor.REFERENCE) ? floors(model, forget, strangers) : floors;
    }
    StageSupport.assign(graph, base());
    start.assign(base());
    boolean own = !floor.equals(Floor.NONE) && !floor.equals(Floor.REFERENCE);
    return own ? floors(model, forget, strangers) : floors;
  }

  private List<double[]> floors(
      LanguageModel model, List<TokenRow> forget, List<TokenRow> strangers) {
    Floor floor = pipeline.unlearn().objective().floor();
    List<double[]> floors =
        RowFloors.of(
            floor,
            pipeline.unlearn().objective().get(ObjectiveKeys.FLOOR_FACTOR),
            forget,
            strangers,
            rows -> Likelihood.scores(model, rows, pipeline.evaluate().tokenBudget(), "floors"));
    double[] perRow =
        floors.stream().mapToDouble(f -> Arrays.stream(f).average().orElse(0)).toArray();
    log.printf(
        Locale.ROOT,
        "unlearn: floors (%s) of %.2f nats a token on average, a mean probability of %.3f%n",
        floor,
        Arrays.stream(perRow).average().orElse(0),
        Arrays.stream(perRow).map(n -> Math.exp(-n)).average().orElse(0));
    return floors;
  }

  /** What became of the rows to forget, once it is known that something did. */
  private static void after(ObjectNode record, Likelihood before, Likelihood after) {
    Likelihood.requireMoved(before.meanNll(), after.meanNll());
    record.putObject("after").put("forget_nll", after.meanNll()).put("forget_prob", after.prob());
  }

  private ObjectNode record(
      Map<String, String> baseHashes,
      TaskData data,
      Trainer.Finished finished,
      Likelihood before,
      Likelihood after,
      Computation computation) {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode();
    root.putObject("tool").put("name", "unlearn4j").put("version", version);
    root.put("pipeline", pipeline.name());
    // Every setting that the stage reads, whatever the schema has: a list of some would be behind.
    ObjectNode settings = mapper.valueToTree(pipeline.values(Set.of("model", "data", "unlearn")));
    ObjectNode training = settings.withObjectProperty("unlearn");
    root.set("objective", training.remove("objective"));
    JsonNode clreg = training.remove("clreg");
    if (pipeline.unlearn().clreg().isPresent()) {
      root.set("clreg", clreg);
    }
    root.set("model", settings.path("model"));
    root.set("training", training);
    training
        .put("device", computation.device().setting())
        .put("steps", finished.steps())
        .put("seconds", finished.seconds());
    ObjectNode losses = root.putObject("final_losses").put("total", finished.last().total());
    finished.last().terms().forEach(losses::put);
    root.set("data", settings.path("data"));
    root.withObjectProperty("data").set("sha256", mapper.valueToTree(data.provenance()));
    root.set("base_weights_sha256", mapper.valueToTree(baseHashes));
    root.putObject("before").put("forget_nll", before.meanNll()).put("forget_prob", before.prob());
    after(root, before, after);
    return root;
  }
}
