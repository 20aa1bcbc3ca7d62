package org.unlearn4j.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.TargetLock;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.ModelSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.parity.Verdict;
import org.unlearn4j.report.Report;
import org.unlearn4j.report.RunFolder;
import org.unlearn4j.run.AttackStage;
import org.unlearn4j.run.Delivery;
import org.unlearn4j.run.EvaluateStage;
import org.unlearn4j.run.EvaluationFiles;
import org.unlearn4j.run.ExportStage;
import org.unlearn4j.run.RelearnStage;
import org.unlearn4j.run.TeachStage;
import org.unlearn4j.run.Trained;
import org.unlearn4j.run.UnlearnStage;
import org.unlearn4j.run.VerifyStage;
import org.unlearn4j.stage.Inputs;
import org.unlearn4j.stage.Stage;
import org.unlearn4j.stage.StageCheck;
import org.unlearn4j.stage.StageRecord;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.Variant;

/**
 * Each kind of stage that a pipeline may have, for given files. Which of them a run has, and where
 * their files are, says {@link Chain}.
 */
public final class PipelineStages {
  private final Pipeline pipeline;
  private final Context context;
  private final EvaluateStage evaluate;

  public PipelineStages(Pipeline pipeline, Context context) {
    this(pipeline, context, EvalSet.Role.GENERATED);
  }

  /**
   * Stages of a pipeline.
   *
   * @param generated roles of the sets whose questions an evaluation answers
   */
  public PipelineStages(Pipeline pipeline, Context context, Set<EvalSet.Role> generated) {
    this.pipeline = pipeline;
    this.context = context;
    this.evaluate = new EvaluateStage(pipeline, generated, context.hashes());
  }

  /** Teaches a model the pipeline's data. */
  public Stage teach(String name, DType dtype, Path out) {
    requireSettled();
    TeachStage stage = new TeachStage(pipeline, context.log(), context.hashes());
    return new Stage(
        name,
        List.of(),
        out,
        (hashes, earlier) -> stage.inputs(dtype, earlier),
        () -> Needs.ofTraining(pipeline.model().path()),
        () -> trained(out, stage.run(out, dtype)));
  }

  /** Makes the pipeline's model forget. */
  public Stage unlearn(String name, Path out, String... after) {
    requireSettled();
    UnlearnStage stage =
        new UnlearnStage(pipeline, context.log(), context.version(), context.hashes());
    return new Stage(
        name,
        List.of(after),
        out,
        (hashes, earlier) -> stage.inputs(earlier),
        () -> Needs.ofTraining(pipeline.model().path()),
        () -> trained(out, stage.run(out)));
  }

  /**
   * Delivers one of several runs.
   *
   * @param runs their models, by name
   */
  Stage deliver(String name, Map<String, Path> runs, RunFolder folder, String... after) {
    Delivery delivery = new Delivery(pipeline, runs);
    delivery.requireWritable(folder.unlearned()); // before the work, not after it
    return new Stage(
        name,
        List.of(after),
        folder.unlearned(),
        (hashes, earlier) -> delivery.inputs(context.hashes()),
        () -> 0L,
        () -> {
          String chosen = delivery.run(folder.unlearned(), folder.trainLog());
          return Stage.Done.wrote(filesIn(folder.unlearned()), Map.of(), chosen);
        });
  }

  /** Before anything runs: what is trained decides its inputs' identity. */
  private void requireSettled() {
    if (pipeline.model().precision() == ModelSettings.Precision.AUTO && !context.planning()) {
      throw new UserException(
          "model.precision: found auto, expected fp32, tf32 or bf16, so that all runs of a study"
              + " or sweep have the same.");
    }
  }

  private static Stage.Done trained(Path out, Trained trained) {
    return new Stage.Done(
        List.of(trained.sentence(out)), true, trained.read(), filesIn(out), trained::close);
  }

  /** Writes a model's deployable folder. */
  public Stage export(String name, Path model, List<Variant> variants, Path out, String... after) {
    ExportStage stage = new ExportStage(pipeline, context.log(), context.hashes());
    return new Stage(
        name,
        List.of(after),
        out,
        (hashes, earlier) -> stage.inputs(model, variants),
        () -> Needs.ofExport(model),
        () -> {
          List<String> files =
              stage.run(model, out, variants).stream().map(Path::toString).toList();
          return Stage.Done.wrote(exported(out), Map.of(), files.toArray(String[]::new));
        });
  }

  /** The record of unlearning is verify's: it puts the verdict there. */
  private static List<Path> exported(Path out) {
    return filesIn(out).stream().filter(f -> !f.endsWith(ModelFiles.UNLEARNING)).toList();
  }

