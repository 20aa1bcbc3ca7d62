package org.unlearn4j.study;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.HostMemory;
import org.unlearn4j.base.Shard;
import org.unlearn4j.base.TargetLock;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.ModelSettings;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.RelearnResult;
import org.unlearn4j.job.Context;
import org.unlearn4j.job.PipelineStages;
import org.unlearn4j.job.RunProgress;
import org.unlearn4j.parity.Survival;
import org.unlearn4j.report.RunFolder;
import org.unlearn4j.run.EvaluateStage;
import org.unlearn4j.run.EvaluationFiles;
import org.unlearn4j.run.RuntimeModels;
import org.unlearn4j.stage.Stage;
import org.unlearn4j.stage.StageGraph;
import org.unlearn4j.weights.Variant;

/**
 * Runs a study in a folder: {@code eval/} holds the evaluations of the target and the retain-only
 * model, made once, and each run has a run folder of its own. What is there and of its inputs is
 * not made again, so that a study that was killed goes on where it stopped.
 */
public final class StudyRunner {
  private static final String RUNTIME = "tf";
  private static final int SHOWN = 3;
  private static final String EVALUATE = "evaluate ";

  private final Study study;
  private final Path out;
  private final PrintStream log;
  private final Context context;
  private final PipelineStages shared;
  private final StageGraph graph;

  /** Names of the stages of the models that all runs share, and of each run, by its name. */
  private final Set<String> before = new LinkedHashSet<>();

  private final Map<String, Set<String>> ofRun = new LinkedHashMap<>();

  /**
   * A runner.
   *
   * @param out the study's folder
   * @param log for progress
   */
  public StudyRunner(Study study, Path out, PrintStream log) {
    this.study = study;
    this.out = out;
    this.log = log;
    this.context = Context.in(out, log);
    this.shared = new PipelineStages(study.shared(), context, study.generated());
    this.graph = new StageGraph(stages(), context.hashes(), context.versions());
  }

  private List<Stage> stages() {
    RunFolder folder = new RunFolder(out);
    List<Stage> stages = new ArrayList<>();
    ModelSettings models = study.shared().model();
    Optional<Path> reference = models.reference().map(m -> folder.evaluation("retain", RUNTIME));
    reference.ifPresent(
        file ->
            stages.add(
                evaluate("retain", models.reference().get(), RUNTIME, Optional.empty(), file)));
    String[] first = stages.stream().map(Stage::name).toArray(String[]::new);
    stages.add(
        evaluate(
            "target",
            models.path().orElseThrow(),
            RUNTIME,
            reference,
            folder.evaluation("target", RUNTIME),
            first));
    stages.forEach(s -> before.add(s.name()));
    for (Study.Run run : study.runs()) {
      List<Stage> own = stages(run, reference);
      ofRun.put(
          run.name(), own.stream().map(Stage::name).collect(Collectors.toCollection(TreeSet::new)));
      stages.addAll(own);
    }
    return stages;
  }

  private List<Stage> stages(Study.Run run, Optional<Path> reference) {
    RunFolder folder = new RunFolder(out.resolve(run.name()));
    String[] first = before.toArray(String[]::new);
    String unlearn = "unlearn " + run.name();
    List<Stage> stages = new ArrayList<>();
    stages.add(
        new PipelineStages(run.pipeline(), context).unlearn(unlearn, folder.unlearned(), first));
    stages.add(
        evaluate(
            "unlearned",
            folder.unlearned(),
            RUNTIME,
            reference,
            folder.evaluation("unlearned", RUNTIME),
            unlearn));
    if (study.columns().stream().anyMatch(Column::isRelearning)) {
      Map<String, Path> known = new LinkedHashMap<>();
      known.put("target", new RunFolder(out).evaluation("target", RUNTIME));
      reference.ifPresent(file -> known.put("retain", file));
      known.put("unlearned", folder.evaluation("unlearned", RUNTIME));
      String[] evaluated = stages.stream().map(Stage::name).toArray(String[]::new);
      stages.add(
          new PipelineStages(run.pipeline(), context)
              .relearn(
                  "relearn " + run.name(),
                  folder.unlearned(),
                  known,
                  folder.relearning(),
                  Optional.empty(),
                  evaluated));
    }
    if (!study.formats().isEmpty()) {
      String export = "export " + run.name();
      stages.add(
          shared.export(export, folder.unlearned(), study.formats(), folder.deployed(), unlearn));
      for (Variant format : study.formats()) {
        String runtime = RuntimeModels.runtime(format);
        Path file = evaluation(folder, format);
        stages.add(evaluate("unlearned", folder.deployed(), runtime, reference, file, export));
      }
    }
    return stages;
  }

