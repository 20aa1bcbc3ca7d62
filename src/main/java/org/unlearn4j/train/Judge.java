package org.unlearn4j.train;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.Standing;

/**
 * Reads what is watched, and says where training ends and which of the states that were measured is
 * the best so far. All that it remembers is in {@link State}, which a checkpoint holds.
 */
public final class Judge {
  /** What is watched for utility: the mean probability of kept rows' answers. */
  public static final String UTILITY = "retain_prob";

  private final Optional<Stop> stop;
  private final Optional<Aim> choose;
  private final double before;
  private State state = State.NONE;
  private Optional<String> ended = Optional.empty();

  /**
   * What a number shall come to.
   *
   * @param metric its name among what is watched
   * @param utilityMin smallest {@link #UTILITY}, as a part of that before
   */
  public record Aim(String metric, double goal, double utilityMin) {}

  /**
   * When training ends.
   *
   * @param start the metric before training: what lies beyond the goal, seen from there, has
   *     reached it
   * @param band distance from the goal at which it is reached
   * @param patience measurements one after the other that have to say so
   */
  public record Stop(Aim aim, double start, double band, int patience) {}

  /**
   * What is remembered.
   *
   * @param kept the step after which the best state was; 0: none was measured
   * @param distance of the best state from the goal
   * @param utility of the best state
   * @param reached measurements until now, one after the other, at the goal
   * @param fallen the same with too little utility
   */
  record State(int kept, double distance, double utility, int reached, int fallen) {
    static final State NONE = new State(0, 0, 0, 0, 0);

    /** Numbers that read back as the same ones. */
    String text() {
      return kept + " " + distance + " " + utility + " " + reached + " " + fallen;
    }

    static State of(String text) {
      String[] parts = text.split(" ", -1);
      return new State(
          Integer.parseInt(parts[0]),
          Double.parseDouble(parts[1]),
          Double.parseDouble(parts[2]),
          Integer.parseInt(parts[3]),
          Integer.parseInt(parts[4]));
    }
  }

  /**
   * A judge at the start.
   *
   * @param stop empty: never
   * @param choose empty: the last state is as good as any
   * @param before {@link #UTILITY} before training, greater than 0
   */
  public Judge(Optional<Stop> stop, Optional<Aim> choose, double before) {
    this.stop = stop;
    this.choose = choose;
    this.before = before;
  }

  /** Judges nothing. */
  public static Judge none() {
    return new Judge(Optional.empty(), Optional.empty(), 1);
  }

  boolean judges() {
    return stop.isPresent() || choose.isPresent();
  }

  /**
   * Takes in a measurement.
   *
   * @param step steps made so far
   * @param values what was watched; empty where nothing was
   * @return whether the state is the best so far and to be kept
   */
  boolean seen(int step, Map<String, Double> values) {
    if (values.isEmpty() || !judges()) {
      return false;
    }
    double utility = values.get(UTILITY) / before;
    stop.ifPresent(s -> ends(s, values.get(s.aim.metric), utility));
    return choose.isPresent() && best(choose.get(), step, values, utility);
  }

  private void ends(Stop s, double value, double utility) {
    double left = Math.abs(value - s.aim.goal);
    boolean beyond = (value < s.aim.goal) != (s.start < s.aim.goal);
    int reached = left <= s.band || beyond ? state.reached + 1 : 0;
    int fallen = utility < s.aim.utilityMin ? state.fallen + 1 : 0;
    state = new State(state.kept, state.distance, state.utility, reached, fallen);
    if (reached >= s.patience) {
      ended = Optional.of(words("%s %.3f has reached %.3f", s.aim.metric, value, s.aim.goal));
    } else if (fallen >= s.patience) {
      ended = Optional.of(words("utility %.3f is less than %.3f", utility, s.aim.utilityMin));
    }
  }

  private boolean best(Aim aim, int step, Map<String, Double> values, double utility) {
    double distance = Math.abs(values.get(aim.metric) - aim.goal);
    Standing now = new Standing(distance, utility, aim.utilityMin);
    boolean first = state.kept == 0 && !Double.isNaN(distance) && !Double.isNaN(utility);
    if (!first && !now.better(new Standing(state.distance, state.utility, aim.utilityMin))) {
      return false;
    }
    state = new State(step, distance, utility, state.reached, state.fallen);
    return true;
  }

  private static String words(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  /** Why training shall end here; empty: it goes on. */
  public Optional<String> ended() {
    return ended;
  }

  /** The step after which the best state was; empty where none is chosen or was measured. */
  public Optional<Integer> chosen() {
    return Optional.of(state.kept).filter(k -> k > 0);
  }

  /** How the best state stands, where one is chosen. */
  public Optional<Standing> standing() {
    return chosen()
        .flatMap(k -> choose)
        .map(aim -> new Standing(state.distance, state.utility, aim.utilityMin));
  }

  State state() {
    return state;
  }

  void restore(State earlier) {
    state = earlier;
    ended = Optional.empty();
  }
}
