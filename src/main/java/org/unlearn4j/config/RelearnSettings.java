package org.unlearn4j.config;

import java.util.List;
import java.util.OptionalDouble;

/**
 * The stage that asks whether what was forgotten stays forgotten.
 *
 * @param share of the forget rows that are taught again, greater than 0, at most 1
 * @param gainMax by how much more than for the retain-only model rows that were not taught may
 *     become likelier; empty: that is shown, not judged
 * @param teach what is taught, each in an arm of its own, beside that of retain rows
 * @param curve steps of every arm after which probabilities are measured; empty: none
 * @param shares each of which is an attack of its own with forget rows; empty: none
 */
public record RelearnSettings(
    double share,
    OptionalDouble gainMax,
    List<Teach> teach,
    List<Integer> curve,
    List<Double> shares,
    LoopSettings loop) {
  public RelearnSettings {
    teach = List.copyOf(teach);
    curve = List.copyOf(curve);
    shares = List.copyOf(shares);
  }

  /** What an arm teaches. */
  public enum Teach implements Spelled {
    /** Some of the rows that were forgotten. */
    FORGET("forget"),
    /** As many kept rows, those nearest to what was forgotten. */
    RELATED("related"),
    /** As many rows of general knowledge. */
    UNRELATED("unrelated");

    private final String spelling;

    Teach(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }
}
