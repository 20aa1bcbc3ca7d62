package org.unlearn4j.config;

import java.util.List;
import java.util.Optional;

/**
 * What is cut out of the weights once a model has forgotten.
 *
 * @param layers places in the residual stream; empty for all
 * @param rank directions at each of them, at most
 * @param energy of the retain rows there that may be given up, as a share of all of it
 * @param from whose stream says which directions
 * @param writes whether maps that write to the stream are changed
 * @param reads whether maps that read from it are changed
 * @param strength 1 takes the directions out
 * @param healing empty where nothing is taught afterwards
 */
public record SurgerySettings(
    Optional<List<Layer>> layers,
    int rank,
    double energy,
    From from,
    boolean writes,
    boolean reads,
    double strength,
    Optional<Healing> healing) {

  /**
   * Ordinary training on retain rows after the cut.
   *
   * @param learningRate peak of the schedule
   */
  public record Healing(int steps, double learningRate) {}

  /** Which model's stream. */
  public enum From implements Spelled {
    /** Before it forgets. */
    BEFORE("before"),
    /** Once it has forgotten. */
    AFTER("after"),
    /** The mean of both. */
    BOTH("both");

    private final String spelling;

    From(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }

    /** Whether the model counts as it was before. */
    public boolean before() {
      return this != AFTER;
    }

    /** Whether the model counts as it is afterwards. */
    public boolean after() {
      return this != BEFORE;
    }
  }
}