  private Stage evaluate(
      String model,
      Path weights,
      String runtime,
      Optional<Path> reference,
      Path file,
      String... after) {
    EvaluateStage.Request request = new EvaluateStage.Request(model, weights, runtime, reference);
    return shared.evaluate(EVALUATE + out.relativize(file), request, file, after);
  }

  private static Path evaluation(RunFolder folder, Variant format) {
    return folder.evaluation(EvaluationFiles.ofDeployed(format));
  }

  /**
   * Makes what is missing.
   *
   * @throws UserException if models or data are at fault, or a column is not measured
   * @throws org.unlearn4j.base.MachineException if a run fails; the others can go on later
   */
  public StudyTable run() {
    return TargetLock.<StudyTable, RuntimeException>holding(
        out.resolve("study"), log::println, this::locked);
  }

  private StudyTable locked() {
    run(before);
    Map<String, Map<Column, Double>> models = references();
    List<StudyTable.Measured> measured = new ArrayList<>();
    make(
        study.runs(),
        (run, values) -> {
          measured.add(new StudyTable.Measured(run.row(), run.seed(), values));
          measured.addAll(deployed(run, new RunFolder(out.resolve(run.name()))));
        });
    return new StudyTable(study, models, measured);
  }

  /**
   * Makes what is missing of a part of the runs, and what all of them share. Parts may be made by
   * several machines at once on a shared folder; what all share is made by the first, and the
   * others wait. Once every run is there, {@link #run} reads them and has the table.
   *
   * @return names of the runs, in order
   */
  public List<String> run(Shard shard) {
    List<Study.Run> own = runs(shard);
    return TargetLock.<List<String>, RuntimeException>holding(
        out.resolve("study-" + shard.fileName()),
        log::println,
        () -> {
          run(before);
          Map<String, Map<Column, Double>> ignored = references(); // mistakes, told now
          make(own, (run, values) -> {});
          return own.stream().map(Study.Run::name).toList();
        });
  }

  private List<Study.Run> runs(Shard shard) {
    return IntStream.range(0, study.runs().size())
        .filter(shard::has)
        .mapToObj(study.runs()::get)
        .toList();
  }

  private void make(List<Study.Run> runs, BiConsumer<Study.Run, Map<Column, Double>> then) {
    double seconds = 0;
    int made = 0;
    int number = 0;
    for (Study.Run run : runs) {
      long start = System.nanoTime();
      RunFolder folder = new RunFolder(out.resolve(run.name()));
      boolean done = isDone(run);
      if (!done) {
        log.println("==> " + run.name());
        write(run, folder);
        run(ofRun.get(run.name()));
      }
      Map<Column, Double> values = read(folder);
      then.accept(run, values);
      number++;
      double own = (System.nanoTime() - start) / 1e9;
      seconds += done ? 0 : own;
      made += done ? 0 : 1;
      String place = String.format(Locale.ROOT, "[%d/%d] ", number, runs.size());
      String left = left(runs.size() - number, seconds / Math.max(1, made));
      log.println(place + line(run, values, done, own) + left);
    }
  }

  private void run(Set<String> goals) {
    boolean ignored =
        graph.run(
            request(goals),
            HostMemory::available,
            new RunProgress(graph.plan(request(goals)), log, log));
  }

  private static StageGraph.Request request(Set<String> goals) {
    return new StageGraph.Request(Optional.of(goals), Set.of(), 1);
  }

