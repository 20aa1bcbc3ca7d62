package org.unlearn4j.report;

import java.awt.Color;

/** The colours of plots, by what they stand for. Their tones are in report.css. */
enum Ink {
  /** Axes and words. */
  TEXT("ink", 1, "#7d838f"),
  /** The forget set. */
  FORGET("forget", 2, "#d4603c"),
  /** The retain set and the model that saw nothing else. */
  RETAIN("retain", 3, "#2f9b92"),
  /** The model before unlearning. */
  TARGET("target", 4, "#c08a2c"),
  /** The model after unlearning. */
  UNLEARNED("unlearned", 5, "#7375e6");

  private final String variable;
  private final Color placeholder;
  private final String standalone;

  Ink(String variable, int code, String standalone) {
    this.variable = variable;
    this.placeholder = new Color(code, 0, code);
    this.standalone = standalone;
  }

  /** Name of its style sheet variable. */
  String variable() {
    return variable;
  }

  /** The colour to draw with; nothing else is drawn in it. */
  Color color() {
    return placeholder;
  }

  /** The same, fainter. */
  Color color(double opacity) {
    int alpha = (int) Math.round(255 * opacity);
    return new Color(placeholder.getRed(), 0, placeholder.getBlue(), alpha);
  }

  /** As the chart library writes it. */
  String placeholder() {
    return "rgb(" + placeholder.getRed() + ",0," + placeholder.getBlue() + ")";
  }

  /** A tone that can be read on white and on black. */
  String standalone() {
    return standalone;
  }
}
