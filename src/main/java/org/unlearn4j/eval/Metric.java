package org.unlearn4j.eval;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.unlearn4j.eval.MetricInfo.About;
import org.unlearn4j.eval.MetricInfo.Direction;
import org.unlearn4j.eval.MetricInfo.Needs;
import org.unlearn4j.eval.MetricInfo.Unit;

/**
 * The metrics that have a name of their own, and all that is known of each: meaning, unit and
 * range, which way is better, what it is about, what it needs, and whether a gate is on it. A
 * metric's constant says where its formula is and whose it is. Names are spelled here and nowhere
 * else in the product; a constant's key in files is its name in lower case.
 *
 * <p>The order is that of the table of survival.
 */
public enum Metric {
  /** {@link SetMetric#PROB} of the forget set. */
  FORGET_PROB(Judged.BY_REBOUND),
  /** {@link SetMetric#TRUTH_RATIO} of the forget set. */
  FORGET_TRUTH_RATIO(Judged.BY_REBOUND),
  /** {@link Memorization#extractionStrength} (Carlini et al., 2021). */
  EXTRACTION_STRENGTH(
      Judged.BY_REBOUND,
      "share of a forget answer that the rest completes by itself",
      Unit.SHARE,
      Direction.CLOSER_TO_REFERENCE,
      About.FORGOTTEN),
  /** {@link SetMetric#PROB} of MUSE's passages. */
  VERBMEM_PROB(Judged.BY_REBOUND),
  /** {@link SetMetric#ACCURACY} of everything hazardous (Li et al., 2024). */
  WMDP_ACCURACY(Judged.BY_REBOUND),
  /** {@link SetMetric#ROUGE} of the forget set; falls from flipped argmaxes alone. */
  FORGET_ROUGE(Judged.SHOWN),
  /** {@link Memorization#exactMemorization} (Tirumala et al., 2022). */
  EXACT_MEMORIZATION(
      Judged.SHOWN,
      "share of forget tokens predicted exactly",
      Unit.SHARE,
      Direction.CLOSER_TO_REFERENCE,
      About.FORGOTTEN),
  /** {@link KolmogorovSmirnov#twoSample} of truth ratios (Maini et al., 2024). */
  FORGET_QUALITY(
      Judged.SHOWN,
      "p-value: same truth ratios as retain-only",
      Unit.SHARE,
      Direction.HIGHER,
      About.FORGOTTEN,
      Needs.RETAIN_ONLY),
  /** {@link Rouge} F1 of {@link MuseSuite}'s continuations (Shi et al., 2024). */
  VERBMEM(
      Judged.SHOWN,
      "ROUGE-L F1 of a forget passage's continuation",
      Unit.SHARE,
      Direction.CLOSER_TO_REFERENCE,
      About.FORGOTTEN),
  /** {@link Rouge#longestCommonSubstring} of forget passages that are gone on with. */
  LONGEST_COMMON_SUBSTRING(
      Judged.SHOWN,
      "longest run of words of a forget passage's continuation that is said, over its words",
      Unit.SHARE,
      Direction.CLOSER_TO_REFERENCE,
      About.FORGOTTEN),
  /** {@link Rouge} recall of {@link MuseSuite}'s answers (Shi et al., 2024). */
  KNOWMEM_FORGET(
      Judged.SHOWN,
      "ROUGE-L recall of answers about forget passages",
      Unit.SHARE,
      Direction.CLOSER_TO_REFERENCE,
      About.FORGOTTEN),
  /** {@link Membership#privLeak} (Shi et al., 2024). */
  PRIVLEAK(
      Judged.SHOWN,
      "how far Min-40% tells forget from holdout, against retain-only, in percent",
      Unit.PERCENT,
      Direction.CLOSER_TO_REFERENCE,
      About.MEMBERSHIP,
      Needs.RETAIN_ONLY),
  /** {@link TofuAggregates}, after Maini et al. (2024); another suite's own measure of it. */
  MODEL_UTILITY(
      Judged.BY_FALL,
      "harmonic mean over what is to be kept",
      Unit.SHARE,
      Direction.HIGHER,
      About.KEPT),
  /** {@link SetMetric#PROB} of the retain set. */
  RETAIN_PROB(Judged.BY_FALL),

