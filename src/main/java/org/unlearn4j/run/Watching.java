package org.unlearn4j.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.unlearn4j.base.Standing;
import org.unlearn4j.config.Floor;
import org.unlearn4j.config.Goal;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.TuningSettings;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.train.Judge;
import org.unlearn4j.train.Watch;

/**
 * What is measured of a model while it unlearns, and the rules that read it: their goals, measured
 * before the first step, and what they decided.
 */
final class Watching {
  private static final String STRANGERS = "strangers_prob";

  private final Pipeline pipeline;
  private final TuningSettings rules;
  private final Optional<Watcher> watcher;
  private final List<TokenRow> perturbed;
  private Optional<Map<String, Double>> reference = Optional.empty();
  private final Map<String, Double> goals = new LinkedHashMap<>();
  private Judge judge = Judge.none();

  private Watching(Pipeline pipeline, Optional<Watcher> watcher, List<TokenRow> perturbed) {
    this.pipeline = pipeline;
    this.rules = pipeline.unlearn().tuning();
    this.watcher = watcher;
    this.perturbed = perturbed;
  }

  /** Rows that training reads. */
  record Rows(List<TokenRow> forget, List<TokenRow> retain, List<TokenRow> strangers) {}

  /**
   * Of a run.
   *
   * @param tuned of the same pipeline
   * @param model that learns
   */
  static Watching of(Pipeline pipeline, Tuned tuned, LanguageModel model, Rows rows) {
    TuningSettings rules = pipeline.unlearn().tuning();
    if (pipeline.unlearn().watch().epochs() == 0) {
      return new Watching(pipeline, Optional.empty(), List.of());
    }
    int budget = pipeline.evaluate().tokenBudget();
    int most = pipeline.unlearn().watch().rows();
    if (!rules.active()) {
      return new Watching(
          pipeline,
          Optional.of(new Watcher(model, budget, most, rows.forget, rows.retain, rows.strangers)),
          List.of());
    }
    return new Watching(
        pipeline,
        Optional.of(new Watcher(model, budget, most, tuned.forget, tuned.retain, rows.strangers)),
        tuned.perturbed);
  }

  /** Rows that rules read; all empty without rules. */
  record Tuned(List<TokenRow> forget, List<TokenRow> retain, List<TokenRow> perturbed) {}

  /**
   * Reads them. To be called before the data's files are asked what was read of them, so that a
   * checkpoint belongs to these rows.
   *
   * @throws org.unlearn4j.base.UserException if the data has not what a rule asks for
   */
  static Tuned tuned(Pipeline pipeline, TaskData data) {
    if (!pipeline.unlearn().tuning().active()) {
      return new Tuned(List.of(), List.of(), List.of());
    }
    TuningRows tuning = TuningRows.of(pipeline, data.benchmark());
    return new Tuned(
        data.encoded("to tune by, forget", tuning.forget()),
        data.encoded("to tune by, retain", tuning.retain()),
        pipeline.unlearn().tuning().aimsAt(Goal.PERTURBED)
            ? data.encoded(
                "wrong answers",
                tuning.perturbed(data.benchmark()::forgetEvaluation, pipeline.data().forget()))
            : List.of());
  }

  /** Rows about strangers that floors or rules need, or else that are watched where there are. */
  static List<TokenRow> strangers(Pipeline pipeline, TaskData data) {
    if (pipeline.unlearn().objective().floor().equals(Floor.STRANGERS)
        || pipeline.unlearn().tuning().readsStrangers()) {
      return data.strangers();
    }
    return pipeline.unlearn().watch().epochs() > 0 ? data.embeddedStrangers() : List.of();
  }

  /** Whether the retain-only model is read, for floors or for a goal. */
  static boolean readsReference(Pipeline pipeline) {
    return pipeline.unlearn().objective().floor().equals(Floor.REFERENCE)
        || pipeline.unlearn().tuning().aimsAt(Goal.REFERENCE);
  }

  /** To be called while the model is the retain-only one. */
  void reference() {
    if (rules.aimsAt(Goal.REFERENCE)) {
      reference = watcher.map(Watcher::measure);
    }
  }

  /**
   * To be called while the model is the one before unlearning: the goals are what it says of others
   * than it shall forget.
   *
   * @param log gets a line a rule
   */
  void begin(LanguageModel model, PrintStream log) {
    if (!rules.active()) {
      return;
    }
    Map<String, Double> before = watcher.orElseThrow().measure();
    double wrong =
        perturbed.isEmpty()
            ? Double.NaN
            : Likelihood.of(model, perturbed, pipeline.evaluate().tokenBudget(), "wrong answers")
                .prob();
    Optional<Judge.Stop> stop =
        rules
            .stop()
            .map(
                s ->
                    new Judge.Stop(
                        aim("stop", s.rule(), before, wrong, log),
                        before.get(s.rule().metric().spelling()),
                        s.band(),
                        s.patience()));
    Optional<Judge.Aim> choose = rules.choose().map(r -> aim("choose", r, before, wrong, log));
    judge = new Judge(stop, choose, before.get(Judge.UTILITY));
  }

  private Judge.Aim aim(
      String rule,
      TuningSettings.Rule r,
      Map<String, Double> before,
      double wrong,
      PrintStream log) {
    String metric = r.metric().spelling();
    double goal =
        r.goal().number().isPresent()
            ? r.goal().number().getAsDouble()
            : r.goal().equals(Goal.REFERENCE)
                ? reference.orElseThrow().get(metric)
                : r.goal().equals(Goal.PERTURBED)
                    ? wrong
                    : r.metric() == TuningSettings.Watched.MIA_LOSS_AUC
                        ? 0.5 // who cannot tell them apart
                        : before.get(STRANGERS);
    goals.put(rule, goal);
    log.printf(
        Locale.ROOT,
        "unlearn: %s aims at %s %.3f (%s) on tuning rows; it begins at %.3f%n",
        rule,
        metric,
        goal,
        r.goal(),
        before.get(metric));
    return new Judge.Aim(metric, goal, r.utilityMin());
  }

  Watch watch() {
    return watcher.map(w -> w.every(pipeline.unlearn().watch())).orElse(Watch.NONE);
  }

  Judge judge() {
    return judge;
  }

  /** What the rules decided, for the log. */
  List<String> decided(int steps) {
    return Stream.concat(
            judge.ended().map(why -> "unlearn: stopped after step " + steps + ": " + why).stream(),
            judge.chosen().flatMap(step -> judge.standing().map(s -> chosen(step, s))).stream())
        .toList();
  }

  private static String chosen(int step, Standing s) {
    return String.format(
        Locale.ROOT,
        "unlearn: the state after step %d is delivered: %.3f from the goal, %.3f of the utility%s",
        step,
        s.distance(),
        s.kept(),
        s.within() ? "" : ", which is less than " + s.enough() + ", and no state kept more");
  }

  /** The same for the record; empty without rules. */
  Optional<ObjectNode> record() {
    if (!rules.active()) {
      return Optional.empty();
    }
    ObjectNode node = new ObjectMapper().createObjectNode();
    ObjectNode aims = node.putObject("goals");
    goals.forEach(aims::put);
    judge.ended().ifPresent(why -> node.put("stopped", why));
    judge
        .chosen()
        .flatMap(step -> judge.standing().map(s -> Map.entry(step, s)))
        .ifPresent(
            c ->
                node.putObject("chosen")
                    .put("step", c.getKey())
                    .put("distance", c.getValue().distance())
                    .put("utility", c.getValue().kept())
                    .put("within", c.getValue().within()));
    return Optional.of(node);
  }
}
