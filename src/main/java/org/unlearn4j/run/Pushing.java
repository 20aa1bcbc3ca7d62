package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.attack.AttackResult;
import org.unlearn4j.attack.AttackSuite;
import org.unlearn4j.attack.Judgement;
import org.unlearn4j.attack.Pushed;
import org.unlearn4j.config.AttackSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.PushName;
import org.unlearn4j.eval.ScoreJournal;
import org.unlearn4j.eval.Scorer;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.tf.TensorFlowModel;

/**
 * Pushes weights and asks again, on TensorFlow: one graph a model, whose weights are exchanged. The
 * retain-only model is pushed as hard, since noise alone may bring words out.
 *
 * @param kept where what was measured is kept until the stage is done
 * @param key of settings, weights and data
 */
record Pushing(Pipeline pipeline, AttackSettings settings, Path kept, String key) {

  /** A push and how hard. */
  record Step(PushName push, double amount) {}

  /** Every push in its order, the lightest first. */
  private static List<Step> steps(PushName push) {
    return push.amounts().stream().map(amount -> new Step(push, amount)).toList();
  }

  /**
   * Curves of models.
   *
   * @param judged names of those that curves are of
   * @param asked what came out, by model
   * @param groups of each probe
   */
  static List<Pushed> curves(
      AttackSettings settings,
      List<String> judged,
      Map<String, Map<Step, List<Judgement>>> asked,
      List<String> groups) {
    Optional<Map<Step, List<Judgement>>> yardstick =
        Optional.ofNullable(asked.get(AttackResult.RETAIN_ONLY));
    List<Pushed> all = new ArrayList<>();
    for (String name : judged) {
      for (PushName push : settings.push()) {
        List<Pushed.Point> points =
            steps(push).stream()
                .map(
                    step ->
                        Pushed.Point.of(
                            step.amount,
                            asked.get(name).get(step),
                            yardstick.map(y -> y.get(step)),
                            groups))
                .toList();
        all.add(new Pushed(name, push.spelling(), points));
      }
    }
    return all;
  }

  /**
   * Asks one model after every push.
   *
   * @param name of the model
   * @param model is pushed, and stays so
   * @param weights its own
   * @param suite the questions
   */
  Map<Step, List<Judgement>> ask(
      String name, TensorFlowModel model, AttackedWeights weights, AttackSuite suite, Bars bars) {
    Map<Step, List<Judgement>> judgements = new LinkedHashMap<>();
    for (PushName push : settings.push()) {
      for (Step step : steps(push)) {
        push(step, model, weights);
        String subject = name + " " + push.spelling() + " " + step.amount;
        Path file = kept.resolve(subject);
        try (ScoreJournal journal = ScoreJournal.open(file, key + " " + subject)) {
          Scorer scorer = new Scorer(model, pipeline.evaluate().tokenBudget(), bars, journal);
          judgements.put(step, suite.run(scorer));
        }
      }
    }
    return judgements;
  }

  private void push(Step step, TensorFlowModel model, AttackedWeights weights) {
    WeightSource own = weights.values();
    Set<Parameter> matrices = Set.copyOf(weights.model().decoder().blockMatrices());
    switch (step.push) {
      case NOISE -> model.assign(PushedWeights.noise(own, matrices, step.amount, settings.seed()));
      case PRUNE -> model.assign(PushedWeights.pruned(own, matrices, step.amount));
      case MERGE_BACK -> {
        AttackStage.Subject target =
            AttackStage.Subject.folder(AttackResult.TARGET, pipeline.model().path().orElseThrow());
        try (AttackedWeights goal = AttackedWeights.open(target)) {
          model.assign(PushedWeights.merged(own, goal.values(), step.amount));
        }
      }
    }
  }
}