  /** Where an evaluation keeps the rows that it knows, as long as it is not done. */
  static Path kept(Path out) {
    return out.resolveSibling("." + out.getFileName() + ".rows");
  }

  /** An evaluation in parts. */
  public Shards shards(EvaluateStage.Request request, Path out) {
    requireNoInput(out, request.model(), request.reference());
    return new Shards(evaluate, request, out, context);
  }

  /** Measures a model on a runtime. */
  public Stage evaluate(String name, EvaluateStage.Request request, Path out, String... after) {
    requireNoInput(out, request.model(), request.reference());
    Path kept = kept(out);
    return new Stage(
        name,
        List.of(after),
        out,
        (hashes, earlier) -> evaluate.inputs(request, earlier),
        () -> Needs.ofEvaluation(request.model(), pipeline.model().path()),
        () -> {
          EvaluateStage.Measured measured = evaluate.run(request, Optional.of(kept));
          EvaluationFiles.write(measured.result(), out);
          return new Stage.Done(
              EvaluationText.lines(measured.result(), request.reference().isPresent()),
              true,
              measured.read(),
              List.of(out),
              () -> AtomicFiles.deleteTree(kept));
        });
  }

  /**
   * Holds deployed files against the trained weights.
   *
   * @param evaluations files by name; see {@link VerifyStage#run}
   */
  public Stage verify(
      String name,
      Path model,
      Path onnx,
      Map<String, Path> evaluations,
      Path out,
      String... after) {
    requireNoInput(out, model, Optional.of(onnx));
    List<Variant> variants = pipeline.export().variants();
    VerifyStage stage = new VerifyStage(pipeline, context.hashes());
    return new Stage(
        name,
        List.of(after),
        out,
        (hashes, earlier) -> stage.inputs(model, onnx, variants, evaluations, earlier),
        () -> Needs.ofEvaluation(model, Optional.of(onnx)),
        () -> {
          // Nobody exports there meanwhile: the record of the folder must be of what was judged.
          VerifyStage.Judged judged =
              TargetLock.<VerifyStage.Judged, RuntimeException>holding(
                  onnx,
                  context.log()::println,
                  () -> stage.run(model, onnx, variants, evaluations));
          Verdict verdict = judged.verdict();
          verdict.write(out);
          List<String> lines = new ArrayList<>(verdict.failures());
          lines.add(out + ": " + (verdict.pass() ? "pass" : "fail"));
          return new Stage.Done(
              lines, verdict.pass(), judged.read(), judgedFiles(onnx, out), () -> {});
        });
  }

  private static List<Path> judgedFiles(Path onnx, Path out) {
    Path record = onnx.resolve(ModelFiles.UNLEARNING);
    Path folder = out.toAbsolutePath().normalize().getParent();
    boolean within = record.toAbsolutePath().normalize().startsWith(folder);
    return within && Files.isRegularFile(record) ? List.of(out, record) : List.of(out);
  }

  /**
   * Teaches a little of what was forgotten again and measures what comes back.
   *
   * @param evaluations files by name; see {@link RelearnStage#run}
   * @param weights a folder to write: the model that was taught again
   */
  public Stage relearn(
      String name,
      Path model,
      Map<String, Path> evaluations,
      Path out,
      Optional<Path> weights,
      String... after) {
    requireNoInput(out, model, Optional.empty());
    requireSettled();
    RelearnStage stage = new RelearnStage(pipeline, context.log(), context.hashes());
    return new Stage(
        name,
        List.of(after),
        out,
        (hashes, earlier) -> stage.inputs(model, earlier, weights),
        () -> Needs.ofTraining(Optional.of(model)),
        () -> {
          RelearnStage.Finished finished = stage.run(model, evaluations, out, weights);
          List<String> lines = new ArrayList<>(RelearnText.lines(finished.result()));
          lines.add(out.toString());
          return new Stage.Done(
              lines, finished.result().pass(), finished.read(), List.of(out), finished.close());
        });
  }

  /**
   * Asks otherwise for what was forgotten and measures what leaks.
   *
   * @param subjects models that are judged
   */
  public Stage attack(String name, List<AttackStage.Subject> subjects, Path out, String... after) {
    subjects.forEach(s -> requireNoInput(out, s.model(), Optional.empty()));
    AttackStage stage = new AttackStage(pipeline, context.log(), context.hashes());
    return new Stage(
        name,
        List.of(after),
        out,
        (hashes, earlier) -> stage.inputs(subjects, earlier),
        () -> Needs.ofEvaluation(subjects.get(0).model(), Optional.empty()),
        () -> {
          AttackStage.Finished finished = stage.run(subjects, out);
          List<String> lines = new ArrayList<>(AttackText.lines(finished.result()));
          boolean pass = finished.result().pass();
          lines.add(out + (pass ? "" : ": fail"));
          return new Stage.Done(lines, pass, finished.read(), List.of(out), finished.close());
        });
  }

