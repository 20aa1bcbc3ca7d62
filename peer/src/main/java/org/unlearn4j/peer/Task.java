package org.unlearn4j.peer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the product's {@code bench} has timed: a decoder of Llama's form with one table for both
 * ends, and its batch.
 *
 * @param rows forget rows a step, and as many retain rows
 * @param tokens a row; all but the first are labels
 */
record Task(
    int hidden,
    int layers,
    int heads,
    int kvHeads,
    int ffn,
    int vocab,
    int rows,
    int tokens,
    int threads) {

  private static final Pattern SHAPE =
      Pattern.compile("hidden (\\d+) layers (\\d+) heads (\\d+)/(\\d+) ffn (\\d+) vocab (\\d+)");

  /** What of a bench the peer can do; everything else would compare unequal work. */
  private static final Map<String, String> ONLY =
      Map.of(
          "objective", "NPO",
          "precision", "FP32",
          "labelled", "1.0",
          "device", "cpu",
          "recompute", "false",
          "adapter", "none",
          "optimizer", "adamw",
          "sets", "");

  /**
   * Reads it.
   *
   * @param bench what {@code unlearn4j bench --json} has printed
   * @throws PeerException if it is a step that the peer does not know
   */
  static Task of(JsonNode bench) {
    ONLY.forEach(
        (key, value) -> {
          String found = bench.path(key).asText();
          if (!found.equals(value)) {
            throw new PeerException(
                "bench-peer: found " + key + " '" + found + "', expected '" + value + "'.");
          }
        });
    String shape = bench.path("shape").asText();
    Matcher m = SHAPE.matcher(shape);
    if (!m.matches()) {
      throw new PeerException("bench-peer: found shape '" + shape + "', expected widths.");
    }
    return new Task(
        number(m, 1),
        number(m, 2),
        number(m, 3),
        number(m, 4),
        number(m, 5),
        number(m, 6),
        bench.path("rows").asInt(),
        bench.path("tokens").asInt(),
        bench.path("threads").asInt());
  }

  private static int number(Matcher m, int group) {
    return Integer.parseInt(m.group(group));
  }

  /** Of a head. */
  int headDim() {
    return hidden / heads;
  }

  /** Tokens of a step: those of forget and retain rows. */
  long stepTokens() {
    return 2L * rows * tokens;
  }

  /**
   * Operations of a step's matrix products, counted as the product counts them: six a weight and
   * token, the head's at labelled tokens only, and the two attention products over whole squares.
   */
  double flops() {
    double layer = 2.0 * hidden * hidden + 2.0 * hidden * kvHeads * headDim() + 3.0 * hidden * ffn;
    double attention = 2.0 * hidden * tokens;
    double row = tokens * layers * (layer + attention) + (tokens - 1.0) * vocab * hidden;
    return 6 * 2 * rows * row;
  }
}
