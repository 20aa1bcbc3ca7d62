package org.unlearn4j.job;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.HostMemory;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.TargetLock;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.parity.Verdict;
import org.unlearn4j.report.RunFolder;
import org.unlearn4j.run.Feasibility;
import org.unlearn4j.run.SettledPrecision;
import org.unlearn4j.stage.Stage;
import org.unlearn4j.stage.StageGraph;

/**
 * A pipeline and the folder that it is run in: unlearn, export, evaluate on both runtimes, verify,
 * report. What is there and of its inputs is not made again.
 *
 * <pre>{@code
 * Pipeline pipeline = Pipeline.read(Path.of("mine.yaml"), List.of()).with("unlearn.epochs=5");
 * Job.Result result = Job.of(pipeline).run();
 * System.out.println(result.verdict().map(Verdict::pass));
 * }</pre>
 *
 * <p>All stages share this process: TensorFlow is loaded once, and what was compiled and read for
 * one stage serves the next. A stage that the system kills takes the others with it, and nothing is
 * lost but the work since the last checkpoint.
 */
public final class Job {
  private static final Path RUNS = Path.of("runs");

  private final Pipeline pipeline;
  private final RunFolder folder;
  private final PrintStream log;

  private final Function<PrintStream, SettledPrecision> precision;

  private Job(
      Pipeline pipeline,
      RunFolder folder,
      PrintStream log,
      Function<PrintStream, SettledPrecision> precision) {
    this.pipeline = pipeline;
    this.folder = folder;
    this.log = log;
    this.precision = precision;
  }

  /** A pipeline in {@code runs/NAME/}, with progress on standard error. */
  public static Job of(Pipeline pipeline) {
    return new Job(
        pipeline, new RunFolder(RUNS.resolve(pipeline.name())), System.err, SettledPrecision::new);
  }

  /** Where it runs. */
  public RunFolder folder() {
    return folder;
  }

  /** The same in another folder. */
  public Job in(Path root) {
    return new Job(pipeline, new RunFolder(root), log, precision);
  }

  /** The same with progress and notes elsewhere. */
  public Job telling(PrintStream other) {
    return new Job(pipeline, folder, other, precision);
  }

  /** The same with another measurement for {@code precision: auto}. */
  Job settling(Function<PrintStream, SettledPrecision> other) {
    return new Job(pipeline, folder, log, other);
  }

  /**
   * What to run.
   *
   * @param until kinds of stages or stages to reach, with all that they need, for instance {@code
   *     evaluate}; empty for all
   * @param forced stages to run whatever their outputs are of
   * @param jobs how many stages may run side by side
   */
  public record Options(List<String> until, List<String> forced, int jobs) {
    /** Everything, one stage after the other. */
    public static final Options ALL = new Options(List.of(), List.of(), 1);

    public Options {
      until = List.copyOf(until);
      forced = List.copyOf(forced);
    }
  }

  /**
   * How it ended.
   *
   * @param pass whether every gate that was judged, now or before, holds
   * @param folder with all that was made
   * @param stages what was to be run, and why
   */
  public record Result(boolean pass, RunFolder folder, List<StageGraph.Planned> stages) {
    public Result {
      stages = List.copyOf(stages);
    }

    /** The verdict, gate by gate; empty where none was asked for. */
    public Optional<Verdict> verdict() {
      boolean asked = stages.stream().anyMatch(s -> s.stage().equals("verify"));
      return asked && Files.isRegularFile(folder.verdict())
          ? Optional.of(Verdict.read(folder.verdict()))
          : Optional.empty();
    }

    /**
     * Every metric and row of a model on a runtime.
     *
     * @param file in {@code eval/}, for instance {@code unlearned.onnx-int8.json}
     * @throws UserException if there is none
     */
    public EvaluationResult evaluation(String file) {
      return EvaluationResult.read(folder.evaluation(file));
    }
  }

  /**
   * What a run would do, and why; nothing is measured or written.
   *
   * @throws UserException if an input is at fault, or the model cannot be trained as is asked
   */
  public List<StageGraph.Planned> plan(Options options) {
    Feasibility.check(pipeline);
    Pipeline settled = precision.apply(log).planned(pipeline, folder.root());
    StageGraph graph = graph(settled, Context.in(folder.root(), log).forPlan());
    return planned(graph, request(graph, options));
  }

