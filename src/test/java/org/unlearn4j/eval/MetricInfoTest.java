package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class MetricInfoTest {
  /**
   * As mean negative log-likelihoods: 2 and 2.02 are 0.01 of 2 apart, 0.5 and 0.51 are 0.01 of 1.
   * The first two perplexities are 0.0202 of their size apart.
   */
  @Test
  void perplexitiesAreComparedByTheirLogarithm() {
    MetricInfo perplexity = MetricInfo.of(Metric.FLUENCY_PERPLEXITY.info().name()).orElseThrow();
    assertEquals(0.01, perplexity.distance(Math.exp(2), Math.exp(2.02)), 1e-12);
    assertEquals(0.01, perplexity.distance(Math.exp(0.5), Math.exp(0.51)), 1e-12);
    // Two that are infinite are no evidence, which no gate takes for equal.
    double infinite = Double.POSITIVE_INFINITY;
    assertTrue(Double.isNaN(perplexity.distance(infinite, infinite)));
  }
}
