package org.unlearn4j.report;

/** From values to pixels, {@code low} at {@code from} and {@code high} at {@code to}. */
record Axis(double low, double high, double from, double to) {
  double at(double value) {
    return from + (value - low) / (high - low) * (to - from);
  }
}
