package org.unlearn4j.eval;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.unlearn4j.lm.TokenScores;

/** What the attacks of {@link MembershipAttack} make of scored rows. */
final class MembershipRows {
  private MembershipRows() {}

  /**
   * The numbers of a row for every attack that needs nothing but its scores.
   *
   * @param text what was scored, as text
   */
  static Map<String, Double> values(TokenScores scores, String text) {
    double avgNll = scores.avgNll();
    Map<String, Double> values = new LinkedHashMap<>();
    values.put(MembershipAttack.LOSS.value(), avgNll);
    values.put(MembershipAttack.ZLIB.value(), Membership.zlib(avgNll, text));
    values.put(MembershipAttack.MIN_K_20.value(), Membership.minK(scores, 0.2));
    values.put(MembershipAttack.MIN_K_40.value(), Membership.minK(scores, 0.4));
    values.put(MembershipAttack.MIN_K_PP_20.value(), Membership.minKPlusPlus(scores, 0.2));
    values.put(MembershipAttack.MIN_K_PP_40.value(), Membership.minKPlusPlus(scores, 0.4));
    return values;
  }

  /** Rows with the number of the reference attack; as they are where the yardstick has none. */
  static List<RowResult> withReference(
      String set, List<RowResult> rows, Optional<RetainOnly> retainOnly) {
    Optional<double[]> theirs =
        retainOnly.flatMap(r -> r.values(set, rows, MembershipAttack.LOSS.value()));
    if (theirs.isEmpty()) {
      return rows;
    }
    RowResult[] with = rows.toArray(RowResult[]::new);
    for (int i = 0; i < with.length; i++) {
      OptionalDouble ours = with[i].value(MembershipAttack.LOSS.value());
      if (ours.isPresent()) {
        with[i] =
            with[i].with(
                MembershipAttack.REFERENCE.value(),
                Membership.reference(ours.getAsDouble(), theirs.get()[i]));
      }
    }
    return List.of(with);
  }

  /**
   * Strength of every attack that all rows have a number for, and PrivLeak.
   *
   * @param forget set of the members
   * @param holdout set of the non-members
   */
  static Map<String, Double> metrics(
      String forget,
      String holdout,
      Map<String, List<RowResult>> perRow,
      Optional<RetainOnly> retainOnly) {
    List<RowResult> members = perRow.getOrDefault(forget, List.of());
    List<RowResult> others = perRow.getOrDefault(holdout, List.of());
    Map<String, Double> metrics = new LinkedHashMap<>();
    for (MembershipAttack attack : MembershipAttack.values()) {
      curve(members, others, attack)
          .ifPresent(
              curve -> {
                metrics.put(attack.auc(), curve.auc());
                metrics.put(attack.truePositivesAt(1), curve.truePositivesAt(0.01));
                metrics.put(attack.truePositivesAt(5), curve.truePositivesAt(0.05));
              });
    }
    Yardstick yardstick = new Yardstick(forget, holdout, members, others, retainOnly);
    yardstick
        .auc(MembershipAttack.LOSS, metrics)
        .ifPresent(
            theirs -> {
              double ours = metrics.get(MembershipAttack.LOSS.auc());
              metrics.put(
                  Metric.MIA_LOSS_AUC_RELATIVE.key(),
                  Membership.relativeDifference(ours, theirs) / 100);
            });
    yardstick
        .auc(MembershipAttack.MIN_K_40, metrics)
        .ifPresent(
            theirs -> {
              double ours = metrics.get(MembershipAttack.MIN_K_40.auc());
              metrics.put(Metric.PRIVLEAK.key(), Membership.privLeak(ours, theirs));
            });
    return metrics;
  }

  /** How well an attack does on the same rows of the model that never saw the forget set. */
  private record Yardstick(
      String forget,
      String holdout,
      List<RowResult> members,
      List<RowResult> others,
      Optional<RetainOnly> retainOnly) {

    /** The area under its curve; empty where this evaluation or the yardstick's has none. */
    Optional<Double> auc(MembershipAttack attack, Map<String, Double> metrics) {
      if (retainOnly.isEmpty() || !metrics.containsKey(attack.auc())) {
        return Optional.empty();
      }
      Optional<double[]> seen = retainOnly.get().values(forget, members, attack.value());
      Optional<double[]> unseen = retainOnly.get().values(holdout, others, attack.value());
      return seen.flatMap(s -> unseen.map(u -> RocCurve.ofAttack(s, u).auc()));
    }
  }

  /**
   * An attack's curve over the rows of an evaluation.
   *
   * @return empty unless every row of both sets has a number for it
   */
  static Optional<RocCurve> curve(
      List<RowResult> members, List<RowResult> others, MembershipAttack attack) {
    Optional<double[]> seen = RowResult.all(members, attack.value());
    Optional<double[]> unseen = RowResult.all(others, attack.value());
    return seen.isEmpty() || unseen.isEmpty()
        ? Optional.empty()
        : Optional.of(RocCurve.ofAttack(seen.get(), unseen.get()));
  }
}
