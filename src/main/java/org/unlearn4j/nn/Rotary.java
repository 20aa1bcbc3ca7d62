package org.unlearn4j.nn;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * Rotary position embedding (Su et al. 2021) in the half-split layout: feature i of a head turns
 * together with feature {@code i + rotated/2}; features from {@code rotated} on pass through.
 *
 * @param inverseFrequencies radians a position, {@code [rotated / 2]}, after any rescaling
 */
public record Rotary(int headDim, int rotated, List<Double> inverseFrequencies) {

  public Rotary {
    inverseFrequencies = List.copyOf(inverseFrequencies);
  }

  /**
   * Frequencies {@code theta^(-2i/rotated)}, rescaled as {@code scaling} says.
   *
   * @param scaling {@code rope_parameters} or {@code rope_scaling} of a configuration; a missing
   *     node for none
   * @throws IllegalArgumentException for a kind of scaling this project does not know, or features
   *     without a partner
   */
  static Rotary of(int headDim, double share, double theta, JsonNode scaling) {
    int rotated = (int) (headDim * share);
    if (rotated % 2 != 0) {
      throw new IllegalArgumentException(
          rotated + " rotating features a head, expected an even number");
    }
    double[] f = new double[rotated / 2];
    for (int i = 0; i < f.length; i++) {
      f[i] = Math.pow(theta, -2.0 * i / rotated);
    }
    String type = scaling.path("rope_type").asText(scaling.path("type").asText("default"));
    switch (type) {
      case "default" -> {}
      case "linear" -> {
        double factor = number(scaling, "factor");
        for (int i = 0; i < f.length; i++) {
          f[i] /= factor;
        }
      }
      case "llama3" -> llama3(f, scaling);
      default ->
          throw new IllegalArgumentException(
              "rope_type \"" + type + "\", expected one of default, linear, llama3");
    }
    return new Rotary(headDim, rotated, DoubleStream.of(f).boxed().toList());
  }

  /**
   * Llama 3.1: long waves are slowed by {@code factor}, short ones kept, those between are blended.
   */
  private static void llama3(double[] f, JsonNode scaling) {
    double factor = number(scaling, "factor");
    double low = number(scaling, "low_freq_factor");
    double high = number(scaling, "high_freq_factor");
    double original = number(scaling, "original_max_position_embeddings");
    for (int i = 0; i < f.length; i++) {
      double wave = 2 * Math.PI / f[i];
      if (wave > original / low) {
        f[i] /= factor;
      } else if (wave >= original / high) {
        double s = (original / wave - low) / (high - low);
        f[i] = (1 - s) * f[i] / factor + s * f[i];
      }
    }
  }

  private static double number(JsonNode node, String key) {
    JsonNode value = node.path(key);
    if (!value.isNumber()) {
      throw new IllegalArgumentException("no number under rope key \"" + key + "\", expected one");
    }
    return value.asDouble();
  }
}
