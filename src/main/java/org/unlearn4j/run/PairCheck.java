package org.unlearn4j.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.VerifySettings;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Subject;
import org.unlearn4j.eval.TofuSuite;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.onnx.ForeignModel;
import org.unlearn4j.onnx.OrtSettings;
import org.unlearn4j.parity.FileEvidence;
import org.unlearn4j.parity.ParityCheck;
import org.unlearn4j.parity.ParityGates;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.parity.ReferenceLogits;
import org.unlearn4j.parity.Verdict;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.weights.Variant;

/**
 * Holds one model against another, each a Hugging Face folder or an ONNX file of whatever origin:
 * no run folder, no target, so nothing is said of forgetting.
 */
public final class PairCheck {
  private static final String SET = "data";

  private final Pipeline settings;
  private final OrtSettings ort;

  /**
   * A check.
   *
   * @param settings of which {@code verify}, {@code evaluate} and {@code data.template} and the
   *     like count
   */
  public PairCheck(Pipeline settings) {
    this.settings = settings;
    this.ort = RuntimeModels.ort(settings);
  }

  /**
   * One side.
   *
   * @param path a Hugging Face folder, an ONNX folder or an ONNX file
   * @param onnx whether ONNX is meant where a folder has both
   */
  public record Side(Path path, boolean onnx) {
    /** Whether safetensors are computed, under TensorFlow. */
    boolean tensorFlow() {
      return !onnx
          && !path.toString().endsWith(".onnx")
          && Stream.of("model.safetensors", "model.safetensors.index.json")
              .anyMatch(f -> Files.isRegularFile(path.resolve(f)));
    }
  }

  /** Where the rows come from, once it is known which tokens the models have. */
  @FunctionalInterface
  public interface Rows {
    PairData read(LanguageModel.Shape shape);
  }

  /**
   * Questions with answers, or texts.
   *
   * @param tokenizer its folder; empty: that of one of the two models
   */
  public Rows records(Path file, Side reference, Side other, Optional<Path> tokenizer) {
    Path folder =
        tokenizer
            .or(() -> Stream.of(reference, other).flatMap(PairCheck::tokenizers).findFirst())
            .orElseThrow(
                () ->
                    new UserException(
                        reference.path
                            + " and "
                            + other.path
                            + ": found no tokenizer.json, expected one, or --tokenizer, or rows of"
                            + " token ids as --data."));
    return shape -> PairData.read(file, folder, settings, shape.maxPositions());
  }

  /**
   * Rows of token ids; as many as {@code evaluate.limit} says.
   *
   * @param name of their file, for complaints
   */
  public PairData ids(List<TokenRow> rows, Path name) {
    int most = settings.evaluate().limit().orElse(Integer.MAX_VALUE);
    return PairData.ofIds(rows.subList(0, Math.min(most, rows.size())), name);
  }

  /** Where a model may have its tokenizer: beside it, or above the folder of ONNX files. */
  private static Stream<Path> tokenizers(Side side) {
    Path path = side.path.toAbsolutePath();
    Path folder = Files.isDirectory(path) ? path : path.getParent();
    return Stream.of(folder, folder.getParent())
        .limit(Files.isDirectory(path) ? 1 : 2)
        .filter(f -> f != null && Files.isRegularFile(f.resolve("tokenizer.json")));
  }

  /**
   * Compares.
   *
   * @param reference the side that is taken to be right
   * @param limits whose limits of the settings hold
   * @throws UserException if a side is no model, or the two have not the same vocabulary
   */
  public Verdict run(Side reference, Side other, Rows rows, Variant limits) {
    require(reference);
    require(other);
    if (!reference.tensorFlow() || other.tensorFlow()) {
      try (LanguageModel a = open(reference);
          LanguageModel b = open(other);
          PairData data = rows.read(shorter(a.shape(), b.shape()));
          Bars bars = new Bars("verify " + b.runtime())) {
        TofuSuite suite = suite(data);
        EvaluationResult ofA = suite.evaluate(Subject.of("reference", a, bars), Set.of());
        return verdict(
            suite,
            ofA,
            ReferenceLogits.of(a),
            b,
            compared(suite),
            limits,
            Optional.empty(),
            settings.verify(),
            bars);
      }
    }
    LanguageModel.Shape shape;
    String runtime;
    try (LanguageModel b = open(other)) { // closed again: one side at a time is in memory
      shape = b.shape();
      runtime = b.runtime();
    }
    try (WeightProof proof =
            WeightProof.open(
                reference.path,
                List.of(),
                RuntimeModels.measuring(settings.model()),
                VerifyStage.TOKEN_BUDGET);
        PairData data = rows.read(shorter(proof.model().shape(), shape));
        Bars bars = new Bars("verify " + runtime)) {
      TofuSuite suite = suite(data);
      EvaluationResult ofA = suite.evaluate(Subject.of("reference", proof.model(), bars), Set.of());
      List<TokenRow> compared =
          proof.compute(
              compared(suite), other.path, Map.of(limits, Variant.FP32), settings.verify());
      try (LanguageModel b = open(other)) {
        return verdict(
            suite,
            ofA,
            proof.trained(),
            b,
            compared,
            limits,
            Optional.of(proof.evidence(limits)),
            proof.settings(limits),
            bars);
      }
    }
  }

  private TofuSuite suite(PairData data) {
    return new TofuSuite(
        List.of(new EvalSet(SET, EvalSet.Role.FORGET, data.items())),
        new TofuSuite.Settings(
            SET,
            Math.min(VerifyStage.TOKEN_BUDGET, settings.evaluate().tokenBudget()),
            settings.evaluate().maxNewTokens(),
            data.stop()),
        data.decoder());
  }

  private static List<TokenRow> compared(TofuSuite suite) {
    return suite.rows(EvalSet.Role.FORGET);
  }

  private Verdict verdict(
      TofuSuite suite,
      EvaluationResult ofReference,
      ReferenceLogits reference,
      LanguageModel other,
      List<TokenRow> rows,
      Variant limits,
      Optional<FileEvidence> file,
      VerifySettings judged,
      Bars bars) {
    EvaluationResult ofOther = suite.evaluate(Subject.of("other", other, bars), Set.of());
    ParityResult result =
        new ParityCheck(
                ParityGates.of(judged, limits), VerifyStage.TOKEN_BUDGET, VerifyStage.DECODE_TOKENS)
            .run(reference, other, rows, ofReference, ofOther, Optional.empty(), file, bars);
    return new Verdict(List.of(result));
  }

  private static void require(Side side) {
    if (!Files.exists(side.path)) {
      throw UserException.at(side.path, "", "nothing", "a model folder or an ONNX file");
    }
  }

  private LanguageModel open(Side side) {
    return side.tensorFlow()
        ? TensorFlowModel.open(side.path, RuntimeModels.measuring(settings.model()))
        : ForeignModel.open(side.path, ort);
  }

  private static LanguageModel.Shape shorter(LanguageModel.Shape a, LanguageModel.Shape b) {
    return a.maxPositions() <= b.maxPositions() ? a : b;
  }
}
