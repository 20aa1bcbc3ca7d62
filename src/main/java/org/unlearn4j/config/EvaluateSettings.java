package org.unlearn4j.config;

import java.util.OptionalInt;

/**
 * How a model is measured.
 *
 * @param tokenBudget most tokens of a batch, padding included
 * @param maxNewTokens most tokens of a generated answer
 * @param limit rows of each set that are measured, from its start; empty: all
 */
public record EvaluateSettings(Suite suite, int tokenBudget, int maxNewTokens, OptionalInt limit) {

  /** The sets of metrics there are. */
  public enum Suite implements Spelled {
    FABLE("fable"),
    TOFU("tofu"),
    JSONL("jsonl");

    private final String spelling;

    Suite(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }
}
