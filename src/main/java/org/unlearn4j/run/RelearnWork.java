package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.config.RelearnSettings;
import org.unlearn4j.eval.RelearnResult;
import org.unlearn4j.eval.Suite;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.train.Trainer;

/**
 * What relearning works with once its input is known to be good.
 *
 * @param untaught indices of the rows that the arm {@code forget} leaves out, by set
 * @param models that are taught, by name
 * @param evaluations of models as they are, by name
 * @param kept what is measured so far
 * @param weights where the unlearned model goes once it was taught the first kind of rows that is
 *     asked for; empty: it is not kept
 */
record RelearnWork(
    RelearnSettings settings,
    Computation training,
    Suite suite,
    Map<String, Set<Integer>> untaught,
    RelearnRows rows,
    Map<String, Path> models,
    Map<String, Path> evaluations,
    KeptMeasurements kept,
    Path out,
    Optional<Path> weights,
    Path tokenizer,
    int tokenBudget) {

  static String label(String model, String arm) {
    return model + " after " + arm;
  }

  static String label(String model, double share) {
    return label(model, "share " + share);
  }

  Map<String, List<TokenRow>> arms() {
    return rows.arms();
  }

  /** Whether the weights after this arm are written. */
  boolean written(String name, String arm) {
    return weights.isPresent()
        && name.equals(RelearnResult.UNLEARNED)
        && arm.equals(settings.teach().get(0).spelling());
  }

  /** The name of an arm's metrics among those that are kept, once all of it is done. */
  String done(String name, String arm) {
    return label(name, arm) + (written(name, arm) ? ", written to " + weights.get() : "");
  }

  /** Whether nothing is left to be taught to a model. */
  boolean known(String name) {
    return arms().keySet().stream().allMatch(arm -> kept.has(done(name, arm)))
        && rows.shares().keySet().stream().allMatch(share -> kept.has(label(name, share)));
  }

  Trainer.Files files(String run, String key) {
    return StageSupport.files(out.resolveSibling(run), run + ".jsonl", key + run);
  }

  /** Over the steps of an arm. */
  RelearnCurve curve(String name, String arm) {
    return new RelearnCurve(
        label(name, arm),
        Optional.of(settings.curve()).filter(steps -> !steps.isEmpty()),
        arms().get(arm),
        rows.others(rows.taught()),
        kept,
        tokenBudget);
  }

  /** Over the steps of an attack of a share, at least before and after it. */
  RelearnCurve curve(String name, double share) {
    List<Lesson> lessons = rows.shares().get(share);
    return new RelearnCurve(
        label(name, share),
        Optional.of(settings.curve()),
        RelearnRows.rows(lessons),
        rows.others(lessons),
        kept,
        tokenBudget);
  }

  /** Those of every share, once they are measured. */
  List<RelearnResult.Share> shareCurves() {
    List<RelearnResult.Share> shares = new ArrayList<>();
    rows.shares()
        .forEach(
            (share, lessons) -> {
              Map<String, List<RelearnResult.Point>> curves = new LinkedHashMap<>();
              for (String name : models.keySet()) {
                curves.put(name, curve(name, share).points());
              }
              int taught = RelearnRows.rows(lessons).size();
              shares.add(new RelearnResult.Share(share, taught, curves));
            });
    return shares;
  }
}
