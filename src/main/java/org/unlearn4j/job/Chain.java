package org.unlearn4j.job;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.report.RunFolder;
import org.unlearn4j.run.AttackStage;
import org.unlearn4j.run.EvaluateStage;
import org.unlearn4j.run.EvaluationFiles;
import org.unlearn4j.run.RuntimeModels;
import org.unlearn4j.run.UnlearnStage;
import org.unlearn4j.stage.Stage;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.Variant;

/**
 * What runs when: the stages of a pipeline in its run folder.
 *
 * <pre>
 * finetune target   finetune retain            only with a finetune block
 *        |                 |
 *        |          evaluate retain.tf         only with a retain-only model
 *        |                 |
 *        +--- evaluate target.tf
 *        |                 |
 *     unlearn ---- evaluate unlearned.tf         with several seeds, one of "unlearn seed-..."
 *        |                 |
 *     export ----- evaluate unlearned.onnx...  one a variant
 *                          |
 *                       verify
 *                          |
 *                       relearn                only with a relearn block
 *                          |
 *                       attack                 only with an attack block
 *                          |
 *                       report
 * </pre>
 *
 * <p>An arrow says that files are read. Whether a stage has to run is decided by their content.
 */
public final class Chain {
  /** The first words of stages, in order. */
  static final List<String> KINDS =
      List.of("finetune", "unlearn", "export", "evaluate", "verify", "relearn", "attack", "report");

  private static final String FINETUNE_TARGET = "finetune target";
  private static final String FINETUNE_RETAIN = "finetune retain";
  private static final String UNLEARN = "unlearn";
  private static final String EXPORT = "export";
  private static final String EVALUATE = "evaluate ";
  private static final String UNLEARNED = "unlearned";
  private static final String VERIFY = "verify";
  private static final String RELEARN = "relearn";
  private static final String ATTACK = "attack";
  private static final String REPORT = "report";

  /** How the names of evaluations end that TensorFlow made. */
  private static final String TF = "[.]tf[.]json$";

  private final Pipeline asked;
  private final Pipeline pipeline;
  private final RunFolder folder;
  private final Context context;
  private final PipelineStages kinds;
  private final List<Stage> stages = new ArrayList<>();

  /** Evaluations by the names of their files, in order. */
  private final Map<String, Stage> evaluations = new LinkedHashMap<>();

  /**
   * A chain.
   *
   * @param taught whether its models are those that it teaches in its folder
   */
  private Chain(Pipeline asked, RunFolder folder, Context context, boolean taught) {
    this.asked = asked;
    this.folder = folder;
    this.context = context;
    this.pipeline = taught ? asked.startingFrom(folder.target(), folder.retain()) : asked;
    this.kinds = new PipelineStages(pipeline, context);
  }

  /** The stages of a pipeline, each after those that it depends on. */
  public static List<Stage> of(Pipeline pipeline, RunFolder folder, Context context) {
    return new Chain(pipeline, folder, context, pipeline.finetune().isPresent()).all();
  }

  private List<Stage> all() {
    boolean teaches = asked.finetune().isPresent();
    if (teaches) {
      PipelineStages twin = new PipelineStages(asked.with("finetune.data=retain"), context);
      add(new PipelineStages(asked, context).teach(FINETUNE_TARGET, DType.F32, folder.target()));
      add(twin.teach(FINETUNE_RETAIN, DType.F32, folder.retain()));
    }
    String[] target = teaches ? new String[] {FINETUNE_TARGET} : new String[0];
    evaluateBefore(target, teaches ? new String[] {FINETUNE_RETAIN} : new String[0]);
    boolean twin = teaches && UnlearnStage.readsReference(pipeline);
    String[] before = twin ? new String[] {FINETUNE_TARGET, FINETUNE_RETAIN} : target;
    if (pipeline.unlearn().tuning().seeds() > 1) {
      unlearnBySeeds(before);
    } else {
      add(kinds.unlearn(UNLEARN, folder.unlearned(), before));
    }
    evaluate(UNLEARNED, folder.unlearned(), "tf", UNLEARN);
    List<Variant> variants = pipeline.export().variants();
    add(kinds.export(EXPORT, folder.unlearned(), variants, folder.deployed(), UNLEARN));
    for (Variant variant : variants) {
      evaluate(UNLEARNED, folder.deployed(), RuntimeModels.runtime(variant), EXPORT);
    }
    add(verify(folder.unlearned(), folder.deployed(), folder.verdict()));
    asked.relearn().ifPresent(r -> add(relearn()));
    asked.attack().ifPresent(a -> add(attack()));
    add(PipelineStages.report(REPORT, folder, context, names(stages)));
    return stages;
  }

  /**
   * The verdict on any two models, and the evaluations that it is of, in {@code eval/} beside it.
   *
   * @param model the unlearned model
   * @param onnx its deployable folder
   */
  public static List<Stage> verdict(
      Pipeline pipeline, Path model, Path onnx, Path out, Context context) {
    Chain chain = beside(out, pipeline, context);
    chain.evaluateBefore();
    chain.evaluate(UNLEARNED, model, "tf");
    for (Variant variant : pipeline.export().variants()) {
      chain.evaluate(UNLEARNED, onnx, RuntimeModels.runtime(variant));
    }
    chain.add(chain.verify(model, onnx, out));
    return chain.stages;
  }

