package org.unlearn4j.config;

import java.util.List;

/**
 * The contrastive representation regulariser.
 *
 * @param weight lambda, greater than 0
 * @param layers the term is the mean over them
 * @param maskProbability of an input token to be masked, for {@link View#MASK}
 * @param dropoutProbability for {@link View#DROPOUT}
 * @param queue retain features of earlier steps that are negatives too
 * @param stopGradient whether the negatives are constants
 * @param warmupSteps optimiser steps over which the weight grows linearly from 0
 */
public record ClRegSettings(
    double weight,
    double temperature,
    List<Layer> layers,
    Pooling pooling,
    View view,
    double maskProbability,
    double dropoutProbability,
    int queue,
    boolean stopGradient,
    int warmupSteps) {

  /** How a row's hidden states become one vector. */
  public enum Pooling implements Spelled {
    MEAN("mean"),
    LAST("last");

    private final String spelling;

    Pooling(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }

  /** How the positive is made from a forget row. */
  public enum View implements Spelled {
    MASK("mask"),
    DROPOUT("dropout"),
    PARAPHRASE("paraphrase");

    private final String spelling;

    View(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }
}