  private List<StageGraph.Planned> planned(StageGraph graph, StageGraph.Request request) {
    List<StageGraph.Planned> planned = graph.plan(request);
    Feasibility.readable(pipeline, planned.stream().map(StageGraph.Planned::stage).toList());
    return planned;
  }

  /** Runs all of it, one stage after the other. */
  public Result run() {
    return run(Options.ALL, log);
  }

  /**
   * Runs what is not of its inputs. One process at a time runs in a folder; another one waits.
   *
   * @param results told what stages have found
   * @throws UserException if an input is at fault; before anything runs, if the model cannot be
   *     trained as is asked
   * @throws MachineException if the machine fails; a later run goes on where this one stopped
   */
  public Result run(Options options, PrintStream results) {
    Feasibility.check(pipeline);
    return TargetLock.<Result, RuntimeException>holding(
        folder.root().resolve("run"), log::println, () -> locked(options, results));
  }

  private Result locked(Options options, PrintStream results) {
    if (pipeline.export().choices().lastLogits()) {
      // Before a precision is measured, on which no stage's being there depends.
      StageGraph open = graph(pipeline, Context.in(folder.root(), log).forPlan());
      planned(open, request(open, options));
    }
    Pipeline settled = precision.apply(log).of(pipeline, folder.root());
    StageGraph graph = graph(settled, Context.in(folder.root(), log));
    StageGraph.Request request = request(graph, options);
    List<StageGraph.Planned> planned = planned(graph, request);
    write(settled);
    boolean pass =
        graph.run(request, HostMemory::available, new RunProgress(planned, results, log));
    return new Result(pass, folder, planned);
  }

  private StageGraph graph(Pipeline settled, Context context) {
    return new StageGraph(Chain.of(settled, folder, context), context.hashes(), context.versions());
  }

  private static StageGraph.Request request(StageGraph graph, Options options) {
    return new StageGraph.Request(
        options.until.isEmpty()
            ? Optional.empty()
            : Optional.of(named(graph, "--until", options.until)),
        named(graph, "--force", options.forced),
        options.jobs);
  }

  /**
   * Stages by name, or all of a kind: {@code evaluate} means every evaluation. A pipeline need not
   * have stages of every kind.
   */
  private static Set<String> named(StageGraph graph, String option, List<String> words) {
    Set<String> names = new LinkedHashSet<>();
    for (String word : words) {
      List<String> found =
          graph.names().stream().filter(n -> n.equals(word) || n.startsWith(word + " ")).toList();
      if (found.isEmpty() && !Chain.KINDS.contains(word)) {
        throw new UserException(
            option
                + ": found "
                + word
                + ", expected a stage of this pipeline ("
                + String.join(", ", graph.names())
                + ") or the first word of one.");
      }
      names.addAll(found);
    }
    return names;
  }

  /** The pipeline with every default spelled out: what the report shows. */
  private void write(Pipeline settled) {
    String yaml = settled.toYaml();
    try {
      boolean same =
          Files.isRegularFile(folder.pipeline())
              && Files.readString(folder.pipeline()).equals(yaml);
      if (!same) {
        AtomicFiles.writeString(folder.pipeline(), yaml);
      }
    } catch (IOException e) {
      throw new MachineException(folder.pipeline() + ": could not be read (" + e + ").", e);
    }
  }

  /**
   * Runs one stage whatever its output is of, and what it reads where that is not of its inputs.
   *
   * @param stages each after those that it depends on; the last one is the one that is wanted
   * @return whether every gate holds
   */
  public static boolean run(List<Stage> stages, Context context, PrintStream results) {
    StageGraph graph = new StageGraph(stages, context.hashes(), context.versions());
    String wanted = stages.get(stages.size() - 1).name();
    return graph.run(
        new StageGraph.Request(Optional.of(Set.of(wanted)), Set.of(wanted), 1),
        HostMemory::available,
        new SingleStage(wanted, results, context.log()));
  }

  /**
   * Runs one stage where its output is not of its inputs.
   *
   * @return whether every gate holds
   */
  public static boolean runOnce(Stage stage, Context context, PrintStream results) {
    StageGraph graph = new StageGraph(List.of(stage), context.hashes(), context.versions());
    return graph.run(
        new StageGraph.Request(Optional.of(Set.of(stage.name())), Set.of(), 1),
        HostMemory::available,
        new SingleStage(stage.name(), results, context.log()));
  }
}
