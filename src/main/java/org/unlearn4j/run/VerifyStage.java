package org.unlearn4j.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.adapter.MergedWeights;
import org.unlearn4j.base.Beside;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.eval.Suite;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.onnx.OrtDevices;
import org.unlearn4j.onnx.OrtModel;
import org.unlearn4j.onnx.Provenance;
import org.unlearn4j.parity.AdapterOff;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.ParityCheck;
import org.unlearn4j.parity.ParityGates;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.parity.Survival;
import org.unlearn4j.parity.Verdict;
import org.unlearn4j.stage.Inputs;
import org.unlearn4j.train.ModelFolder;
import org.unlearn4j.weights.Variant;

/** Holds deployed files against the trained weights. */
public final class VerifyStage {
  /** Keeps batches small; where the vocabulary is large they are smaller still. */
  static final int TOKEN_BUDGET = 1024;

  static final int DECODE_TOKENS = 16;

  /** Before the names of evaluations among its inputs. */
  public static final String EVALUATIONS = "eval/";

  private final Pipeline pipeline;
  private final FileHashes hashes;

  public VerifyStage(Pipeline pipeline) {
    this(pipeline, FileHashes.inMemory());
  }

  /**
   * A stage.
   *
   * @param hashes of files that are read
   */
  public VerifyStage(Pipeline pipeline, FileHashes hashes) {
    this.pipeline = pipeline;
    this.hashes = hashes;
  }

  /** What a verdict is of. */
  public Inputs inputs(
      Path model,
      Path onnx,
      List<Variant> variants,
      Map<String, Path> evaluations,
      Optional<Inputs> earlier) {
    StageInputs inputs =
        new StageInputs(pipeline, hashes)
            .settings("verify", "card", "evaluate.suite", "evaluate.token_budget", "evaluate.limit")
            .settings("evaluate.max_new_tokens")
            .arithmetic(RuntimeModels.ort(pipeline).decisive())
            .value("variants", variants.stream().map(Variant::label).toList().toString())
            .device()
            .measured(earlier)
            .choices()
            .graph(model, "forward")
            .model("model", model);
    if (pipeline.export().separate()) {
      inputs.settings("export.adapter").adapter(model.resolve(ModelFolder.ADAPTER_FOLDER));
      pipeline.model().path().ifPresent(p -> inputs.model("base", p));
    }
    variants.forEach(v -> inputs.deployed("onnx", onnx, v.label()));
    pipeline.card().template().ifPresent(t -> inputs.file("card template", t));
    inputs.file("onnx/" + Provenance.QUANTIZATION_FILE, onnx.resolve(Provenance.QUANTIZATION_FILE));
    evaluations.forEach((name, file) -> inputs.evaluation(EVALUATIONS + name, file));
    return inputs.build();
  }

  /**
   * What was found.
   *
   * @param read the data's files, by content
   */
  public record Judged(Verdict verdict, Map<String, String> read) {
    public Judged {
      read = Map.copyOf(read);
    }
  }

  /**
   * Compares an unlearned model under TensorFlow with its exported folder, and writes the verdict
   * into that folder's {@code unlearning.json} ({@link DeployedRecord}). Files of the folder that
   * nobody has judged are named on stderr.
   *
   * @param evaluations files by name: {@code unlearned.tf.json}, {@code unlearned.onnx*.json},
   *     {@code target.tf.json} and, where there is one, {@code retain.tf.json}, each of this
   *     pipeline's rows and of these weights; what is missing is measured now
   * @throws UserException if there is a file of reduced precision, but no model before unlearning:
   *     nobody could tell whether it is still unlearned
   */
  public Judged run(Path model, Path onnx, List<Variant> variants, Map<String, Path> evaluations) {
    EvaluateStage evaluate = new EvaluateStage(pipeline, EvalSet.Role.GENERATED, hashes);
    // Takes one core about as long as the other one needs to open the trained model.
    try (Beside<Rows> encoding =
        Beside.begin(
            "rows",
            () -> {
              Rows rows = rows(evaluate, model);
              OrtDevices.load();
              return rows;
            })) {
      return judge(model, onnx, variants, evaluations, evaluate, encoding);
    }
  }

  /**
   * Rows that are compared.
   *
   * @param read the data's files, by content
   */
  private record Rows(List<TokenRow> rows, Map<String, String> read) {}

  private Rows rows(EvaluateStage evaluate, Path model) {
    int most = ModelConfig.read(made(model)).maxPositions();
    try (TaskData data = evaluate.data(model, most)) {
      Suite suite = Suites.of(pipeline, data, most, EvalSet.Role.GENERATED).suite();
      List<TokenRow> rows = new ArrayList<>(suite.rows(EvalSet.Role.FORGET));
      rows.addAll(suite.rows(EvalSet.Role.RETAIN));
      return new Rows(rows, data.read());
    }
  }

  /** What the files were made of: the model, or the base that an adapter is deployed beside. */
  private Path made(Path model) {
    return pipeline.export().separate() ? AdapterFiles.base(pipeline) : model;
  }