  /** Makes the page of a run folder. */
  public static Stage report(String name, RunFolder folder, Context context, String... after) {
    return new Stage(
        name,
        List.of(after),
        folder.report(),
        (hashes, earlier) -> reported(folder, context),
        () -> 0L,
        () -> {
          Optional<StageRecord> last = StageRecord.read(folder.report());
          List<Path> written = Report.write(folder);
          last.ifPresent(r -> removeOlderPlots(folder, r, written));
          return Stage.Done.wrote(written, Map.of(), folder.report().toString());
        });
  }

  private static Inputs reported(RunFolder folder, Context context) {
    Inputs.Builder inputs = new Inputs.Builder();
    List<Path> files = new ArrayList<>(folder.evaluations());
    files.addAll(
        List.of(
            folder.pipeline(),
            folder.provenance(),
            folder.trainLog(),
            folder.verdict(),
            folder.relearning(),
            folder.attacks(),
            folder.spectrum()));
    for (Path file : files) {
      if (Files.isRegularFile(file)) {
        inputs.content(folder.root().relativize(file).toString(), context.hashes().of(file));
      }
    }
    return inputs.build();
  }

  /**
   * Plots of the last report that this one does not have; whatever else lies there stays, and a
   * record of somebody else's names nothing elsewhere.
   */
  private static void removeOlderPlots(RunFolder folder, StageRecord last, List<Path> written) {
    Path plots = folder.plots().toAbsolutePath().normalize();
    List<Path> kept = written.stream().map(f -> f.toAbsolutePath().normalize()).toList();
    last.outputs().keySet().stream()
        .map(name -> plots.resolveSibling(name).normalize())
        .filter(file -> plots.equals(file.getParent()) && file.toString().endsWith(".svg"))
        .filter(file -> Files.isRegularFile(file) && !kept.contains(file))
        .forEach(AtomicFiles::deleteTree);
  }

  /** Whether a file may be written: it is no input, and lies in none, nor among the data. */
  private void requireNoInput(Path out, Path model, Optional<Path> other) {
    List<Path> inputs = new ArrayList<>(List.of(model));
    other.ifPresent(inputs::add);
    pipeline.model().path().ifPresent(inputs::add);
    pipeline.model().reference().ifPresent(inputs::add);
    pipeline.evaluate().choices().ifPresent(inputs::add);
    pipeline.data().refusals().ifPresent(inputs::add);
    pipeline.data().alternates().ifPresent(inputs::add);
    for (Path input : inputs) {
      if (Files.exists(input) && AtomicFiles.holds(input, out)) {
        throw UserException.at(
            out, "", "a place within the input " + input, "another file to write to");
      }
    }
    if (Files.exists(out) && StageRecord.read(out).isEmpty() && isData(out)) {
      throw UserException.at(out, "", "a file among the data", "another file to write to");
    }
    Path data = pipeline.data().path().orElse(Path.of(""));
    for (String split : List.of(pipeline.data().forget(), pipeline.data().retain())) {
      for (String ending : List.of("", ".json", ".jsonl")) {
        Path file = data.resolve(split + ending);
        if (Files.isRegularFile(file) && AtomicFiles.holds(file, out)) {
          throw UserException.at(out, "", "the data", "another file to write to");
        }
      }
    }
  }

  /** Benchmarks have their files in their folder or one below. */
  private boolean isData(Path out) {
    Path file = out.toAbsolutePath().normalize();
    return pipeline
        .data()
        .path()
        .map(d -> d.toAbsolutePath().normalize())
        .filter(d -> file.startsWith(d) && d.relativize(file).getNameCount() <= 2)
        .isPresent();
  }

  private static List<Path> filesIn(Path folder) {
    try (Stream<Path> walk = Files.walk(folder)) {
      return walk.filter(Files::isRegularFile).sorted().toList();
    } catch (IOException e) {
      throw new MachineException(folder + ": could not be listed (" + e + ").", e);
    }
  }

  /** Those of some evaluations that stages have made of their present inputs. */
  public Map<String, Path> current(Map<String, Stage> evaluations) {
    Map<String, Path> current = new TreeMap<>();
    evaluations.forEach(
        (name, stage) -> {
          StageCheck check = StageCheck.of(stage, context.hashes());
          if (check.current()) {
            current.put(name, stage.output());
          } else if (Files.exists(stage.output())) {
            context
                .log()
                .println(
                    stage.output()
                        + ": "
                        + String.join("; ", check.reasons())
                        + ": measured again.");
          }
        });
    return current;
  }
}
