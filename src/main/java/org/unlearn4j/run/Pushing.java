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
import org.unlearn4j.attack.Encoded;
import org.unlearn4j.attack.Judgement;
import org.unlearn4j.attack.Pushed;
import org.unlearn4j.config.AttackSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.PushName;
import org.unlearn4j.eval.ScoreJournal;
import org.unlearn4j.eval.Scorer;
import org.unlearn4j.nn.Decoder;
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
record Pushing(
    Pipeline pipeline, AttackSettings settings, EvaluateStage models, BatchLanes lanes, Path kept, String key) {

  /** A push and how hard. */
  private record Step(PushName push, double amount) {}

  /**
   * Curves of each model.
   *
   * @param subjects those that are judged
   */
  List<Pushed> run(List<AttackStage.Subject> subjects) {
    if (subjects.isEmpty() || settings.push().isEmpty()) {
      return List.of();
    }
    Optional<Asked> yardstick =
        pipeline
            .model()
            .reference()
            .map(p -> ask(AttackStage.Subject.folder(AttackResult.RETAIN_ONLY, p)));
    List<Pushed> all = new ArrayList<>();
    for (AttackStage.Subject subject : subjects) {
      Asked asked = ask(subject);
      for (PushName push : settings.push()) {
        List<Pushed.Point> points = new ArrayList<>();
        for (double amount : push.amounts()) {
          Step step = new Step(push, amount);
          points.add(
              Pushed.Point.of(
                  amount,
                  asked.judgements.get(step),
                  yardstick.map(y -> y.judgements.get(step)),
                  asked.groups));
        }
        all.add(new Pushed(subject.name(), push.spelling(), points));
      }
    }
    return all;
  }

  private record Asked(List<String> groups, Map<Step, List<Judgement>> judgements) {}

  private Asked ask(AttackStage.Subject subject) {
    try (AttackedWeights weights = AttackedWeights.open(subject)) {
      WeightSource own = weights.values();
      Decoder decoder = weights.model().decoder();
      try (TensorFlowModel model = weights.onTensorFlow(lanes);
          TaskData data = models.data(subject.model(), model);
          Bars bars = new Bars("attack " + subject.name())) {
        List<Encoded> direct =
            AttackData.taught(pipeline, settings, data, model.shape().maxPositions()).encoded();
        AttackSuite suite =
            new AttackSuite(
                direct,
                settings.maxNewTokens(),
                data.stopIds(),
                ids -> data.tokenizer().decode(ids, true));
        Map<Step, List<Judgement>> judgements = new LinkedHashMap<>();
        for (PushName push : settings.push()) {
          for (double amount : push.amounts()) {
            Step step = new Step(push, amount);
            judgements.put(step, pushed(step, subject, decoder, own, model, suite, bars));
          }
        }
        return new Asked(direct.stream().map(e -> e.probe().group()).toList(), judgements);
      }
    }
  }

  private List<Judgement> pushed(
      Step step,
      AttackStage.Subject subject,
      Decoder decoder,
      WeightSource own,
      TensorFlowModel model,
      AttackSuite suite,
      Bars bars) {
    Set<Parameter> matrices = Set.copyOf(decoder.blockMatrices());
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
    String name = subject.name() + " " + step.push.spelling() + " " + step.amount;
    try (ScoreJournal journal = ScoreJournal.open(kept.resolve(name), key + " " + name)) {
      return suite.run(new Scorer(model, pipeline.evaluate().tokenBudget(), bars, journal));
    }
  }
}