  /** {@link #MODEL_UTILITY} of {@link SetMetric#TRUTH_RATIO_ARITHMETIC}. */
  MODEL_UTILITY_ARITHMETIC(
      Judged.NO, "the same with arithmetic truth ratios", Unit.SHARE, Direction.HIGHER, About.KEPT),
  /** {@link RelearnMetrics}: model utility without the part that needs generated answers. */
  UTILITY_WITHOUT_ROUGE(
      Judged.NO,
      "harmonic mean over what is to be kept, without ROUGE",
      Unit.SHARE,
      Direction.HIGHER,
      About.KEPT),
  /** {@link Rouge} recall of {@link MuseSuite}'s answers about what is to be kept. */
  KNOWMEM_RETAIN(
      Judged.NO,
      "ROUGE-L recall of answers about retain passages",
      Unit.SHARE,
      Direction.HIGHER,
      About.KEPT),
  /** {@link Membership#relativeDifference}. */
  MIA_LOSS_AUC_RELATIVE(
      Judged.NO,
      "the same, less the retain-only model's and over it",
      Unit.RELATIVE,
      Direction.CLOSER_TO_REFERENCE,
      About.MEMBERSHIP,
      Needs.RETAIN_ONLY),

  /** {@link Fluency#perplexity}. */
  FLUENCY_PERPLEXITY(
      Judged.NO,
      "perplexity of generations under the model before",
      Unit.PERPLEXITY,
      Direction.CLOSER_TO_REFERENCE,
      About.TEXT),
  /** {@link Fluency#distinct} of tokens (Li et al., 2016). */
  FLUENCY_DISTINCT_1(
      Judged.NO,
      "different tokens over all tokens of generations",
      Unit.SHARE,
      Direction.CLOSER_TO_REFERENCE,
      About.TEXT),
  /** {@link Fluency#distinct} of pairs (Li et al., 2016). */
  FLUENCY_DISTINCT_2(
      Judged.NO,
      "different pairs of tokens over all pairs of generations",
      Unit.SHARE,
      Direction.CLOSER_TO_REFERENCE,
      About.TEXT),
  /** {@link Fluency#repetition} (Welleck et al., 2020). */
  FLUENCY_REPETITION(
      Judged.NO,
      "share of 4-grams that a generation has said before",
      Unit.SHARE,
      Direction.LOWER,
      About.TEXT),

  /** {@link Refusing} of answers about what is kept. */
  FLUENCY_REFUSALS(
      Judged.NO,
      "share of questions about what is kept that are refused",
      Unit.SHARE,
      Direction.LOWER,
      About.TEXT),

