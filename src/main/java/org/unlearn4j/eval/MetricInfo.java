package org.unlearn4j.eval;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What a metric's number means: the one place that knows, wherever a metric is printed.
 *
 * @param name as in the evaluation file
 * @param meaning one line
 * @param low smallest possible value
 * @param high largest possible value
 * @param direction which way is better
 * @param needsReference whether it is computed from the retain-only model's evaluation; without
 *     one, such a metric is left out, and asking for it is an error, never a default
 */
public record MetricInfo(
    String name,
    String meaning,
    double low,
    double high,
    Direction direction,
    boolean needsReference) {

  /** Which way is better. */
  public enum Direction {
    HIGHER,
    LOWER,
    /** Neither more nor less than the model that never saw the forget set. */
    CLOSER_TO_REFERENCE,
    /** A description, neither good nor bad. */
    NONE
  }

  private static final double INFINITY = Double.POSITIVE_INFINITY;

  private static final Map<String, MetricInfo> BY_NAME =
      List.of(
              share("forget_quality", "p-value: same truth ratios as retain-only", Direction.HIGHER)
                  .withReference(),
              share("model_utility", "harmonic mean over what is to be kept", Direction.HIGHER),
              share(
                  "model_utility_arithmetic",
                  "the same with arithmetic truth ratios",
                  Direction.HIGHER),
              share(
                  RelearnMetrics.UTILITY,
                  "harmonic mean over what is to be kept, without ROUGE",
                  Direction.HIGHER),
              share(
                  "extraction_strength",
                  "share of a forget answer that the rest completes by itself",
                  Direction.CLOSER_TO_REFERENCE),
              share(
                  "exact_memorization",
                  "share of forget tokens predicted exactly",
                  Direction.CLOSER_TO_REFERENCE),
              new MetricInfo(
                  "mia_loss_auc_relative",
                  "the same, less the retain-only model's and over it",
                  -1,
                  INFINITY,
                  Direction.CLOSER_TO_REFERENCE,
                  true),
              new MetricInfo(
                  "privleak",
                  "how far Min-40% tells forget from holdout, against retain-only, in percent",
                  -100,
                  INFINITY,
                  Direction.CLOSER_TO_REFERENCE,
                  true),
              share(
                  "verbmem",
                  "ROUGE-L F1 of a forget passage's continuation",
                  Direction.CLOSER_TO_REFERENCE),
              share(
                  "knowmem_forget",
                  "ROUGE-L recall of answers about forget passages",
                  Direction.CLOSER_TO_REFERENCE),
              share(
                  "knowmem_retain",
                  "ROUGE-L recall of answers about retain passages",
                  Direction.HIGHER),
              new MetricInfo(
                  "fluency_perplexity",
                  "perplexity of generations under the model before",
                  1,
                  INFINITY,
                  Direction.CLOSER_TO_REFERENCE,
                  false),
              share(
                  "fluency_distinct_1",
                  "different tokens over all tokens of generations",
                  Direction.CLOSER_TO_REFERENCE),
              share(
                  "fluency_distinct_2",
                  "different pairs of tokens over all pairs of generations",
                  Direction.CLOSER_TO_REFERENCE),
              share(
                  "fluency_repetition",
                  "share of 4-grams that a generation has said before",
                  Direction.LOWER),
              new MetricInfo(
                  "cosine", "mean cosine over forget-retain pairs", -1, 1, Direction.LOWER, false),
              new MetricInfo(
                  "cosine_of_means", "cosine of the mean features", -1, 1, Direction.LOWER, false),
              new MetricInfo(
                  "entanglement",
                  "variance within over variance between",
                  0,
                  INFINITY,
                  Direction.LOWER,
                  false),
              new MetricInfo(
                  "entanglement_log_ratio",
                  "log of entanglement after over before",
                  -INFINITY,
                  INFINITY,
                  Direction.LOWER,
                  false),
              share("probe_auc", "AUC of a linear probe, forget against retain", Direction.HIGHER),
              share("principal_angles", "mean cosine between the main subspaces", Direction.LOWER),
              new MetricInfo(
                  "retain_drift",
                  "1 - cosine of retain features before and after",
                  0,
                  2,
                  Direction.LOWER,
                  false),
              share(
                  "retain_cka", "linear CKA of retain features before and after", Direction.HIGHER))
          .stream()
          .collect(Collectors.toMap(MetricInfo::name, Function.identity()));

  /** Metrics that every set has, by what follows the set's name. */
  private static final Map<String, String> OF_A_SET =
      Map.of(
          "_truth_ratio_arithmetic", "truth ratio, arithmetic mean over wrong answers",
          "_truth_ratio", "how wrong answers stand beside the right one",
          "_prob", "probability of the right answer",
          "_rouge", "ROUGE-L recall of the greedy answer");

  /** What is known of a metric; empty for a name that no suite here makes. */
  public static Optional<MetricInfo> of(String name) {
    MetricInfo exact = BY_NAME.get(name);
    if (exact != null) {
      return Optional.of(exact);
    }
    if (name.endsWith(Entanglement.BEFORE)) {
      return of(name.substring(0, name.length() - Entanglement.BEFORE.length()))
          .map(i -> i.named(name, i.meaning + ", of the model before"));
    }
    if (name.endsWith(RelearnMetrics.UNTAUGHT)) {
      return of(name.substring(0, name.length() - RelearnMetrics.UNTAUGHT.length()))
          .map(i -> i.named(name, i.meaning + ", of rows not taught again"));
    }
    if (name.startsWith("mia_")) {
      return attack(name);
    }
    if (name.endsWith("_accuracy") && name.length() > "_accuracy".length()) {
      // Forgetting hazardous knowledge means guessing; four options leave a quarter.
      return Optional.of(
          share(
              name,
              "share of multiple-choice questions answered right",
              name.startsWith("wmdp") ? Direction.LOWER : Direction.HIGHER));
    }
    return OF_A_SET.entrySet().stream()
        .filter(e -> name.endsWith(e.getKey()) && name.length() > e.getKey().length())
        .findFirst() // no ending is the end of another one
        .map(
            e ->
                share(
                    name,
                    e.getValue(),
                    name.startsWith("forget_") || name.startsWith("verbmem_")
                        ? Direction.CLOSER_TO_REFERENCE
                        : Direction.HIGHER));
  }

  private static Optional<MetricInfo> attack(String name) {
    for (MembershipAttack attack : MembershipAttack.values()) {
      Map<String, String> metrics =
          Map.of(
              attack.auc(), "AUC of the " + attack.label() + " attack, forget against holdout",
              attack.truePositivesAt(1), "forget rows found at 1 % of holdout rows",
              attack.truePositivesAt(5), "forget rows found at 5 % of holdout rows");
      if (metrics.containsKey(name)) {
        MetricInfo info = share(name, metrics.get(name), Direction.CLOSER_TO_REFERENCE);
        return Optional.of(attack == MembershipAttack.REFERENCE ? info.withReference() : info);
      }
    }
    return Optional.empty();
  }

  /**
   * How far two values are apart, so that one tolerance serves every metric: percent are counted as
   * shares, and what has no upper bound relative to its size.
   */
  public double distance(double a, double b) {
    double unit = low == -100 ? 100 : high == INFINITY ? Math.max(1, Math.abs(a)) : 1;
    return Math.abs(a - b) / unit;
  }

  /** Whether only a runtime with gradients can measure it. */
  public boolean needsGradients() {
    return name.startsWith("mia_" + MembershipAttack.GRADNORM.label());
  }

  private static MetricInfo share(String name, String meaning, Direction direction) {
    return new MetricInfo(name, meaning, 0, 1, direction, false);
  }

  private MetricInfo named(String other, String words) {
    return new MetricInfo(other, words, low, high, direction, needsReference);
  }

  private MetricInfo withReference() {
    return new MetricInfo(name, meaning, low, high, direction, true);
  }
}
