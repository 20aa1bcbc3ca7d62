package org.unlearn4j.parity;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.config.VerifyLimit;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;

/** Holds deployed files against the trained weights. */
public final class ParityCheck {
  private final ParityGates gates;
  private final int tokenBudget;
  private final int decodeTokens;

  /**
   * A check.
   *
   * @param tokenBudget most tokens in a batch; fewer where the vocabulary is large, see {@link
   *     NumericParity} for the memory that takes
   * @param decodeTokens tokens to decode with the key-value cache after each row's prompt
   */
  public ParityCheck(ParityGates gates, int tokenBudget, int decodeTokens) {
    this.gates = gates;
    this.tokenBudget = tokenBudget;
    this.decodeTokens = decodeTokens;
  }

  /**
   * Measures one deployed file.
   *
   * @param trained logits of {@code rows}
   * @param rows real rows with labels, of several lengths so that batches are padded
   * @param trainedEvaluation the benchmark on {@code trained}
   * @param deployedEvaluation the benchmark on {@code deployed}
   * @param before the benchmark on the model before unlearning; without it there is no evidence on
   *     whether forgetting survived, and no gate on that
   * @param file what was read back from the deployed file; without it nobody can tell rounding from
   *     a mistake
   * @throws org.unlearn4j.base.UserException if the two sides are not of the same vocabulary or
   *     rows
   */
  public ParityResult run(
      ReferenceLogits trained,
      LanguageModel deployed,
      List<TokenRow> rows,
      EvaluationResult trainedEvaluation,
      EvaluationResult deployedEvaluation,
      Optional<EvaluationResult> before,
      Optional<FileEvidence> file,
      Progress progress) {
    GenerationDifferences generations =
        GenerationDifferences.between(trainedEvaluation, deployedEvaluation);
    List<MetricDifference> metrics =
        MetricDifference.between(trainedEvaluation, deployedEvaluation);
    NumericParity.Measured measured =
        NumericParity.measure(
            trained,
            file.map(FileEvidence::readBack),
            deployed,
            rows,
            tokenBudget,
            decodeTokens,
            progress);
    NumericDifference numeric = measured.total();
    List<Gate> all = new ArrayList<>();
    file.ifPresent(
        f -> {
          all.addAll(f.weights().gates(gates));
          all.addAll(f.limits().graphGates(measured.graph().orElseThrow()));
        });
    all.addAll(gates.numericGates(numeric, deployed));
    for (MetricDifference metric : metrics) {
      Gate gate =
          gates.gate(
              new GateSubject.Difference(metric.name()),
              metric.difference(),
              VerifyLimit.METRIC_ATOL);
      if (gate.judges() || !gate.pass()) { // forty numbers that nobody judges are no gates
        all.add(gate);
      }
    }
    all.add(
        gates.gate(
            GateSubject.Whole.IDENTICAL_GENERATIONS,
            generations.identicalShare(),
            VerifyLimit.GENERATIONS_MIN));
    all.addAll(Fluent.gates(deployedEvaluation, gates));
    if (all.stream().noneMatch(ParityGates::compares)) {
      // What is held against itself only may be any other model.
      all.add(Gate.atLeast(GateSubject.Whole.BOTH_SIDES, 0, 1));
    }
    before.ifPresent(
        b -> all.addAll(Survival.gates(b, trainedEvaluation, deployedEvaluation, gates)));
    return new ParityResult(
        deployed.runtime(),
        trained.runtime(),
        numeric,
        metrics,
        generations,
        all,
        deployed.session(),
        Double.NaN,
        file.map(FileEvidence::weights),
        measured.graph());
  }
}
