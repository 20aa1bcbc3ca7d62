package org.unlearn4j.onnx;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.QuantizedRows;
import org.unlearn4j.weights.RowQuantizer;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.Variant;

/**
 * How much of an unlearning is left in the codes of a deployed file: of the weights of all linear
 * maps, the share that changed at all since the model before, and the share whose code is the same
 * as that model's. Unlearning moves weights by little; a quantiser that gives nearly all weights
 * that were moved their old codes has rounded it away. Weights that were not trained say nothing:
 * where few matrices were, nearly all codes are the same however far those went.
 *
 * @param weights how many there are
 * @param changed how many of them changed
 * @param same of each variant but fp32, what has the code of the model before
 */
record EqualCodes(long weights, long changed, Map<Variant, Same> same) {
  /** A larger share of equal codes than this, of weights that changed, is called rounded away. */
  static final double MOST = 0.99;

  /**
   * Weights that have the code of the model before.
   *
   * @param all of all weights
   * @param changed of those that changed
   */
  record Same(long all, long changed) {
    Same plus(Same other) {
      return new Same(all + other.all, changed + other.changed);
    }
  }

  /**
   * Compares two models.
   *
   * @param forms of the files to be compared; fp32 has no codes and is left out
   * @throws org.unlearn4j.base.UserException if the model before has other weights or shapes, or a
   *     weight of either has no code
   */
  static EqualCodes of(
      Decoder decoder, SafeTensors after, SafeTensors before, List<GraphForm> forms)
      throws IOException {
    DecoderGraph graph = DecoderGraph.of(decoder, GraphForm.of(Variant.INT8));
    SourceWeights.require(before, graph.initializers());
    Count count = new Count(forms);
    for (Initializer.Codes c : graph.quantized().values()) {
      count.add(c.linear(), after, before);
    }
    return new EqualCodes(count.weights, count.changed, count.same);
  }

  /** Counts matrix by matrix, in strips of rows. */
  private static final class Count {
    private final Map<Variant, Same> same = new EnumMap<>(Variant.class);
    private final Map<Variant, GraphForm> forms = new EnumMap<>(Variant.class);
    private long weights;
    private long changed;

    Count(List<GraphForm> forms) {
      for (GraphForm form : forms) {
        if (form.variant() != Variant.FP32) {
          same.put(form.variant(), new Same(0, 0));
          this.forms.put(form.variant(), form);
        }
      }
    }

    void add(Linear l, SafeTensors after, SafeTensors before) throws IOException {
      MatrixRows now = new MatrixRows(after, l);
      MatrixRows then = new MatrixRows(before, l);
      now.forEach(
          (values, first, n) -> {
            float[] old = then.read(first, n);
            int size = n * l.in();
            weights += size;
            for (int i = 0; i < size; i++) {
              changed += values[i] == old[i] ? 0 : 1;
            }
            same.replaceAll(
                (v, sum) ->
                    sum.plus(
                        same(
                            values,
                            old,
                            stored(forms.get(v), l, now, values, first, n),
                            stored(forms.get(v), l, then, old, first, n))));
          });
    }

    private static Same same(float[] now, float[] then, short[] storedNow, short[] storedThen) {
      long all = 0;
      long moved = 0;
      for (int i = 0; i < storedNow.length; i++) {
        if (storedNow[i] == storedThen[i]) {
          all++;
          moved += now[i] == then[i] ? 0 : 1;
        }
      }
      return new Same(all, moved);
    }

    /** Codes of {@code n} rows without their padding, or the bits of float16. */
    private static short[] stored(
        GraphForm form, Linear l, MatrixRows rows, float[] values, int first, int n) {
      int in = l.in();
      short[] stored = new short[n * in];
      if (form.variant() == Variant.FP16) {
        for (int i = 0; i < stored.length; i++) {
          stored[i] = DType.floatToHalf(values[i]);
        }
        return stored;
      }
      RowQuantizer q = form.codes().of(l.weight().name());
      QuantizedRows found = new QuantizedRows(q, in, n);
      rows.quantize(q, first, n, found, 0);
      for (int r = 0; r < n; r++) {
        for (int i = 0; i < in; i++) {
          stored[r * in + i] = found.codes()[r * q.codes(in) + i];
        }
      }
      return stored;
    }
  }

  /** Share of weights that changed. */
  double changedShare() {
    return (double) changed / weights;
  }

  /** Share of a variant's codes that are those of the model before. */
  double share(Variant v) {
    return (double) same.get(v).all() / weights;
  }

  /** The same among weights that changed; NaN where none did. */
  double shareOfChanged(Variant v) {
    return (double) same.get(v).changed() / changed;
  }

  boolean roundedAway(Variant v) {
    return shareOfChanged(v) > MOST;
  }

  /** What changed, then a sentence for each variant, a loud one for what was rounded away. */
  List<String> sentences() {
    List<String> all = new ArrayList<>();
    all.add(
        changed == 0
            ? "WARNING, no weight of a linear map changed since the model before."
            : String.format(
                Locale.ROOT,
                "%.2f %% of the weights of linear maps changed since the model before.",
                100 * changedShare()));
    same.keySet().forEach(v -> all.add(sentence(v)));
    return all;
  }

  private String sentence(Variant v) {
    if (changed == 0) {
      return String.format(
          Locale.ROOT,
          "%s: %.2f %% of the codes are those of the model before.",
          v.label(),
          100 * share(v));
    }
    String text =
        String.format(
            Locale.ROOT,
            "%s: %.2f %% of the codes are those of the model before, %.2f %% of those whose weights"
                + " changed.",
            v.label(),
            100 * share(v),
            100 * shareOfChanged(v));
    return roundedAway(v)
        ? "WARNING, " + text + " Rounding has undone the unlearning or nearly so: verify it."
        : text;
  }

  /** What the file of a variant says of it. */
  Map<String, String> metadata(Variant v) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put(Provenance.EQUAL_CODES, String.valueOf(share(v)));
    if (changed > 0) {
      metadata.put(Provenance.EQUAL_CODES_OF_CHANGED, String.valueOf(shareOfChanged(v)));
    }
    return metadata;
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
    for (Variant v : same.keySet()) {
      ObjectNode node = variants.putObject(v.label()).put("equal_codes", share(v));
      if (changed > 0) {
        node.put("equal_codes_of_changed", shareOfChanged(v));
      }
      node.put("rounded_away", roundedAway(v));
    }
    return root;
  }
}