  private boolean isDone(Study.Run run) {
    return graph.plan(request(ofRun.get(run.name()))).stream()
        .allMatch(p -> p.decision() == StageGraph.Decision.CURRENT);
  }

  private static void write(Study.Run run, RunFolder folder) {
    AtomicFiles.writeString(folder.pipeline(), run.pipeline().toYaml());
  }

  /** One line a run of a part, with whether it is there. */
  public List<String> plan(Shard shard) {
    return runs(shard).stream().map(run -> run.name() + (isDone(run) ? "  (done)" : "")).toList();
  }

  private static String line(
      Study.Run run, Map<Column, Double> values, boolean done, double seconds) {
    StringBuilder words = new StringBuilder(run.name()).append(done ? ", done before:" : ":");
    values.entrySet().stream()
        .limit(SHOWN)
        .forEach(
            e ->
                words.append(
                    String.format(Locale.ROOT, " %s %.4g,", e.getKey().name(), e.getValue())));
    return words.append(String.format(Locale.ROOT, " %.0f s", seconds)).toString();
  }

  private static String left(int runs, double mean) {
    return runs > 0 && mean > 0
        ? String.format(Locale.ROOT, "; at most %.1f min left", runs * mean / 60)
        : "";
  }

  private Map<String, Map<Column, Double>> references() {
    RunFolder folder = new RunFolder(out);
    EvaluationResult target = EvaluationResult.read(folder.evaluation("target", RUNTIME));
    requireColumns(target);
    Map<String, Map<Column, Double>> models = new LinkedHashMap<>();
    models.put(StudyTable.TARGET, values(target, Double.NaN));
    if (study.shared().model().reference().isPresent()) {
      EvaluationResult retain = EvaluationResult.read(folder.evaluation("retain", RUNTIME));
      models.put(StudyTable.RETAIN_ONLY, values(retain, Double.NaN));
    }
    return models;
  }

  /** The target has every metric that an unlearned model has. */
  private void requireColumns(EvaluationResult target) {
    List<String> missing =
        study.columns().stream()
            .filter(c -> c.isMetric() && c.value(target).isEmpty())
            .map(Column::name)
            .toList();
    if (!missing.isEmpty()) {
      throw UserException.at(
          study.file(),
          "columns",
          String.join(", ", missing) + ", which cannot be measured on this data",
          "some of " + String.join(", ", target.metrics().keySet()));
    }
  }

  private Map<Column, Double> read(RunFolder folder) {
    Map<Column, Double> values =
        values(
            EvaluationResult.read(folder.evaluation("unlearned", RUNTIME)),
            StepTime.undisturbed(folder.trainLog()));
    study.columns().stream()
        .filter(Column::isRelearning)
        .forEach(
            c ->
                RelearnResult.read(folder.relearning())
                    .gain()
                    .ifPresent(gain -> values.put(c, gain)));
    return values;
  }

  private List<StudyTable.Measured> deployed(Study.Run run, RunFolder folder) {
    if (study.formats().isEmpty()) {
      return List.of();
    }
    EvaluationResult target =
        EvaluationResult.read(new RunFolder(out).evaluation("target", RUNTIME));
    EvaluationResult trained = EvaluationResult.read(folder.evaluation("unlearned", RUNTIME));
    List<StudyTable.Measured> measured = new ArrayList<>();
    for (Variant format : study.formats()) {
      EvaluationResult file = EvaluationResult.read(evaluation(folder, format));
      Map<Column, Double> values = values(file, Double.NaN);
      study.columns().stream()
          .filter(Column::isRebound)
          .forEach(c -> values.put(c, Survival.largestRebound(target, trained, file)));
      measured.add(new StudyTable.Measured(run.row().in(format), run.seed(), values));
    }
    return measured;
  }

  private Map<Column, Double> values(EvaluationResult result, double stepSeconds) {
    Map<Column, Double> values = new LinkedHashMap<>();
    for (Column column : study.columns()) {
      if (!column.isTime()) {
        column.value(result).ifPresent(v -> values.put(column, v));
      } else if (!Double.isNaN(stepSeconds)) {
        values.put(column, stepSeconds);
      }
    }
    return values;
  }
}
