package org.unlearn4j.config;

import java.util.List;

/**
 * The contrastive representation regulariser.
 *
 * @param form which regulariser it is
 * @param weight lambda, greater than 0
 * @param margin cosine that {@link Form#MARGIN} allows
 * @param layers the term is the mean over them
 * @param maskProbability of an input token to be masked, for {@link View#MASK}
 * @param dropoutProbability for {@link View#DROPOUT}
 * @param queue retain features of earlier steps that are negatives too
 * @param stopGradient whether the negatives are constants
 * @param warmupSteps optimiser steps over which the weight grows linearly from 0
 */
public record ClRegSettings(
    Form form,
    double weight,
    double temperature,
    double margin,
    List<Layer> layers,
    Pooling pooling,
    View view,
    double maskProbability,
    double dropoutProbability,
    int queue,
    boolean stopGradient,
    int warmupSteps) {

  /** Which regulariser. */
  public enum Form implements Spelled {
    /** CLReg. */
    CONTRASTIVE("contrastive"),
    /** A hinge on cosines, without a view. */
    MARGIN("margin"),
    /** After Lee et al., arXiv 2401.10458. */
    SUPERVISED("supervised"),
    /** Forget rows are drawn together, without a view. */
    COMPACT("compact");

    private final String spelling;

    Form(String spelling) {
      this.spelling = spelling;
    }

    /** Whether it compares forget rows with augmented views of them. */
    public boolean hasView() {
      return this == CONTRASTIVE || this == SUPERVISED;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }

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
    PARAPHRASE("paraphrase"),
    /** The most similar row about somebody whom the model does not know. */
    STRANGER("stranger");

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
