package org.unlearn4j.config;

/**
 * An attack that learns from a few forgotten rows, beside weights that stay as they are.
 *
 * @param vectors that are learned and put before each prompt; 0 of the head
 * @param rows that it learns from; all others are asked
 * @param steps of AdamW; 0: nothing is learned, and the question is asked as it was taught
 * @param learningRate of AdamW, in root mean squares of what is learned
 */
public record LearnSettings(int vectors, int rows, int steps, double learningRate) {

  /** Vectors that are put before a prompt: none where nothing is learned. */
  public int learned() {
    return steps == 0 ? 0 : vectors;
  }
}
