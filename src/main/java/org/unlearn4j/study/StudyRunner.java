package org.unlearn4j.study;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.parity.Survival;
import org.unlearn4j.report.RunFolder;
import org.unlearn4j.run.EvaluateStage;
import org.unlearn4j.run.EvaluationFiles;
import org.unlearn4j.run.RunInputs;
import org.unlearn4j.run.UnlearnStage;
import org.unlearn4j.weights.Variant;

/**
 * Runs a study in a folder: {@code eval/} holds the evaluations of the target and the retain-only
 * model, made once, and each run has a run folder of its own. What is there with equal settings and
 * inputs is not made again, so that a study that was killed goes on where it stopped.
 */
public final class StudyRunner {
  private static final String RUNTIME = "tf";
  private static final int SHOWN = 3;

  private final Study study;
  private final Path out;
  private final PrintStream log;
  private final String version;
  private final EvaluateStage evaluate;
  private final StudyFormats formats;

  /**
   * A runner.
   *
   * @param out the study's folder
   * @param log for progress
   * @param version of this program, for the record
   */
  public StudyRunner(Study study, Path out, PrintStream log, String version) {
    this.study = study;
    this.out = out;
    this.log = log;
    this.version = version;
    this.evaluate = new EvaluateStage(study.shared(), study.generated());
    this.formats = new StudyFormats(study, evaluate, log);
  }

  /**
   * Makes what is missing.
   *
   * @throws UserException if models or data are at fault, or a column is not measured
   * @throws org.unlearn4j.base.MachineException if a run fails; the others can go on later
   */
  public StudyTable run() {
    String inputs = RunInputs.hash(study.shared());
    Pipeline shared = study.shared();
    String evaluation =
        Hashes.sha256(
            inputs + shared.model() + shared.data() + shared.evaluate() + study.generated());
    Map<String, Map<Column, Double>> models = references(evaluation);
    List<StudyTable.Measured> measured = new ArrayList<>();
    double seconds = 0;
    int made = 0;
    int number = 0;
    for (Study.Run run : study.runs()) {
      long start = System.nanoTime();
      RunFolder folder = new RunFolder(out.resolve(run.name()));
      String unlearning =
          Hashes.sha256(inputs + run.pipeline().unlearn() + shared.model() + shared.data());
      boolean done = isDone(folder, unlearning, evaluation);
      if (!done) {
        make(run, folder, unlearning, evaluation);
      }
      Map<Column, Double> values = read(folder);
      measured.add(new StudyTable.Measured(run.row(), run.seed(), values));
      measured.addAll(deployed(run, folder));
      number++;
      double own = (System.nanoTime() - start) / 1e9;
      seconds += done ? 0 : own;
      made += done ? 0 : 1;
      log.println(line(number, run, values, done, own, seconds / Math.max(1, made)));
    }
    return new StudyTable(study, models, measured);
  }

  /** One line a run of what is there and what is not. */
  public List<String> plan() {
    return study.runs().stream()
        .map(
            run -> {
              boolean there = RunRecord.read(out.resolve(run.name())).isPresent();
              return run.name() + (there ? "  (was run; checked again before it is used)" : "");
            })
        .toList();
  }

  private String line(
      int number,
      Study.Run run,
      Map<Column, Double> values,
      boolean done,
      double seconds,
      double mean) {
    StringBuilder words = new StringBuilder();
    words.append(String.format(Locale.ROOT, "[%d/%d] ", number, study.runs().size()));
    words.append(run.name()).append(done ? ", done before:" : ":");
    values.entrySet().stream()
        .limit(SHOWN)
        .forEach(
            e ->
                words.append(
                    String.format(Locale.ROOT, " %s %.4g,", e.getKey().name(), e.getValue())));
    int left = study.runs().size() - number;
    words.append(String.format(Locale.ROOT, " %.0f s", seconds));
    if (left > 0 && mean > 0) {
      words.append(String.format(Locale.ROOT, "; at most %.1f min left", left * mean / 60));
    }
    return words.toString();
  }

