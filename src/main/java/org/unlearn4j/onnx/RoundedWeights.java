package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.QuantizedRows;
import org.unlearn4j.weights.RowQuantizer;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.Variant;

/**
 * The weights that a quantised file stands for: those of linear maps are {@code code * scale} of
 * the codes that {@link OnnxExporter} writes, to the last bit, tables that the file has in float16
 * are rounded to that, and all others are as they were. Values are float32, and pass through in
 * strips.
 *
 * <p>Where the head is tied to the token table, a quantised file reads the table as it is and the
 * head in codes. The head then becomes a matrix of its own, because no single table is both; only
 * if the token table is to be in codes, too, the two stay tied.
 */
public final class RoundedWeights {
  /** Values handed out at a time. */
  private static final int PIECE = 1 << 18;

  private final SafeTensors weights;
  private final Decoder decoder;
  private final Map<String, Initializer.Codes> rounded;
  private final Set<String> halves;

  private RoundedWeights(
      SafeTensors weights,
      Decoder decoder,
      Map<String, Initializer.Codes> rounded,
      Set<String> halves) {
    this.weights = weights;
    this.decoder = decoder;
    this.rounded = rounded;
    this.halves = halves;
  }

  /**
   * The weights of a model, rounded.
   *
   * @param weights are read as long as values are asked for
   * @param variant one that has codes
   * @param tables whether int4 applies to the token table too, see {@link
   *     ExportOptions#quantizedEmbeddings}
   * @param choices the codes that the file has
   * @throws org.unlearn4j.base.UserException if the weights do not fit the configuration, or tables
   *     are asked for with another variant than int4
   */
  public static RoundedWeights of(
      ModelConfig config,
      SafeTensors weights,
      Variant variant,
      boolean tables,
      GraphChoices choices) {
    ExportOptions options =
        ExportOptions.of(List.of(variant.label())).quantizedEmbeddings(tables).choices(choices);
    GraphForm form = options.forms().get(0);
    DecoderGraph read = DecoderGraph.of(Decoder.of(config), form);
    SourceWeights.require(weights, read.initializers());
    Map<String, Initializer.Codes> rounded = read.quantized();
    Set<String> halves = new HashSet<>();
    for (Initializer i : read.initializers()) {
      if (i.content() instanceof Initializer.Weight && i.type() == DataType.FLOAT16) {
        halves.add(i.name());
      }
    }
    boolean untied = config.tiedEmbeddings() && !tables;
    Decoder decoder = Decoder.of(untied ? untied(config) : config);
    if (untied) {
      Map<String, Initializer.Codes> written = DecoderGraph.of(decoder, form).quantized();
      String head = onlyIn(written, rounded);
      rounded.put(head, rounded.remove(onlyIn(rounded, written)));
    }
    return new RoundedWeights(weights, decoder, rounded, halves);
  }

  private static ModelConfig untied(ModelConfig config) {
    return ModelConfig.of(config.json().deepCopy().put("tie_word_embeddings", false));
  }

  private static String onlyIn(Map<String, ?> these, Map<String, ?> those) {
    List<String> names = new ArrayList<>(these.keySet());
    names.removeAll(those.keySet());
    if (names.size() != 1) {
      throw new IllegalStateException("heads or tables without a counterpart: " + names);
    }
    return names.get(0);
  }

  /** The model that has these weights: with a head of its own where that had to be untied. */
  public Decoder decoder() {
    return decoder;
  }

  /**
   * Hands out the values of one of the model's parameters, in pieces.
   *
   * @throws org.unlearn4j.base.UserException if a weight is not finite, or beyond float16 where the
   *     file has that
   */
  public void forEach(Parameter p, Consumer<FloatBuffer> pieces) {
    Initializer.Codes c = rounded.get(p.name());
    try {
      if (c == null) {
        plain(p, pieces);
      } else if (c.linear().inOut()) {
        columns(c.linear(), c.quantizer(), pieces);
      } else {
        rows(c.linear(), c.quantizer(), pieces);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void plain(Parameter p, Consumer<FloatBuffer> pieces) {
    FloatBuffer piece = FloatBuffer.allocate((int) Math.min(PIECE, p.size()));
    for (long from = 0; from < p.size(); from += PIECE) {
      weights.read(p.name(), from, piece.clear().limit((int) Math.min(PIECE, p.size() - from)));
      piece.flip();
      for (int i = 0; i < piece.limit() && halves.contains(p.name()); i++) {
        short half = SourceWeights.half(weights, p.name(), from + i, piece.get(i));
        piece.put(i, DType.halfToFloat(half));
      }
      pieces.accept(piece);
    }
  }

  private void rows(Linear l, RowQuantizer q, Consumer<FloatBuffer> pieces) throws IOException {
    MatrixRows rows = new MatrixRows(weights, l);
    QuantizedRows strip = new QuantizedRows(q, l.in(), rows.strip());
    rows.forEach(
        (values, first, count) -> {
          rows.quantize(q, first, count, strip, 0);
          for (int n = 0; n < count; n++) {
            q.dequantize(strip, n, values, n * l.in());
          }
          pieces.accept(FloatBuffer.wrap(values, 0, count * l.in()));
        });
  }

  /**
   * {@code [in, out]}: every output's codes have to be known before the first input can be written,
   * so the codes of one matrix are kept, a byte a weight.
   */
  private void columns(Linear l, RowQuantizer q, Consumer<FloatBuffer> pieces) throws IOException {
    MatrixRows rows = new MatrixRows(weights, l);
    QuantizedRows all = new QuantizedRows(q, l.in(), l.out());
    rows.forEach((values, first, count) -> rows.quantize(q, first, count, all, first));
    int strip = Math.max(1, Math.min(l.in(), PIECE / l.out()));
    float[] row = new float[l.in()];
    float[] piece = new float[strip * l.out()];
    for (int from = 0; from < l.in(); from += strip) {
      int count = Math.min(strip, l.in() - from);
      for (int n = 0; n < l.out(); n++) {
        q.dequantize(all, n, row, 0);
        for (int k = 0; k < count; k++) {
          piece[k * l.out() + n] = row[from + k];
        }
      }
      pieces.accept(FloatBuffer.wrap(piece, 0, count * l.out()));
    }
  }
}
