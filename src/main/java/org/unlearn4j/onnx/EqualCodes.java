package org.unlearn4j.onnx;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.RowQuantizer;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.Variant;

/**
 * How much of an unlearning is left in the codes of a deployed file: of the weights of all linear
 * maps, the share that changed at all since the model before, and the share whose code is the same
 * as that model's. Unlearning moves weights by little; a quantiser that gives nearly all of them
 * their old codes has rounded it away.
 *
 * @param weights how many there are
 * @param changed how many of them changed
 * @param equal of each variant but fp32, how many have the code of the model before
 */
record EqualCodes(long weights, long changed, Map<Variant, Long> equal) {
  /** A larger share of equal codes than this is called rounded away. */
  static final double MOST = 0.99;

  /**
   * Compares two models.
   *
   * @param variants to be compared; fp32 has no codes and is left out
   * @throws org.unlearn4j.base.UserException if the model before has other weights or shapes
   */
  static EqualCodes of(
      Decoder decoder, SafeTensors after, SafeTensors before, List<Variant> variants)
      throws IOException {
    DecoderGraph graph = DecoderGraph.of(decoder, GraphForm.of(Variant.INT8));
    SourceWeights.require(before, graph.initializers());
    Count count = new Count(variants);
    for (Linear l : graph.quantized().values()) {
      count.add(l, after, before);
    }
    return new EqualCodes(count.weights, count.changed, count.equal);
  }

  private static final class Count {
    private final Map<Variant, Long> equal = new EnumMap<>(Variant.class);
    private long weights;
    private long changed;

    Count(List<Variant> variants) {
      variants.stream().filter(v -> v != Variant.FP32).forEach(v -> equal.put(v, 0L));
    }

    void add(Linear l, SafeTensors after, SafeTensors before) throws IOException {
      MatrixRows old = new MatrixRows(before, l);
      new MatrixRows(after, l)
          .forEach(
              (values, first, n) -> {
                float[] oldValues = old.read(first, n);
                int size = n * l.in();
                weights += size;
                for (int i = 0; i < size; i++) {
                  changed += values[i] == oldValues[i] ? 0 : 1;
                }
                equal.replaceAll((v, sum) -> sum + equal(v, l, values, oldValues, n));
              });
    }

    private static long equal(Variant v, Linear l, float[] a, float[] b, int rows) {
      if (v == Variant.FP16) {
        long same = 0;
        for (int i = 0; i < rows * l.in(); i++) {
          same += DType.floatToHalf(a[i]) == DType.floatToHalf(b[i]) ? 1 : 0;
        }
        return same;
      }
      RowQuantizer q = v.quantizer().orElseThrow();
      byte[] codesA = new byte[q.codes(l.in())];
      byte[] codesB = new byte[codesA.length];
      float[] scales = new float[q.scales(l.in())];
      long same = 0;
      for (int r = 0; r < rows; r++) {
        q.quantize(a, r * l.in(), l.in(), codesA, 0, scales, 0);
        q.quantize(b, r * l.in(), l.in(), codesB, 0, scales, 0);
        for (int i = 0; i < l.in(); i++) {
          same += codesA[i] == codesB[i] ? 1 : 0;
        }
      }
      return same;
    }
  }

  /** Share of weights that changed. */
  double changedShare() {
    return (double) changed / weights;
  }

  /** Share of a variant's codes that are those of the model before. */
  double share(Variant v) {
    return (double) equal.get(v) / weights;
  }

  boolean roundedAway(Variant v) {
    return share(v) > MOST;
  }

  /** What changed, then a sentence for each variant, a loud one for what was rounded away. */
  List<String> sentences() {
    List<String> all = new ArrayList<>();
    all.add(
        String.format(
            Locale.ROOT,
            "%.2f %% of the weights of linear maps changed since the model before.",
            100 * changedShare()));
    equal.keySet().forEach(v -> all.add(sentence(v)));
    return all;
  }

  private String sentence(Variant v) {
    String text =
        String.format(
            Locale.ROOT,
            "%s: %.2f %% of the codes are those of the model before.",
            v.label(),
            100 * share(v));
    return roundedAway(v)
        ? "WARNING, " + text + " Rounding has undone the unlearning or nearly so: verify it."
        : text;
  }

  /**
   * The content of {@link Provenance#QUANTIZATION_FILE}.
   *
   * @param before SHA-256 of the files of the model before, by name
   */
  ObjectNode json(Map<String, String> before) {
    ObjectNode root = new ObjectMapper().createObjectNode();
    root.putPOJO("before_sha256", before);
    root.put("weights", weights).put("changed_weights", changedShare());
    root.put("equal_codes_max", MOST);
    ObjectNode variants = root.putObject("variants");
    for (Variant v : equal.keySet()) {
      variants
          .putObject(v.label())
          .put("equal_codes", share(v))
          .put("rounded_away", roundedAway(v));
    }
    return root;
  }
}
