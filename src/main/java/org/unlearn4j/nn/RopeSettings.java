package org.unlearn4j.nn;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.stream.DoubleStream;

/**
 * What a configuration says of rotary positions.
 *
 * @param share of a head's features that rotates
 * @param theta base of the frequencies {@code theta^(-2i/rotated)}
 * @param longest positions that the configuration claims
 * @param original positions that the model was first trained with; 0 where the file does not say
 * @param scaling {@code rope_parameters} or {@code rope_scaling}; a missing node for none
 */
record RopeSettings(
    int headDim, double share, double theta, int longest, int original, JsonNode scaling) {
  private static final String KNOWN = "default, linear, llama3, longrope";

  RopeSettings scaledBy(JsonNode other) {
    return new RopeSettings(headDim, share, theta, longest, original, other);
  }

  /** Features of a head that rotate. */
  int rotated() {
    return (int) (headDim * share);
  }

  private String type() {
    String type = scaling.path("rope_type").asText(scaling.path("type").asText("default"));
    // Phi-3's first files used two other names for it.
    boolean early = type.equals("su") || (type.equals("yarn") && scaling.has("short_factor"));
    return early ? "longrope" : type;
  }

  /** What is wrong with the scaling, as the end of a sentence; empty if nothing is. */
  String mistake() {
    String missing =
        switch (type()) {
          case "default" -> "";
          case "linear" -> missing("factor");
          case "llama3" ->
              missing(
                  "factor",
                  "low_freq_factor",
                  "high_freq_factor",
                  "original_max_position_embeddings");
          case "longrope" ->
              scaling.path("short_factor").size() == rotated() / 2 && original > 1
                  ? ""
                  : "no short_factor for each of "
                      + rotated() / 2
                      + " frequencies, or no original_max_position_embeddings, expected both";
          default -> "rope_type \"" + type() + "\", expected one of " + KNOWN;
        };
    return missing;
  }

  private String missing(String... keys) {
    for (String key : keys) {
      if (!scaling.path(key).isNumber()) {
        return "no number under rope key \"" + key + "\", expected one";
      }
    }
    return "";
  }

  /**
   * The longest sequence these frequencies are right for. LongRoPE (Ding et al. 2024) has two sets
   * of them, one for sequences within the first training's length and one for longer ones; a graph
   * has one, the first.
   */
  int positions() {
    return type().equals("longrope") ? Math.min(longest, original) : longest;
  }

  Rotary rotary() {
    double[] f = new double[rotated() / 2];
    for (int i = 0; i < f.length; i++) {
      f[i] = Math.pow(theta, -2.0 * i / rotated());
    }
    double magnitude = 1;
    switch (type()) {
      case "linear" -> {
        for (int i = 0; i < f.length; i++) {
          f[i] /= number("factor");
        }
      }
      case "llama3" -> llama3(f);
      case "longrope" -> {
        for (int i = 0; i < f.length; i++) {
          f[i] /= scaling.path("short_factor").path(i).doubleValue();
        }
        magnitude = longRopeMagnitude();
      }
      default -> {
        // as they are
      }
    }
    return new Rotary(headDim, rotated(), DoubleStream.of(f).boxed().toList(), magnitude);
  }

  /**
   * Llama 3.1: long waves are slowed by {@code factor}, short ones kept, those between are blended.
   */
  private void llama3(double[] f) {
    double factor = number("factor");
    double low = number("low_freq_factor");
    double high = number("high_freq_factor");
    double first = number("original_max_position_embeddings");
    for (int i = 0; i < f.length; i++) {
      double wave = 2 * Math.PI / f[i];
      if (wave > first / low) {
        f[i] /= factor;
      } else if (wave >= first / high) {
        double s = (first / wave - low) / (high - low);
        f[i] = (1 - s) * f[i] / factor + s * f[i];
      }
    }
  }

  /** {@code sqrt(1 + ln(longest / original) / ln(original))}, unless the file names one. */
  private double longRopeMagnitude() {
    if (scaling.path("attention_factor").isNumber()) {
      return number("attention_factor");
    }
    double factor = (double) longest / original;
    return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
  }

  private double number(String key) {
    return scaling.path(key).doubleValue();
  }
}
