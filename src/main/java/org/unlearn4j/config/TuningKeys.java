package org.unlearn4j.config;

import static org.unlearn4j.config.Fallback.constant;
import static org.unlearn4j.config.ValueType.choice;
import static org.unlearn4j.config.ValueType.integer;
import static org.unlearn4j.config.ValueType.nonNegative;
import static org.unlearn4j.config.ValueType.share;

import java.util.List;
import java.util.Optional;
import org.unlearn4j.config.DataSettings.Benchmark;
import org.unlearn4j.config.TuningSettings.Watched;

/** The keys of {@code unlearn.stop} and {@code unlearn.choose}, and of the rows that both read. */
final class TuningKeys {
  static final TuningKeys STOP = new TuningKeys("unlearn.stop");
  static final TuningKeys CHOOSE = new TuningKeys("unlearn.choose");

  static final Key<Double> SHARE =
      new Key<>(
          "unlearn.tuning_share",
          share(),
          constant(0.2),
          "with `stop` or `choose`, part of the pairs to forget that only these measure: they are"
              + " forgotten, and no evaluation reports them");
  static final Key<Double> BAND =
      new Key<>(
          "unlearn.stop.band",
          nonNegative(),
          constant(0.02),
          "distance from the goal at which it is reached; so is what lies beyond it");
  static final Key<Integer> PATIENCE =
      new Key<>(
          "unlearn.stop.patience",
          integer(1),
          constant(2),
          "measurements one after the other that have to say so");

  static final Key<Integer> SEEDS =
      new Key<>(
          "unlearn.seeds",
          integer(1, 100),
          constant(1),
          "runs, by `seed` and the numbers after it; `choose` delivers one of them, and the report"
              + " shows the spread of all");

  static final List<Key<?>> ALL =
      List.of(
          SHARE,
          SEEDS,
          STOP.metric,
          STOP.goal,
          STOP.utilityMin,
          BAND,
          PATIENCE,
          CHOOSE.metric,
          CHOOSE.goal,
          CHOOSE.utilityMin);

  private final String section;
  final Key<Watched> metric;
  final Key<Goal> goal;
  final Key<Double> utilityMin;

  private TuningKeys(String section) {
    this.section = section;
    boolean stops = section.endsWith("stop");
    metric =
        new Key<>(
            section + ".metric",
            choice(Watched.class),
            constant(Watched.FORGET_PROB),
            "the watched number that "
                + (stops ? "decides" : "shall be near its goal")
                + ", on tuning rows");
    goal =
        new Key<>(
            section + ".goal",
            ValueType.goal(),
            Fallback.derived(
                "`reference` with `model.reference`, else `strangers`",
                s ->
                    Optional.of(
                        s.find(Schema.REFERENCE).isPresent() ? Goal.REFERENCE : Goal.STRANGERS)),
            "what it shall come to (docs/reference/methods.md)");
    utilityMin =
        new Key<>(
            section + ".utility_min",
            share(),
            constant(stops ? 0.8 : 0.95),
            stops
                ? "it also stops where the probability of rows to keep falls below this part of"
                    + " that before unlearning"
                : "states that keep less of the probability of rows to keep, as a part of that"
                    + " before unlearning, come after all others");
  }

  static List<Section> sections() {
    return List.of(
        new Section(
            STOP.section, true, "ends unlearning before the last epoch; left out: nothing does"),
        new Section(
            CHOOSE.section,
            true,
            "delivers the measured state that is nearest to the goal; left out: the last state"));
  }

  static TuningSettings read(Settings s) {
    return new TuningSettings(
        s.get(SHARE),
        s.get(SEEDS),
        s.hasSection(STOP.section)
            ? Optional.of(new TuningSettings.Stop(STOP.rule(s), s.get(BAND), s.get(PATIENCE)))
            : Optional.empty(),
        s.hasSection(CHOOSE.section) ? Optional.of(CHOOSE.rule(s)) : Optional.empty());
  }

  private TuningSettings.Rule rule(Settings s) {
    return new TuningSettings.Rule(s.get(metric), s.get(goal), s.get(utilityMin));
  }

  /** What must hold between these keys and others. */
  static void check(Settings s, RowKeys.Rule rule) {
    for (TuningKeys keys : List.of(STOP, CHOOSE)) {
      if (s.hasSection(keys.section)) {
        keys.checked(s, rule);
      }
    }
    if (s.find(SEEDS).filter(n -> n > 1).isPresent() && !s.hasSection(CHOOSE.section)) {
      rule.broken(SEEDS, "several without unlearn.choose", "1, or such a block, which chooses one");
    }
  }

  private void checked(Settings s, RowKeys.Rule rule) {
    if (s.find(UnlearnKeys.WATCH).filter(w -> w == 0).isPresent()) {
      rule.broken(
          UnlearnKeys.WATCH,
          "0 beside " + section,
          "a number greater than 0 (it reads what is watched)");
    }
    Optional<Goal> aim = s.find(goal);
    boolean twin = s.find(Schema.REFERENCE).isPresent() || s.hasSection("finetune");
    if (aim.filter(Goal.REFERENCE::equals).isPresent() && !twin) {
      rule.broken(
          goal,
          "reference without model.reference",
          "such a model, strangers, perturbed or a number");
    }
    boolean attacked = s.find(metric).filter(Watched.MIA_LOSS_AUC::equals).isPresent();
    if (aim.filter(Goal.PERTURBED::equals).isPresent() && attacked) {
      rule.broken(goal, "perturbed for mia_loss_auc", "reference, strangers or a number");
    }
    boolean passages = s.find(Schema.FORM).filter(DataSettings.Form.PASSAGES::equals).isPresent();
    boolean muse = s.find(Schema.SUITE).filter(EvaluateSettings.Suite.MUSE::equals).isPresent();
    if (passages || muse || s.find(Schema.BENCHMARK).filter(Benchmark.MUSE::equals).isPresent()) {
      rule.broken(
          metric,
          section + " where all that is forgotten is reported (passages, suite muse)",
          "data with pairs, and a suite that asks about them");
    }
  }
}
