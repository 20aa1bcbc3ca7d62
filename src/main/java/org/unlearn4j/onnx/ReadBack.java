package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.OwnHead;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.Variant;

/**
 * The weights that a deployed file stands for, read back from its initializers, and held against
 * those that it was made from. Neither a graph is run nor a name trusted where values say
 * otherwise. Weights pass through in strips.
 */
public final class ReadBack implements AutoCloseable {
  /**
   * Values of one parameter that are kept while it is read, where its rows are the file's columns.
   */
  private static final int MOST_KEPT = 1 << 26;

  private static final int STRIP = 1 << 20;

  /** What float32 rounding of {@code w / scale} may add to half a step, in steps of 8 bits. */
  private static final double SLACK = 2e-5;

  private final OwnHead model;
  private final SafeTensors weights;
  private final TensorReader reader;
  private final Map<Parameter, Placed> places = new LinkedHashMap<>();
  private final Counts counts;
  private final boolean quantisesActivations;
  private Parameter kept;
  private int keptFrom;
  private float[] values = new float[0];

  /**
   * What was found.
   *
   * @param unread parameters of the model that the file has nowhere
   * @param codes values that are read as codes
   * @param beyond of these, those that another code of the same scale would be nearer to
   * @param clipped of these, those more than half a step away because there is no code beyond
   * @param foreign codes, scales and all other large constants that are not, bit for bit, what this
   *     program writes for these weights; empty for a file that it has not written
   * @param changed values in float formats that are not the weight, rounded to that format
   * @param rounded whether any value at all differs from the trained one
   * @param offending what the differences are in, the most first
   */
  public record Counts(
      List<String> unread,
      long codes,
      long beyond,
      long clipped,
      OptionalLong foreign,
      long changed,
      boolean rounded,
      List<String> offending) {
    public Counts {
      unread = List.copyOf(unread);
      offending = List.copyOf(offending);
    }
  }

  private ReadBack(OnnxFile file, OwnHead model, SafeTensors weights) {
    this.model = model;
    this.weights = weights;
    this.reader = new TensorReader(file);
    try {
      Set<String> inOut = new LinkedHashSet<>();
      DecoderGraph.of(model.decoder(), GraphForm.of(Variant.INT8))
          .quantized()
          .forEach((name, c) -> inOut.addAll(c.linear().inOut() ? List.of(name) : List.of()));
      this.quantisesActivations = StoredWeights.quantisesActivations(file.model().getGraph());
      List<StoredWeight> stored =
          StoredWeights.of(file.model().getGraph(), model.decoder().config().hiddenSize());
      WeightPlaces.find(model, inOut, weights, stored, reader)
          .forEach(p -> places.put(p.parameter(), p));
      this.counts = count(OwnBytes.differing(file, reader, weights, model));
    } catch (RuntimeException e) {
      reader.close();
      throw e;
    }
  }

  /**
   * Reads a file.
   *
   * @param path folder or file, as {@link OrtModel#open(Path, String, int)} takes it
   * @param model what the file should be
   * @param weights that it should have been made from; read as long as values are asked for
   * @throws org.unlearn4j.base.UserException if the file is no ONNX, or its data is not whole
   */
  public static ReadBack of(Path path, String variant, OwnHead model, SafeTensors weights) {
    return new ReadBack(OnnxFile.read(OnnxFile.locate(path, variant)), model, weights);
  }

  /** Whether products of codes may quantise what they are multiplied with. */
  public boolean quantisesActivations() {
    return quantisesActivations;
  }

  public Counts counts() {
    return counts;
  }

  /** The model that has these weights: the head is a matrix of its own. */
  public Decoder decoder() {
    return model.decoder();
  }

  /** Differences of one parameter. */
  private static final class Tally {
    private long codes;
    private long beyond;
    private long clipped;
    private long changed;
    private boolean rounded;
  }

  private Counts count(Optional<Map<String, Long>> foreign) {
    Tally all = new Tally();
    Map<String, Long> offending = new LinkedHashMap<>();
    for (Placed p : places.values()) {
      Tally own = new Tally();
      count(p, own);
      all.codes += own.codes;
      all.beyond += own.beyond;
      all.clipped += own.clipped;
      all.changed += own.changed;
      all.rounded |= own.rounded;
      if (own.beyond + own.changed > 0) {
        offending.put(p.parameter().name(), own.beyond + own.changed);
      }
    }
    foreign.ifPresent(
        constants -> constants.forEach((name, n) -> offending.merge(name, n, Math::max)));
    List<String> unread =
        model.parameters().stream()
            .filter(p -> !places.containsKey(p))
            .map(Parameter::name)
            .toList();
    List<String> most =
        offending.entrySet().stream()
            .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
            .map(e -> e.getKey() + " (" + e.getValue() + ")")
            .toList();
    return new Counts(
        unread,
        all.codes,
        all.beyond,
        all.clipped,
        foreign
            .map(f -> OptionalLong.of(f.values().stream().mapToLong(Long::longValue).sum()))
            .orElse(OptionalLong.empty()),
        all.changed,
        all.rounded || !unread.isEmpty(),
        new ArrayList<>(most));
  }

