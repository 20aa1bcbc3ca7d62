package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.unlearn4j.eval.MembershipAttack;
import org.unlearn4j.eval.Metric;
import org.unlearn4j.parity.MetricDifference;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.report.ReportData.Role;

/** The numbers in plain words: one sentence a question that a reader has. */
final class Findings {
  /** What is usually asked of a p-value. */
  private static final double SIGNIFICANT = 0.05;

  /** So near to the retain-only model counts as there, in shares of the way. */
  private static final double NEAR = 0.05;

  /** Where forgetting is looked for, the first that was measured. */
  private static final List<Metric> FORGETTING =
      List.of(Metric.FORGET_PROB, Metric.VERBMEM, Metric.KNOWMEM_FORGET, Metric.WMDP_ACCURACY);

  private final ReportData data;

  Findings(ReportData data) {
    this.data = data;
  }

  /** Terms and sentences; nothing where nothing can be said. */
  Html render() {
    Html list = Html.tag("dl").css("findings");
    add(list, "Forgotten?", forgetting());
    add(list, "As if never seen?", likeRetainOnly());
    add(list, "Kept the rest?", utility());
    add(list, "Can an attack tell?", attack());
    add(list, "Same when deployed?", deployment());
    add(list, "Does it stay?", data.relearning().flatMap(RelearnSection::sentence));
    add(list, "Asked in other ways?", data.leaks().flatMap(LeakSection::sentence));
    return list.isEmpty() ? Html.group() : list;
  }

  private static void add(Html list, String term, Optional<String> sentence) {
    sentence.ifPresent(
        words ->
            list.add(
                Html.tag("div")
                    .add(Html.tag("dt", term), Html.tag("dd", Numbers.together(words)))));
  }

  private OptionalDouble of(Role role, Metric metric) {
    return data.first(role).map(r -> r.metric(metric.key())).orElse(OptionalDouble.empty());
  }

  Optional<String> forgetting() {
    Optional<Metric> found =
        FORGETTING.stream().filter(m -> data.unlearned().metric(m.key()).isPresent()).findFirst();
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Metric metric = found.get();
    double after = data.unlearned().metric(metric.key()).orElseThrow();
    OptionalDouble before = of(Role.TARGET, metric);
    OptionalDouble reference = of(Role.RETAIN_ONLY, metric);
    StringBuilder words = new StringBuilder();
    words.append(
        switch (metric) {
          case FORGET_PROB -> "The right answers’ probability";
          case VERBMEM -> "Verbatim recall";
          case KNOWMEM_FORGET -> "Recall of answers";
          default -> "Accuracy on what is hazardous";
        });
    before.ifPresentOrElse(
        b -> words.append(" went from ").append(Numbers.pretty(b)).append(" to "),
        () -> words.append(" is "));
    words.append(Numbers.pretty(after));
    reference.ifPresent(
        r -> words.append("; a model that never saw them has ").append(Numbers.pretty(r)));
    words.append('.');
    if (before.isPresent() && reference.isPresent()) {
      words.append(way(before.getAsDouble(), after, reference.getAsDouble()));
    }
    return Optional.of(words.toString());
  }

  /** How far on the way from the target to the retain-only model. */
  static String way(double before, double after, double reference) {
    double way = (before - after) / (before - reference);
    if (!Double.isFinite(way)) {
      return "";
    }
    if (way > 1 + NEAR) {
      return " That is further than it had to go.";
    }
    return way >= 1 - NEAR
        ? " That is where it should be."
        : " That is " + Numbers.percent(way) + " of the way.";
  }

  private Optional<String> likeRetainOnly() {
    OptionalDouble p = data.unlearned().metric(Metric.FORGET_QUALITY.key());
    if (p.isEmpty() || Double.isNaN(p.getAsDouble())) {
      return Optional.empty();
    }
    String value = "(forget quality, p = " + Numbers.pretty(p.getAsDouble()) + ").";
    return Optional.of(
        p.getAsDouble() >= SIGNIFICANT
            ? "On the forget set its truth ratios cannot be told from the retain-only model’s "
                + value
            : "On the forget set its truth ratios can be told from the retain-only model’s "
                + value);
  }

  private Optional<String> utility() {
    OptionalDouble after = data.unlearned().metric(Metric.MODEL_UTILITY.key());
    if (after.isEmpty()) {
      return Optional.empty();
    }
    OptionalDouble before = of(Role.TARGET, Metric.MODEL_UTILITY);
    String value = "Model utility is " + Numbers.pretty(after.getAsDouble());
    return Optional.of(
        before.isEmpty() || before.getAsDouble() == 0
            ? value + "."
            : value
                + ", "
                + Numbers.tenths(after.getAsDouble() / before.getAsDouble())
                + " of the target’s "
                + Numbers.pretty(before.getAsDouble())
                + ".");
  }

  private Optional<String> attack() {
    Optional<MembershipAttack> strongest = Attacks.strongest(data);
    return strongest.map(
        attack -> {
          double auc = data.unlearned().metric(attack.auc()).orElseThrow();
          OptionalDouble reference =
              data.first(Role.RETAIN_ONLY)
                  .map(r -> r.metric(attack.auc()))
                  .orElse(OptionalDouble.empty());
          return "The attack that tells best, "
              + Attacks.name(attack)
              + ", has an AUC of "
              + Numbers.pretty(auc)
              + (reference.isPresent()
                  ? " (retain-only " + Numbers.pretty(reference.getAsDouble()) + ")"
                  : "")
              + (auc < 0.5 - NEAR
                  ? ": forgotten answers stand out as too unlikely."
                  : auc > 0.5 + NEAR
                      ? ": forgotten answers still stand out as too likely."
                      : ": next to guessing.");
        });
  }

  private Optional<String> deployment() {
    if (data.verdict().isEmpty() || data.verdict().get().results().isEmpty()) {
      return Optional.empty();
    }
    List<String> files = new ArrayList<>();
    for (ParityResult result : data.verdict().get().results()) {
      double largest =
          result.metrics().stream().mapToDouble(MetricDifference::difference).max().orElse(0);
      int rows = result.generations().rows();
      files.add(
          ReportData.runtime(result.deployed())
              + ": no metric differs by more than "
              + Numbers.pretty(largest)
              + ", "
              + (rows - result.generations().different().size())
              + " of "
              + rows
              + " answers are the same");
    }
    return Optional.of(String.join("; ", files) + ".");
  }
}