  /**
   * What comes back in a model; evaluations in {@code eval/} beside the result are used where they
   * are of this pipeline and this model.
   *
   * @param weights a folder to write: the model that was taught again
   */
  public static List<Stage> relearning(
      Pipeline pipeline, Path model, Path out, Optional<Path> weights, Context context) {
    Chain chain = beside(out, pipeline, context);
    chain.evaluateBefore();
    chain.evaluate(UNLEARNED, model, "tf");
    Map<String, Path> usable = new LinkedHashMap<>();
    chain
        .kinds
        .current(chain.evaluations)
        .forEach((name, file) -> usable.put(name.replaceAll(TF, ""), file));
    return List.of(chain.kinds.relearn(RELEARN, model, usable, out, weights));
  }

  /** A chain whose evaluations are beside a file, and its models where they were taught there. */
  private static Chain beside(Path out, Pipeline pipeline, Context context) {
    RunFolder folder = new RunFolder(out.toAbsolutePath().getParent());
    boolean taught = pipeline.finetune().isPresent() && Files.isDirectory(folder.target());
    return new Chain(pipeline, folder, context, taught);
  }

  private void evaluateBefore() {
    evaluateBefore(new String[0], new String[0]);
  }

  /** A run of each seed, with an evaluation; one of them is delivered. */
  private void unlearnBySeeds(String... before) {
    long first = pipeline.unlearn().loop().seed();
    Map<String, Path> runs = new LinkedHashMap<>();
    for (long seed = first; seed < first + pipeline.unlearn().tuning().seeds(); seed++) {
      String name = RunFolder.SEED + seed;
      RunFolder own = new RunFolder(folder.root().resolve("seeds").resolve(String.valueOf(seed)));
      runs.put(name, own.unlearned());
      Pipeline one = pipeline.with("unlearn.seed=" + seed, "unlearn.seeds=1");
      add(new PipelineStages(one, context).unlearn(UNLEARN + " " + name, own.unlearned(), before));
    }
    String[] all = names(stages.stream().filter(s -> s.name().startsWith(UNLEARN)).toList());
    add(kinds.deliver(UNLEARN, runs, folder, all));
    Map<String, Stage> others = new LinkedHashMap<>(evaluations);
    runs.forEach((name, model) -> evaluate(name, model, "tf", UNLEARN + " " + name));
    evaluations.keySet().retainAll(others.keySet()); // what is judged is the one that is delivered
  }

  /** The models that the unlearned one is held against. */
  private void evaluateBefore(String[] target, String[] retain) {
    pipeline.model().reference().ifPresent(m -> evaluate("retain", m, "tf", retain));
    pipeline.model().path().ifPresent(m -> evaluate("target", m, "tf", target));
  }

  private void add(Stage stage) {
    stages.add(stage);
  }

  /** After the retain-only model's evaluation, which what it measures is measured against. */
  private void evaluate(String model, Path weights, String runtime, String... after) {
    String file =
        runtime.equals("tf")
            ? model + ".tf.json"
            : EvaluationFiles.ofDeployed(RuntimeModels.named(runtime));
    Optional<Stage> reference = Optional.ofNullable(evaluations.get("retain.tf.json"));
    EvaluateStage.Request request =
        new EvaluateStage.Request(model, weights, runtime, reference.map(Stage::output));
    List<String> before = new ArrayList<>(List.of(after));
    reference.map(Stage::name).ifPresent(before::add);
    boolean taught = stages.stream().anyMatch(s -> s.name().equals(FINETUNE_TARGET));
    if (taught && !before.contains(FINETUNE_TARGET)) {
      before.add(FINETUNE_TARGET); // whose features are compared
    }
    Stage stage =
        kinds.evaluate(
            EVALUATE + file.replaceAll("[.]json$", ""),
            request,
            folder.evaluation(file),
            before.toArray(String[]::new));
    evaluations.put(file, stage);
    add(stage);
  }

  private Stage verify(Path model, Path onnx, Path out) {
    Map<String, Path> files = new LinkedHashMap<>();
    evaluations.forEach((name, stage) -> files.put(name, stage.output()));
    return kinds.verify(VERIFY, model, onnx, files, out, names(evaluations.values()));
  }

  /** After the verdict, so that a file that does not hold is known first; it is no input. */
  private Stage relearn() {
    Map<String, Path> files = new LinkedHashMap<>();
    evaluations.forEach((name, stage) -> files.put(name.replaceAll(TF, ""), stage.output()));
    return kinds.relearn(
        RELEARN, folder.unlearned(), files, folder.relearning(), Optional.empty(), names(stages));
  }

  /** Every deployed file, and the weights that they are of. */
  private Stage attack() {
    List<AttackStage.Subject> subjects = new ArrayList<>();
    subjects.add(AttackStage.Subject.of(UNLEARNED, folder.unlearned(), "tf", folder.unlearned()));
    for (Variant variant : pipeline.export().variants()) {
      String runtime = RuntimeModels.runtime(variant);
      subjects.add(
          AttackStage.Subject.of(UNLEARNED, folder.deployed(), runtime, folder.unlearned()));
    }
    return kinds.attack(ATTACK, subjects, folder.attacks(), names(stages));
  }

  /**
   * What attacks bring out of one model.
   *
   * @param runtime {@code tf}, {@code onnx} or {@code onnx:VARIANT}
   * @param trained for ONNX the Hugging Face folder that the file was made from
   */
  public static List<Stage> attacking(
      Pipeline pipeline, Path model, String runtime, Path trained, Path out, Context context) {
    Chain chain = beside(out, pipeline, context);
    AttackStage.Subject subject = AttackStage.Subject.of(UNLEARNED, model, runtime, trained);
    return List.of(chain.kinds.attack(ATTACK, List.of(subject), out));
  }

  private static String[] names(Iterable<Stage> stages) {
    List<String> names = new ArrayList<>();
    stages.forEach(s -> names.add(s.name()));
    return names.toArray(String[]::new);
  }
}
