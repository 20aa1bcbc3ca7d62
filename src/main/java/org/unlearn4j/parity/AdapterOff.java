package org.unlearn4j.parity;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;

/** Whether a deployed base whose adapter is off is still the base. */
public final class AdapterOff {
  /** Most rows that are compared: what is off is off for every row. */
  private static final int MOST = 64;

  private AdapterOff() {}

  /** Some of the rows, evenly from all. */
  public static List<TokenRow> rows(List<TokenRow> all) {
    int stride = (all.size() + MOST - 1) / MOST;
    return IntStream.range(0, all.size())
        .filter(i -> i % Math.max(1, stride) == 0)
        .mapToObj(all::get)
        .toList();
  }

  /**
   * The gate: mean difference of logits over their spread, by the limit of the file's graph.
   *
   * @param base logits of the weights that the file has, without an adapter
   * @param off the file, opened without its adapter
   * @param rows of those logits
   * @param limits of the file's graph
   */
  public static Gate gate(
      ReferenceLogits base,
      LanguageModel off,
      List<TokenRow> rows,
      int tokenBudget,
      ParityGates limits,
      Progress progress) {
    NumericParity.Measured measured =
        NumericParity.measure(base, Optional.empty(), off, rows, tokenBudget, 1, progress);
    NumericMeasure by = NumericMeasure.LOGIT_MEAN_RELATIVE;
    return limits.gate(
        GateSubject.Whole.ADAPTER_OFF, measured.total().value(by), limits.numbers().get(by));
  }
}