  private void count(Placed p, Tally tally) {
    StoredWeight.Rows rows = p.stored().open(reader);
    int width = p.storedColumns();
    int most = p.stored().strip();
    StoredWeight.Strip strip = new StoredWeight.Strip(most * p.stored().columns());
    TrainedRows trained = new TrainedRows(weights, p, most);
    boolean coded = p.stored().coded();
    double slack = coded ? slack((StoredCodes) p.stored()) : 0;
    DataType type = coded ? DataType.FLOAT : ((StoredFloats) p.stored()).type();
    for (int first = 0; first < p.storedRows(); first += most) {
      int count = Math.min(most, p.storedRows() - first);
      rows.read(p.rowFrom() + first, count, strip);
      float[] w = trained.read(first, count);
      for (int r = 0; r < count; r++) {
        int at = r * p.stored().columns() + p.columnFrom();
        for (int c = 0; c < width; c++) {
          float weight = w[r * width + c];
          float value = strip.values[at + c];
          float expected = p.plusOne() ? weight + 1 : weight;
          tally.rounded |= value != expected;
          if (!coded) {
            tally.changed += same(value, expected, type) ? 0 : 1;
          } else if (!(Math.abs((double) value - weight) <= strip.steps[at + c] * slack)) {
            int end = strip.ends[at + c];
            boolean past = end > 0 ? weight > value : end < 0 && weight < value;
            tally.clipped += past ? 1 : 0;
            tally.beyond += past ? 0 : 1;
          }
        }
      }
    }
    tally.codes += coded ? (long) p.storedRows() * width : 0;
  }

  /** Half a step, and what the rounding of the scale itself may move a quotient by. */
  private static double slack(StoredCodes codes) {
    double scale =
        switch (DataType.forNumber(codes.scales().getDataType())) {
          case FLOAT16 -> 0x1p-11 * (1 << codes.bits());
          case BFLOAT16 -> 0x1p-8 * (1 << codes.bits());
          default -> SLACK;
        };
    return 0.5 + Math.min(0.5, scale);
  }

  /** float16 of other exporters may lift what is below 1e-7 to that. */
  private static boolean same(float value, float weight, DataType type) {
    return switch (type) {
      case FLOAT16 ->
          value == DType.halfToFloat(DType.floatToHalf(weight))
              || Math.abs((double) value - weight) <= 1e-7;
      case BFLOAT16 -> Math.abs((double) value - weight) <= Math.abs(weight) * 0x1p-8;
      default -> value == weight;
    };
  }

  /**
   * The values that the file stands for; of a parameter that it has nowhere, the trained ones.
   *
   * @param from index of the first among the parameter's flattened ones
   * @param to is filled, from its position to its limit
   */
  public void read(Parameter p, long from, FloatBuffer to) {
    Placed place = places.get(p);
    if (place == null) {
      weights.read(model.stored(p), from, to);
      return;
    }
    int columns = Placed.columns(p);
    long at = from;
    while (to.hasRemaining()) {
      keep(place, Math.toIntExact(at / columns));
      int in = Math.toIntExact(at - (long) keptFrom * columns);
      int n = Math.min(to.remaining(), values.length - in);
      to.put(values, in, n);
      at += n;
    }
  }

  /** Makes sure that a row of a parameter is among those that are kept. */
  private void keep(Placed p, int row) {
    Parameter own = p.parameter();
    int columns = Placed.columns(own);
    if (own.equals(kept) && row >= keptFrom && row < keptFrom + values.length / columns) {
      return;
    }
    int most = Math.max(1, (p.turned() ? MOST_KEPT : STRIP) / columns);
    int count = Math.min(most, Placed.rows(own) - row);
    values = new float[count * columns];
    keptFrom = row;
    kept = own;
    StoredWeight.Rows rows = p.stored().open(reader);
    int width = p.stored().columns();
    int strip = p.turned() ? p.stored().strip() : count;
    StoredWeight.Strip read = new StoredWeight.Strip(strip * width);
    float less = p.plusOne() ? 1 : 0;
    int stored = p.turned() ? p.storedRows() : count;
    for (int first = 0; first < stored; first += strip) {
      int n = Math.min(strip, stored - first);
      rows.read(p.rowFrom() + first + (p.turned() ? 0 : row), n, read);
      for (int r = 0; r < n; r++) {
        for (int c = 0; c < (p.turned() ? count : columns); c++) {
          int at = p.turned() ? c * columns + first + r : r * columns + c;
          int from = r * width + p.columnFrom() + c + (p.turned() ? row : 0);
          values[at] = read.values[from] - less;
        }
      }
    }
  }

  @Override
  public void close() {
    reader.close();
  }
}
