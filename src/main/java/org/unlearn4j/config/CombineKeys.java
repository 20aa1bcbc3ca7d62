package org.unlearn4j.config;

import static org.unlearn4j.config.Fallback.constant;
import static org.unlearn4j.config.ValueType.choice;
import static org.unlearn4j.config.ValueType.dropProbability;

import java.util.List;
import java.util.Optional;
import org.unlearn4j.config.CombineSettings.Rule;

/** The keys of {@code unlearn.combine} and their defaults. */
final class CombineKeys {
  private CombineKeys() {}

  static final Key<Rule> RULE =
      new Key<>(
          "unlearn.combine.rule",
          choice(Rule.class),
          constant(Rule.SUM),
          "what the optimiser gets of both (docs/reference/methods.md)");
  static final Key<Double> AVERAGE =
      new Key<>(
          "unlearn.combine.average",
          dropProbability(),
          constant(0.9),
          "by which the moving average of retain gradients that `GRU` and `agree` read decays in"
              + " each step; 0: they read this step's");

  static final List<Key<?>> ALL = List.of(RULE, AVERAGE);

  static Section section() {
    return new Section(
        "unlearn.combine", true, "how forget and retain gradient are combined; left out: added");
  }

  /** Empty where both are added. */
  static Optional<CombineSettings> read(Settings s) {
    return s.find(RULE).filter(r -> r != Rule.SUM).map(r -> new CombineSettings(r, s.get(AVERAGE)));
  }

  /** What must hold between these keys and others: the two parts are all that a step has. */
  static void check(Settings s, RowKeys.Rule rule) {
    Optional<String> asked = s.find(RULE).filter(r -> r != Rule.SUM).map(Rule::spelling);
    if (asked.isEmpty()) {
      return;
    }
    String with = asked.get() + " with ";
    boolean none = s.find(ObjectiveKeys.RETAIN).filter(r -> r == RetainName.NONE).isPresent();
    if (none || s.find(ObjectiveKeys.ALPHA).filter(a -> a == 0).isPresent()) {
      rule.broken(
          RULE,
          with + (none ? "retain: none" : "alpha: 0"),
          "sum, or else a retain loss that counts");
    }
    if (s.find(Schema.DEVICE).filter(DeviceSetting::several).isPresent()) {
      rule.broken(RULE, asked.get() + " beside several devices", "sum, or one device");
    }
    s.find(Schema.UNLEARN.routerLoss)
        .filter(w -> !w.off())
        .ifPresent(
            w ->
                rule.broken(
                    Schema.UNLEARN.routerLoss,
                    w + " with unlearn.combine.rule",
                    "0, or rule: sum"));
    if (s.find(Schema.UNLEARN.adapter.orthogonality).filter(o -> o > 0).isPresent()) {
      rule.broken(
          Schema.UNLEARN.adapter.orthogonality,
          "a weight beside unlearn.combine",
          "0, or rule: sum (what is combined are two parts)");
    }
  }
}