  private Judged judge(
      Path model,
      Path onnx,
      List<Variant> variants,
      Map<String, Path> evaluations,
      EvaluateStage evaluate,
      Beside<Rows> encoding) {
    Optional<Path> reference = Optional.ofNullable(evaluations.get("retain.tf.json"));
    Optional<EvaluationResult> retainOnly = reference.map(EvaluationResult::read);
    Optional<EvaluationResult> target =
        pipeline
            .model()
            .path()
            .filter(Files::isDirectory)
            .map(
                p ->
                    measured(
                        evaluate,
                        evaluations,
                        "target.tf.json",
                        new EvaluateStage.Request("target", p, "tf", reference)));
    requireTarget(target, variants);
    EvaluationResult trained =
        measured(
            evaluate,
            evaluations,
            "unlearned.tf.json",
            new EvaluateStage.Request("unlearned", model, "tf", reference));
    // Before the trained model is opened: what is measured now opens models of its own.
    Map<String, EvaluationResult> deployed = new LinkedHashMap<>();
    for (Variant variant : variants) {
      String runtime = RuntimeModels.runtime(variant);
      EvaluateStage.Request request =
          new EvaluateStage.Request("unlearned", onnx, runtime, reference);
      deployed.put(
          runtime, measured(evaluate, evaluations, EvaluationFiles.ofDeployed(variant), request));
    }
    boolean apart = pipeline.export().separate();
    Path made = made(model);
    List<MergedWeights.Weighted> adapters =
        apart ? AdapterFiles.learned(pipeline, model) : List.of();
    Map<String, String> sources = RuntimeModels.weightHashes(made, "tf", hashes);
    List<ParityResult> results = new ArrayList<>();
    try (WeightProof proof =
        WeightProof.open(made, adapters, RuntimeModels.measuring(pipeline.model()), TOKEN_BUDGET)) {
      List<TokenRow> rows = encoding.result().rows();
      Map<Variant, Variant> files = new LinkedHashMap<>();
      variants.forEach(v -> files.put(v, v));
      rows = proof.compute(rows, onnx, files, pipeline.verify());
      for (Variant variant : variants) {
        String runtime = RuntimeModels.runtime(variant);
        ParityCheck check =
            new ParityCheck(
                ParityGates.of(proof.settings(variant), variant), TOKEN_BUDGET, DECODE_TOKENS);
        try (LanguageModel b = evaluate.openForBatches(onnx, runtime);
            Bars bars = new Bars("verify " + runtime)) {
          results.add(
              check
                  .run(
                      proof.trained(),
                      b,
                      rows,
                      trained,
                      deployed.get(runtime),
                      target,
                      Optional.of(proof.evidence(variant)),
                      bars)
                  .withGates(adapterOff(proof, onnx, variant, rows, bars))
                  .withGate(SourceWeightsGate.of(b, sources))
                  .withEqualCodes(equalCodes(onnx, variant)));
        }
      }
    }
    Verdict verdict = new Verdict(results, Survival.table(target, retainOnly, trained, deployed));
    // Before the record, which has the hash of every file.
    ModelCard.write(pipeline, model, false, verdict).ifPresent(System.err::println);
    ModelCard.write(pipeline, onnx, true, verdict).ifPresent(System.err::println);
    DeployedRecord.write(
        onnx,
        verdict,
        new DeployedRecord.Measured(
            target,
            retainOnly,
            trained,
            deployed,
            apart ? Optional.of(sources) : Optional.empty()));
    DeployedRecord.unjudged(onnx, variants).forEach(System.err::println);
    return new Judged(verdict, encoding.result().read());
  }

  /** Of a base that is deployed with an adapter: whether it is the base without it. */
  private List<Gate> adapterOff(
      WeightProof proof, Path onnx, Variant variant, List<TokenRow> rows, Progress progress) {
    if (!pipeline.export().separate()) {
      return List.of();
    }
    try (LanguageModel off =
        OrtModel.open(onnx, variant.label(), RuntimeModels.ort(pipeline), Optional.empty())) {
      return List.of(
          AdapterOff.gate(
              proof.base(variant),
              off,
              AdapterOff.rows(rows),
              TOKEN_BUDGET,
              ParityGates.ofGraph(proof.settings(variant), variant),
              progress));
    }
  }

  /** What export has counted, where it was given the model before; NaN where it was not. */
  private static double equalCodes(Path onnx, Variant variant) {
    Path counted = onnx.resolve(Provenance.QUANTIZATION_FILE);
    if (!Files.isRegularFile(counted)) {
      return Double.NaN;
    }
    JsonInput share =
        JsonInput.read(counted, "what export counted of codes")
            .get("variants")
            .get(variant.label())
            .get("equal_codes");
    return share.present() ? share.number() : Double.NaN;
  }

  private static void requireTarget(Optional<EvaluationResult> target, List<Variant> variants) {
    Optional<Variant> reduced = variants.stream().filter(v -> v != Variant.FP32).findFirst();
    if (target.isEmpty() && reduced.isPresent()) {
      throw new UserException(
          "model.path: found no model before unlearning, nor its evaluation target.tf.json,"
              + " expected one: without it nobody can tell whether forgetting survives in the "
              + reduced.get().label()
              + " file.");
    }
  }

  private static EvaluationResult measured(
      EvaluateStage evaluate,
      Map<String, Path> evaluations,
      String file,
      EvaluateStage.Request request) {
    return Optional.ofNullable(evaluations.get(file))
        .map(EvaluationResult::read)
        .orElseGet(() -> evaluate.run(request));
  }
}
