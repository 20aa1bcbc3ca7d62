package org.unlearn4j.study;

import java.util.List;

/** Values of several seeds. */
record Summary(List<Double> values) {
  Summary {
    values = List.copyOf(values);
  }

  /** The arithmetic mean; NaN among the values gives NaN. */
  double mean() {
    return values.stream().mapToDouble(v -> v).sum() / values.size();
  }

  /** The sample standard deviation, over n - 1; NaN of one value. */
  double spread() {
    double mean = mean();
    double squares = values.stream().mapToDouble(v -> (v - mean) * (v - mean)).sum();
    return values.size() < 2 ? Double.NaN : Math.sqrt(squares / (values.size() - 1));
  }
}
