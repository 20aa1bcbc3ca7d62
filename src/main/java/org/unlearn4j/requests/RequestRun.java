package org.unlearn4j.requests;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.job.Chain;
import org.unlearn4j.job.Context;
import org.unlearn4j.job.Job;
import org.unlearn4j.job.PipelineStages;
import org.unlearn4j.ledger.History;
import org.unlearn4j.ledger.Unlearned;
import org.unlearn4j.report.RunFolder;
import org.unlearn4j.run.MergeStage;
import org.unlearn4j.run.RowQuestions;
import org.unlearn4j.run.RuntimeModels;
import org.unlearn4j.run.SettledPrecision;
import org.unlearn4j.stage.Stage;
import org.unlearn4j.weights.Variant;

/**
 * One run for one or several new requests: its rows, its models, the measurement of all requests.
 * Every part of it is made again only where it is not of its inputs, so that a killed run goes on.
 */
final class RequestRun {
  private static final String DATA = "data";
  private static final String CHECK = "check";
  private static final String ALONE = "alone";

  private final RequestFolder folder;
  private final RequestsFile file;
  private final History history;
  private final List<String> fresh;
  private final boolean brief;
  private final PrintStream log;

  /**
   * A run.
   *
   * @param history before it
   * @param fresh names of the new requests
   * @param brief unlearn, export and measure alone, for comparing strategies: without a verdict
   */
  RequestRun(
      RequestFolder folder,
      RequestsFile file,
      History history,
      List<String> fresh,
      boolean brief,
      PrintStream log) {
    this.folder = folder;
    this.file = file;
    this.history = history;
    this.fresh = List.copyOf(fresh);
    this.brief = brief;
    this.log = log;
  }

  /** The first model of a folder of requests. */
  static Path firstModel(RequestsFile file) {
    return file.model()
        .orElseGet(() -> Pipeline.read(file.pipeline(), file.sets()).model().path().orElseThrow());
  }

  /** The model that is in use. */
  static Path inUse(RequestFolder folder, RequestsFile file, History history) {
    return history
        .inUse()
        .map(step -> folder.root().resolve(step.what().run()).resolve("unlearned"))
        .orElseGet(() -> firstModel(file));
  }

  private Path start() {
    return file.strategy().first() ? firstModel(file) : inUse(folder, file, history);
  }

  private Pipeline pipeline(Path model, Path data) {
    List<String> sets = new ArrayList<>(file.sets());
    sets.addAll(
        List.of(
            "name=" + String.join("-", fresh),
            "model.path=" + model,
            "data.benchmark=jsonl",
            "data.path=" + data,
            "data.forget=forget",
            "data.retain=retain",
            "data.form=questions",
            "evaluate.suite=jsonl"));
    Pipeline pipeline = Pipeline.read(file.pipeline(), sets);
    if (pipeline.unlearn().tuning().active()) {
      throw UserException.at(
          file.pipeline(),
          "unlearn",
          "stop, choose or seeds",
          "none of them, because they take rows that nobody reports, and every row of a request is"
              + " reported");
    }
    return pipeline;
  }

  /** The same for training: {@code precision: auto} is settled once for all runs of a ledger. */
  Pipeline settled(Path model, Path data) {
    return new SettledPrecision(log).of(pipeline(model, data), folder.runs());
  }

  /**
   * All that decides the run: rows, settings and the model that it starts from.
   *
   * @return SHA-256
   */
  String plan(String parent) {
    StringBuilder text = new StringBuilder();
    text.append(parent).append(file.strategy()).append(brief).append(file.sets());
    text.append(RequestFolder.sha256(RequestFolder.bytes(file.pipeline())));
    for (String name : fresh) {
      text.append(name).append(folder.hashes(name, folder.rows(name, history)));
    }
    return Hashes.sha256(text.toString());
  }

  /**
   * Makes the run in its folder.
   *
   * @param run the run's folder
   * @param plan see {@link #plan}
   */
  Unlearned make(Path run, String plan) {
    long begun = System.nanoTime();
    RunData data = new RunData(folder, history, fresh, file.strategy());
    data.teach(run.resolve(DATA));
    Path start = start();
    Context context = Context.in(run, log);
    boolean pass = file.strategy().adds() ? added(run, start, context) : alone(run, start, context);
    RunFolder made = new RunFolder(run);
    RunData.Measured rows = data.measure(run.resolve(CHECK).resolve(DATA));
    Pipeline measured = pipeline(firstModel(file), run.resolve(CHECK).resolve(DATA));
    Measuring measuring = new Measuring(measured, context);
    Variant variant = measured.export().variants().get(0);
    Path out = run.resolve(CHECK).resolve("deployed.json");
    Optional<Path> reference = brief ? Optional.empty() : reference(measuring, run);
    EvaluationResult result =
        measuring.run("unlearned", made.deployed(), RuntimeModels.runtime(variant), reference, out);
    double utility = Measuring.utility(result, out);
    double first = firstUtility(measuring, run, rows.kept());
    return new Unlearned(
        hashes(),
        file.strategy().spelling(),
        folder.root().relativize(run).toString().replace('\\', '/'),
        pass,
        new Unlearned.Files(
            weights(start), weights(made.unlearned()), files(made.deployed()), known(made)),
        new Unlearned.Utility(utility, utility / first),
        Measuring.byRequest(
            result, rows.lines(), RowQuestions.byLine(measured, tokenizer(measured)), out),
        plan,
        (System.nanoTime() - begun) / 1e9);
  }

  private static Path tokenizer(Pipeline pipeline) {
    return pipeline.model().tokenizerFolder().orElseThrow();
  }

