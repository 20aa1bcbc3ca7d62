package org.unlearn4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MetricDifferenceTest {
  /**
   * A perplexity by its logarithm: in a right float16 file of Fable 4 of 620 answers were others,
   * which made 167.5 of 163.8, ln(167.485 / 163.759) / ln 163.759 = 0.0225 / 5.098. A share as it
   * is; a perplexity of less than e not relative to its size, ln(1.53 / 1.5) = 0.0198.
   */
  @ParameterizedTest
  @CsvSource({
    "fluency_perplexity, 163.759, 167.485, 0.00441",
    "fluency_perplexity, 1.5, 1.53, 0.0198",
    "fluency_perplexity, 163.759, 6.4, 0.636",
    "fluency_distinct_1, 0.5, 0.4, 0.1",
    "a_metric_of_tomorrow, 2, 5, 3"
  })
  void oneToleranceServesAll(String name, double trained, double deployed, double due) {
    assertEquals(due, new MetricDifference(name, trained, deployed).difference(), due / 100);
  }

  /** What is no number stays none, and so fails its gate. */
  @ParameterizedTest
  @CsvSource({"fluency_perplexity", "fluency_distinct_1"})
  void noNumberStaysNone(String name) {
    assertEquals(Double.NaN, new MetricDifference(name, 5, Double.NaN).difference());
  }
}
