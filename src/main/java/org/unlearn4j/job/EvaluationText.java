package org.unlearn4j.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.MembershipAttack;
import org.unlearn4j.eval.Metric;

/** An evaluation in a few lines for a terminal. */
final class EvaluationText {
  private EvaluationText() {}

  /**
   * One line a metric.
   *
   * @param compared whether there was a retain-only model to measure against
   */
  static List<String> lines(EvaluationResult result, boolean compared) {
    List<String> lines = new ArrayList<>();
    lines.add(result.model() + " on " + result.runtime() + ":");
    result
        .metrics()
        .forEach(
            (name, value) -> lines.add(String.format(Locale.ROOT, "  %-36s %.4g", name, value)));
    List<String> leftOut = leftOut(result);
    if (!compared && !leftOut.isEmpty()) {
      lines.add("  without --reference there is no " + String.join(", no ", leftOut));
    }
    lines.add(
        String.format(
            Locale.ROOT,
            "  %.1f s, %.0f tokens a second",
            result.seconds(),
            result.tokensPerSecond()));
    return lines;
  }

  /** What the retain-only model's numbers would have given beside what is there. */
  private static List<String> leftOut(EvaluationResult result) {
    List<String> names = new ArrayList<>();
    if (result.metrics().containsKey(Metric.FORGET_TRUTH_RATIO.key())) {
      names.add(Metric.FORGET_QUALITY.key());
    }
    if (result.metrics().containsKey(MembershipAttack.MIN_K_40.auc())) {
      names.addAll(List.of(Metric.PRIVLEAK.key(), MembershipAttack.REFERENCE.auc()));
    }
    return names;
  }
}