  /**
   * The retain-only model by the rows of a run that was made, where the template names one.
   *
   * @return its evaluation
   */
  Optional<EvaluationResult> retainOnly(Path run) {
    Pipeline measured = pipeline(firstModel(file), run.resolve(CHECK).resolve(DATA));
    return reference(new Measuring(measured, Context.in(run, log)), run)
        .map(EvaluationResult::read);
  }

  private static Optional<Path> reference(Measuring measuring, Path run) {
    return measuring
        .pipeline()
        .model()
        .reference()
        .map(
            model -> {
              Path out = run.resolve(CHECK).resolve("retain.json");
              EvaluationResult ignored =
                  measuring.run("retain", model, "tf", Optional.empty(), out);
              return out;
            });
  }

  /** The first model's utility by these rows, measured once; what is kept of it has no text. */
  private double firstUtility(Measuring measuring, Path run, String kept) {
    Path known = folder.runs().resolve("first-" + kept.substring(0, 12) + ".json");
    if (Files.isRegularFile(known)) {
      return JsonInput.read(known, "a utility").get("utility").number();
    }
    Path out = run.resolve(CHECK).resolve("first.json");
    double utility =
        Measuring.utility(
            measuring.run("first", firstModel(file), "tf", Optional.empty(), out), out);
    if (!(utility > 0)) {
      throw UserException.at(
          out, "metrics", "a utility of " + utility, "a first model that knows what is kept");
    }
    AtomicFiles.writeString(known, "{\"utility\": " + utility + "}\n");
    return utility;
  }

  private boolean alone(Path run, Path start, Context context) {
    Pipeline pipeline = settled(start, run.resolve(DATA));
    if (!brief) {
      return Job.of(pipeline).in(run).telling(log).run(Job.Options.ALL, log).pass();
    }
    RunFolder made = new RunFolder(run);
    AtomicFiles.writeString(made.pipeline(), pipeline.toYaml());
    PipelineStages stages = new PipelineStages(pipeline, context);
    return Measuring.run(
        List.of(
            stages.unlearn("unlearn", made.unlearned()),
            stages.export(
                "export",
                made.unlearned(),
                pipeline.export().variants(),
                made.deployed(),
                "unlearn")),
        context);
  }

  /** An adapter trained on the first model, added to those of the requests before. */
  private boolean added(Path run, Path start, Context context) {
    RunFolder alone = new RunFolder(run.resolve(ALONE));
    Pipeline pipeline = settled(start, run.resolve(DATA));
    Pipeline adapting = pipeline;
    if (adapting.unlearn().loop().adapter().isEmpty()) {
      adapting = adapting.with("unlearn.adapter.rank=16");
    }
    boolean ignored =
        Measuring.run(
            List.of(new PipelineStages(adapting, context).unlearn("unlearn", alone.unlearned())),
            context);
    List<MergeStage.Part> parts = new ArrayList<>();
    for (History.Step step : history.steps()) {
      parts.add(part(folder.root().resolve(step.what().run()).resolve(ALONE)));
    }
    parts.add(part(alone.root()));
    RunFolder made = new RunFolder(run);
    MergeStage.run(start, parts, made.unlearned(), log);
    AtomicFiles.writeString(made.pipeline(), pipeline.toYaml());
    Stage export =
        new PipelineStages(pipeline, context)
            .export("export", made.unlearned(), pipeline.export().variants(), made.deployed());
    boolean exported = Measuring.run(List.of(export), context);
    if (brief) {
      return exported;
    }
    boolean pass =
        Measuring.run(
            Chain.verdict(pipeline, made.unlearned(), made.deployed(), made.verdict(), context),
            context);
    return Measuring.run(List.of(PipelineStages.report("report", made, context)), context) && pass;
  }

  private static MergeStage.Part part(Path alone) {
    return new MergeStage.Part(new RunFolder(alone).unlearned().resolve("adapter"), 1);
  }

  private Map<String, Map<String, String>> hashes() {
    Map<String, Map<String, String>> hashes = new TreeMap<>();
    fresh.forEach(n -> hashes.put(n, folder.hashes(n, folder.rows(n, history))));
    return hashes;
  }

  /** Weights of a Hugging Face folder. */
  static Map<String, String> weights(Path model) {
    Map<String, String> hashes = new TreeMap<>();
    files(model)
        .forEach(
            (name, hash) -> {
              if (name.endsWith(".safetensors") && !name.contains("/")) {
                hashes.put(name, hash);
              }
            });
    return hashes;
  }

  /** Of the run itself, what its verdict and settings are known by. */
  private static Map<String, String> known(RunFolder run) {
    Map<String, String> hashes = new TreeMap<>();
    for (Path path : List.of(run.pipeline(), run.verdict(), run.provenance())) {
      if (Files.isRegularFile(path)) {
        String name = run.root().relativize(path).toString().replace('\\', '/');
        hashes.put(name, RequestFolder.sha256(RequestFolder.bytes(path)));
      }
    }
    return hashes;
  }

  /** Every file below a folder that is not hidden, by path. */
  private static Map<String, String> files(Path root) {
    Map<String, String> hashes = new TreeMap<>();
    try (Stream<Path> walk = Files.walk(root)) {
      walk.filter(Files::isRegularFile)
          .filter(p -> !p.getFileName().toString().startsWith("."))
          .forEach(
              p -> hashes.put(root.relativize(p).toString().replace('\\', '/'), Hashes.sha256(p)));
    } catch (IOException | UncheckedIOException e) {
      throw new MachineException(root + ": could not be read (" + e + ").", e);
    }
    return hashes;
  }
}
