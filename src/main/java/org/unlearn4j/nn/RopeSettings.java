package org.unlearn4j.nn;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;
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
  private static final String KNOWN = "default, dynamic, linear, llama3, longrope, yarn";

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
          case "linear", "dynamic", "yarn" -> missing("factor");
          case "llama3" ->
              missing(
                  "factor",
                  "low_freq_factor",
                  "high_freq_factor",
                  "original_max_position_embeddings");
          case "longrope" ->
              factors("short_factor") && factors("long_factor") && original > 1
                  ? ""
                  : "no short_factor and long_factor for each of "
                      + rotated() / 2
                      + " frequencies, or no original_max_position_embeddings, expected all three";
          default -> "rope_type \"" + type() + "\", expected one of " + KNOWN;
        };
    return missing;
  }

  private boolean factors(String key) {
    return scaling.path(key).size() == rotated() / 2;
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
   * The longest sequence these frequencies are right for. Dynamic scaling leaves frequencies as
   * they are up to the first length and changes them with every further token. YaRN (Peng et al.
   * 2024) is for sequences {@code factor} times the first length, whatever else the file claims.
   */
  int positions() {
    return switch (type()) {
      case "dynamic" -> original > 0 ? Math.min(longest, original) : longest;
      case "yarn" -> Math.max(longest, (int) (first() * number("factor")));
      default -> longest;
    };
  }

  /** The length of the first training; the longest one where the file does not say. */
  private int first() {
    return original > 0 ? original : longest;
  }

  Rotary rotary() {
    double[] f = plain();
    double magnitude = 1;
    Optional<Rotary.Longer> longer = Optional.empty();
    switch (type()) {
      case "linear" -> {
        for (int i = 0; i < f.length; i++) {
          f[i] /= number("factor");
        }
      }
      case "llama3" -> llama3(f);
      case "longrope" -> {
        f = divided("short_factor");
        magnitude = longRopeMagnitude();
        if (longest > original) {
          longer = Optional.of(new Rotary.Longer(original, list(divided("long_factor"))));
        }
      }
      case "yarn" -> {
        yarn(f);
        magnitude = yarnMagnitude();
      }
      default -> {
        // as they are
      }
    }
    return new Rotary(headDim, rotated(), list(f), magnitude, longer);
  }

  private static List<Double> list(double[] values) {
    return DoubleStream.of(values).boxed().toList();
  }

  private double[] plain() {
    double[] f = new double[rotated() / 2];
    for (int i = 0; i < f.length; i++) {
      f[i] = Math.pow(theta, -2.0 * i / rotated());
    }
    return f;
  }

  private double[] divided(String factors) {
    double[] f = plain();
    for (int i = 0; i < f.length; i++) {
      f[i] /= scaling.path(factors).path(i).doubleValue();
    }
    return f;
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

  /**
   * YaRN, "NTK by parts": features that turn more than {@code beta_fast} times within the first
   * length are kept, those that turn less than {@code beta_slow} times slowed by {@code factor},
   * those between are blended. Source: Peng et al. 2024, section 3.2, with the bounds rounded
   * outwards unless {@code truncate} is false, as checkpoints are trained with.
   */
  private void yarn(double[] f) {
    double low = yarnBound("beta_fast", 32);
    double high = yarnBound("beta_slow", 1);
    if (scaling.path("truncate").asBoolean(true)) {
      low = Math.floor(low);
      high = Math.ceil(high);
    }
    low = Math.max(low, 0);
    high = Math.min(high, rotated() - 1);
    double width = high == low ? 0.001 : high - low;
    for (int i = 0; i < f.length; i++) {
      double slowed = Math.min(1, Math.max(0, (i - low) / width));
      f[i] = f[i] * (1 - slowed) + f[i] / number("factor") * slowed;
    }
  }

  /** The feature that turns so many times within the first length. */
  private double yarnBound(String turns, double absent) {
    double wave = first() / (2 * Math.PI * scaling.path(turns).asDouble(absent));
    return rotated() * Math.log(wave) / (2 * Math.log(theta));
  }

  /** {@code 0.1 ln(factor) + 1}, unless the file names one or weights of its own. */
  private double yarnMagnitude() {
    if (scaling.path("attention_factor").isNumber()) {
      return number("attention_factor");
    }
    double above = number("mscale");
    double below = number("mscale_all_dim");
    return above != 0 && below != 0
        ? yarnMagnitude(above) / yarnMagnitude(below)
        : yarnMagnitude(1);
  }

  private double yarnMagnitude(double weight) {
    double factor = number("factor");
    return factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1;
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