  /** {@link Entanglement#meanPairCosine}. */
  COSINE(
      Judged.NO,
      "mean cosine over forget-retain pairs",
      Unit.COSINE,
      Direction.LOWER,
      About.FEATURES),
  /** {@link Entanglement#cosineOfMeans}. */
  COSINE_OF_MEANS(
      Judged.NO, "cosine of the mean features", Unit.COSINE, Direction.LOWER, About.FEATURES),
  /** {@link Entanglement#entanglement} (Goldblum et al., 2020; Zhao et al., 2024). */
  ENTANGLEMENT(
      Judged.NO,
      "variance within over variance between",
      Unit.RATIO,
      Direction.LOWER,
      About.FEATURES),
  /** {@link LinearProbe#crossValidatedAuc}. */
  PROBE_AUC(
      Judged.NO,
      "AUC of a linear probe, forget against retain",
      Unit.SHARE,
      Direction.HIGHER,
      About.FEATURES),
  /** {@link Entanglement#principalAngles}. */
  PRINCIPAL_ANGLES(
      Judged.NO,
      "mean cosine between the main subspaces",
      Unit.SHARE,
      Direction.LOWER,
      About.FEATURES),
  /** Of {@link #ENTANGLEMENT} after and before. */
  ENTANGLEMENT_LOG_RATIO(
      Judged.NO,
      "log of entanglement after over before",
      Unit.LOGARITHM,
      Direction.LOWER,
      About.FEATURES),
  /** {@link Entanglement#drift}. */
  RETAIN_DRIFT(
      Judged.NO,
      "1 - cosine of retain features before and after",
      Unit.COSINE_DISTANCE,
      Direction.LOWER,
      About.FEATURES),
  /** {@link Entanglement#linearCka} (Kornblith et al., 2019). */
  RETAIN_CKA(
      Judged.NO,
      "linear CKA of retain features before and after",
      Unit.SHARE,
      Direction.HIGHER,
      About.FEATURES),
  /** Of a mixture, by {@link Routing#compare}. */
  EXPERTS_CHANGED(
      Judged.NO,
      "tokens that go through other experts than before",
      Unit.SHARE,
      Direction.NONE,
      About.FEATURES),
  /** Of a mixture, by {@link Routing#compare}. */
  FIRST_EXPERT_CHANGED(
      Judged.NO,
      "tokens whose most probable expert is another one",
      Unit.SHARE,
      Direction.NONE,
      About.FEATURES),
  /** Of a mixture, by {@link Routing#compare}. */
  LOAD_SHIFT(
      Judged.NO,
      "share of the experts' load that went to others",
      Unit.SHARE,
      Direction.NONE,
      About.FEATURES);

  /** What the verdict on a deployed file makes of a metric. */
  public enum Judged {
    /** It must not go back to the model before unlearning. */
    BY_REBOUND,
    /** It must not fall; the first of these that a suite has. */
    BY_FALL,
    /** Shown beside those that are judged. */
    SHOWN,
    /** No part of the verdict but as every metric is: equal on both sides. */
    NO
  }

  private static final Map<String, Metric> BY_KEY =
      Arrays.stream(values()).collect(Collectors.toMap(Metric::key, Function.identity()));

  private final Judged judged;
  private final String meaning;
  private final Unit unit;
  private final Direction direction;
  private final About about;
  private final Needs needs;

  /** A metric of a set that is known by name. */
  Metric(Judged judged) {
    MetricInfo known = SetMetric.info(key()).orElseThrow();
    this.judged = judged;
    this.meaning = known.meaning();
    this.unit = known.unit();
    this.direction = known.direction();
    this.about = known.about();
    this.needs = known.needs();
  }

  Metric(Judged judged, String meaning, Unit unit, Direction direction, About about) {
    this(judged, meaning, unit, direction, about, Needs.ROWS);
  }

  Metric(Judged judged, String meaning, Unit unit, Direction direction, About about, Needs needs) {
    this.judged = judged;
    this.meaning = meaning;
    this.unit = unit;
    this.direction = direction;
    this.about = about;
    this.needs = needs;
  }

  /** The metric of that name; empty for one of a set, of an attack, or of nothing. */
  public static Optional<Metric> of(String name) {
    return Optional.ofNullable(BY_KEY.get(name));
  }

  /** Those of which the verdict makes the same, in order. */
  public static List<Metric> judged(Judged how) {
    return Arrays.stream(values()).filter(m -> m.judged == how).toList();
  }

  /** Its name in files. */
  public final String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether that is its name in files. */
  public boolean is(String name) {
    return key().equals(name);
  }

  /** What the verdict makes of it. */
  public Judged judged() {
    return judged;
  }

  /** What its number means. */
  public MetricInfo info() {
    return new MetricInfo(key(), meaning, unit, direction, about, needs);
  }
}