  private Map<String, Map<Column, Double>> references(String evaluation) {
    RunFolder folder = new RunFolder(out);
    Path retainFile = folder.evaluation("retain", RUNTIME);
    Path targetFile = folder.evaluation("target", RUNTIME);
    boolean same = RunRecord.read(out).filter(r -> r.evaluation().equals(evaluation)).isPresent();
    Optional<Path> retain = study.shared().model().reference();
    boolean there =
        Files.isRegularFile(targetFile) && (retain.isEmpty() || Files.isRegularFile(retainFile));
    if (!same || !there || !has(EvaluationResult.read(targetFile))) {
      RunRecord.delete(out);
      retain.ifPresent(
          model -> EvaluationFiles.write(evaluate("retain", model, Optional.empty()), retainFile));
      EvaluationResult target =
          evaluate(
              "target", study.shared().model().path().orElseThrow(), retain.map(m -> retainFile));
      requireColumns(target);
      EvaluationFiles.write(target, targetFile);
      new RunRecord("", evaluation, Double.NaN).write(out);
    }
    Map<String, Map<Column, Double>> models = new LinkedHashMap<>();
    models.put(StudyTable.TARGET, values(EvaluationResult.read(targetFile), Double.NaN));
    retain.ifPresent(
        m ->
            models.put(
                StudyTable.RETAIN_ONLY, values(EvaluationResult.read(retainFile), Double.NaN)));
    return models;
  }

  private EvaluationResult evaluate(String name, Path model, Optional<Path> reference) {
    return evaluate.run(
        new EvaluateStage.Request(name, model, RUNTIME, reference.map(EvaluationResult::read)));
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
          String.join(", ", missing) + ", which this data gives no evidence for",
          "some of " + String.join(", ", target.metrics().keySet()));
    }
  }

  private boolean has(EvaluationResult result) {
    return study.columns().stream()
        .filter(Column::isMetric)
        .noneMatch(c -> c.value(result).isEmpty());
  }

  private boolean isDone(RunFolder folder, String unlearning, String evaluation) {
    return RunRecord.read(folder.root())
        .filter(r -> r.unlearning().equals(unlearning))
        .filter(r -> isEvaluated(folder, r, evaluation))
        .filter(r -> formats.areDone(folder, r))
        .isPresent();
  }

  private boolean isEvaluated(RunFolder folder, RunRecord record, String evaluation) {
    return record.evaluation().equals(evaluation)
        && Files.isRegularFile(folder.evaluation("unlearned", RUNTIME))
        && has(EvaluationResult.read(folder.evaluation("unlearned", RUNTIME)));
  }

  private Map<Column, Double> read(RunFolder folder) {
    return values(
        EvaluationResult.read(folder.evaluation("unlearned", RUNTIME)),
        RunRecord.read(folder.root()).orElseThrow().stepSeconds());
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
      EvaluationResult file = EvaluationResult.read(StudyFormats.evaluation(folder, format));
      Map<Column, Double> values = values(file, Double.NaN);
      study.columns().stream()
          .filter(Column::isRebound)
          .forEach(c -> values.put(c, Survival.largestRebound(target, trained, file)));
      measured.add(new StudyTable.Measured(run.row().in(format), run.seed(), values));
    }
    return measured;
  }

  private void make(Study.Run run, RunFolder folder, String unlearning, String evaluation) {
    log.println("==> " + run.name());
    RunRecord record =
        RunRecord.read(folder.root())
            .filter(r -> r.unlearning().equals(unlearning))
            .filter(r -> Files.isRegularFile(folder.unlearned().resolve("model.safetensors")))
            .orElseGet(() -> unlearn(run, folder, unlearning));
    Optional<Path> reference =
        study
            .shared()
            .model()
            .reference()
            .map(m -> new RunFolder(out).evaluation("retain", RUNTIME));
    if (!isEvaluated(folder, record, evaluation)) {
      EvaluationResult result = evaluate("unlearned", folder.unlearned(), reference);
      EvaluationFiles.write(result, folder.evaluation("unlearned", RUNTIME));
      record = record.evaluated(evaluation);
      record.write(folder.root());
    }
    formats.make(folder, record, reference);
  }

  private RunRecord unlearn(Study.Run run, RunFolder folder, String unlearning) {
    RunRecord.delete(folder.root());
    AtomicFiles.writeString(folder.pipeline(), run.pipeline().toYaml());
    new UnlearnStage(run.pipeline(), log, version).run(folder.unlearned());
    RunRecord record = new RunRecord(unlearning, "", RunRecord.undisturbedStep(folder.trainLog()));
    record.write(folder.root());
    return record;
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
