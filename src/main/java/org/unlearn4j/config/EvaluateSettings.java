package org.unlearn4j.config;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How a model is measured.
 *
 * @param tokenBudget most tokens of a batch, padding included
 * @param maxNewTokens most tokens of a generated answer
 * @param limit rows of each set that are measured, from its start; empty: all
 * @param choices file or folder of multiple-choice questions, for {@link Suite#WMDP}
 * @param gradnorm whether membership is also attacked by gradient norms, on TensorFlow
 * @param onnxRuntime how deployed files are computed
 */
public record EvaluateSettings(
    Suite suite,
    int tokenBudget,
    int maxNewTokens,
    OptionalInt limit,
    Optional<Path> choices,
    boolean gradnorm,
    OnnxRuntimeSettings onnxRuntime) {

  /** The sets of metrics there are. */
  public enum Suite implements Spelled {
    FABLE("fable"),
    TOFU("tofu"),
    JSONL("jsonl"),
    /** Passages: verbatim and knowledge memorisation, privacy leakage. */
    MUSE("muse"),
    /** Multiple choice. */
    WMDP("wmdp");

    private final String spelling;

    Suite(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }
}
