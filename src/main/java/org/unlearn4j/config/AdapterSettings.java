package org.unlearn4j.config;

import java.util.List;

/**
 * Low-rank adapters that learn in the model's place.
 *
 * @param alpha the adapters' products are scaled by {@code alpha / rank}
 * @param rankStabilised by {@code alpha / sqrt(rank)} instead
 * @param targets names of linear maps
 * @param layers numbers of blocks, from 0; empty: all
 * @param trainBias whether biases of the adapted linear maps learn too
 * @param guidance by forget and retain rows
 */
public record AdapterSettings(
    int rank,
    double alpha,
    boolean rankStabilised,
    double dropout,
    List<String> targets,
    List<Integer> layers,
    Init init,
    boolean trainBias,
    Guidance guidance) {
  public AdapterSettings {
    targets = List.copyOf(targets);
    layers = List.copyOf(layers);
  }

  /**
   * What forget and retain rows have to say.
   *
   * @param beta how much retain rows weigh against forget rows where B begins
   * @param orthogonality weight of the term that keeps B away from the retain rows' outputs
   * @param orthogonalityRank directions of those outputs
   */
  public record Guidance(double beta, double orthogonality, int orthogonalityRank) {
    /** Where no rows are forgotten. */
    static final Guidance NONE = new Guidance(0, 0, 1);
  }

  /** What A and B begin with. */
  public enum Init implements Spelled {
    /** A from N(0, 1/rank), B zero. */
    GAUSSIAN("gaussian"),
    /** The principal directions of the weights themselves. */
    PISSA("PiSSA"),
    /** The directions of the outputs that the forget rows use and the retain rows do not. */
    REGLU("ReGLU");

    private final String spelling;

    Init(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }
}
