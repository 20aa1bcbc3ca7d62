package org.unlearn4j.config;

import java.util.OptionalInt;

/**
 * How ONNX Runtime computes.
 *
 * @param threads in all; empty: as many as there are processors
 */
public record OnnxRuntimeSettings(
    Provider provider, OptionalInt threads, GraphOptimization graphOptimization) {

  /** Where. */
  public enum Provider implements Spelled {
    CPU("cpu"),
    CUDA("cuda");

    private final String spelling;

    Provider(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }

  /** How far the graph is rewritten before it runs. */
  public enum GraphOptimization implements Spelled {
    NONE("none"),
    BASIC("basic"),
    EXTENDED("extended"),
    ALL("all");

    private final String spelling;

    GraphOptimization(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }
}
