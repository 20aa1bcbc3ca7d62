package org.unlearn4j.run;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.unlearn4j.base.Spread;
import org.unlearn4j.eval.RelearnResult;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.train.Trainer;

/**
 * How likely what is taught and what is not become over the steps of one relearning. Each point is
 * kept as soon as it is measured, so that a run that goes on has those before its stop.
 *
 * @param label of the relearning among what is kept
 * @param steps after which is measured, beside the first and the last; empty: nothing is
 * @param untaught forget rows that the relearning does not teach
 */
record RelearnCurve(
    String label,
    Optional<List<Integer>> steps,
    List<TokenRow> taught,
    List<TokenRow> untaught,
    KeptMeasurements kept,
    int tokenBudget) {
  /** Rows of each kind that are looked at. */
  static final int ROWS = 400;

  private static final String TAUGHT = "taught";
  private static final String UNTAUGHT = "untaught";

  RelearnCurve {
    taught = Spread.of(taught, ROWS);
    untaught = Spread.of(untaught, ROWS);
  }

  /** Measures at the steps that are asked for, while the model learns. */
  Trainer.Listener listener(LanguageModel model) {
    return (done, total, outcome) -> {
      if (done == total || steps.filter(s -> s.contains(done)).isPresent()) {
        at(done, model);
      }
    };
  }

  /** Measures after a step, 0 for the model as it is, unless that is known. */
  void at(int step, LanguageModel model) {
    if (steps.isEmpty()) {
      return;
    }
    kept.get(
        key() + step,
        () -> {
          Map<String, Double> point = new LinkedHashMap<>();
          put(point, TAUGHT, taught, model);
          put(point, UNTAUGHT, untaught, model);
          return point;
        });
  }

  private String key() {
    return label + " at step ";
  }

  private void put(
      Map<String, Double> point, String name, List<TokenRow> rows, LanguageModel model) {
    if (!rows.isEmpty()) {
      point.put(name, Likelihood.of(model, rows, tokenBudget, "relearn " + label).prob());
    }
  }

  /** What was measured, in the order of the steps. */
  List<RelearnResult.Point> points() {
    List<RelearnResult.Point> points = new ArrayList<>();
    kept.beginning(key())
        .forEach(
            (step, values) ->
                points.add(
                    new RelearnResult.Point(
                        Integer.parseInt(step), value(values, TAUGHT), value(values, UNTAUGHT))));
    points.sort((a, b) -> Integer.compare(a.step(), b.step()));
    return points;
  }

  private static OptionalDouble value(Map<String, Double> values, String name) {
    return values.containsKey(name) ? OptionalDouble.of(values.get(name)) : OptionalDouble.empty();
  }
}
