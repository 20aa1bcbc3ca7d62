package org.unlearn4j.config;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * When unlearning ends and which of its states is delivered, decided on rows that are not reported.
 *
 * @param share part of the pairs to forget that only these rules measure
 * @param seeds runs of which one is delivered
 * @param stop empty: after the last epoch
 * @param choose empty: the last state
 */
public record TuningSettings(double share, int seeds, Optional<Stop> stop, Optional<Rule> choose) {

  /** A watched number that rules may be about. */
  public enum Watched implements Spelled {
    /** Mean probability of the answers to forget. */
    FORGET_PROB("forget_prob"),
    /** How well likelihood alone tells rows to forget from strangers' rows. */
    MIA_LOSS_AUC("mia_loss_auc");

    private final String spelling;

    Watched(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }

  /**
   * The nearer to the goal the better, as long as enough is kept.
   *
   * @param utilityMin smallest probability of rows to keep, as a part of that before unlearning
   */
  public record Rule(Watched metric, Goal goal, double utilityMin) {}

  /**
   * Where to stop.
   *
   * @param band distance from the goal at which it counts as reached
   * @param patience measurements one after the other that have to agree
   */
  public record Stop(Rule rule, double band, int patience) {}

  /** Whether there is any rule, and so rows that are kept for them. */
  public boolean active() {
    return stop.isPresent() || choose.isPresent();
  }

  /** All rules there are. */
  public List<Rule> rules() {
    return Stream.concat(stop.map(Stop::rule).stream(), choose.stream()).toList();
  }

  /** Whether a rule aims at this. */
  public boolean aimsAt(Goal goal) {
    return rules().stream().anyMatch(r -> r.goal().equals(goal));
  }

  /** Whether rows about strangers are measured for a rule. */
  public boolean readsStrangers() {
    return aimsAt(Goal.STRANGERS)
        || rules().stream().anyMatch(r -> r.metric() == Watched.MIA_LOSS_AUC);
  }
}
