package org.unlearn4j.tf;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.PaddedBatch;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.ModelConfig;

/**
 * What linear maps of a graph's model read, summed over the tokens of each row, padding left out.
 * The sum of what a map makes of n tokens follows from it: {@code W sum(x) + n b}. Maps that read
 * the same, such as q, k and v, share one sum.
 *
 * <p>It is a forward pass of the model without adapters, on the variables that are there already.
 */
public final class LinearInputs {
  /** A padded position belongs to no row: TensorFlow leaves out segments below 0. */
  private static final int NO_ROW = -1;

  private final TfRuntime runtime;
  private final Precision precision;
  private final LanguageModel.Shape shape;
  private final Ops tf;
  private final Placeholder<TInt32> ids;
  private final Placeholder<TInt32> mask;
  private final Placeholder<TInt32> positions;
  private final Placeholder<TInt32> rowOf;
  private final Placeholder<TInt32> rows;
  private final List<Operand<TFloat32>> sums = new ArrayList<>();
  private final List<Integer> widths = new ArrayList<>();
  private final Map<String, Integer> byWeight = new HashMap<>();
  private final Map<TfTensor, Integer> byTensor = new HashMap<>();

  /**
   * Adds the pass to a graph whose session is not open yet.
   *
   * @param variables of the model
   * @param maps that are asked for later
   * @param precision of the pass
   */
  public LinearInputs(
      TfRuntime runtime,
      Decoder decoder,
      Variables variables,
      List<Linear> maps,
      Precision precision) {
    this.runtime = runtime;
    this.precision = precision;
    ModelConfig c = decoder.config();
    this.shape =
        new LanguageModel.Shape(c.vocabSize(), c.hiddenSize(), c.layers(), c.maxPositions());
    this.tf = runtime.ops().withSubScope("linear_inputs");
    ids = ints("input_ids", Shape.of(-1, -1));
    mask = ints("attention_mask", Shape.of(-1, -1));
    positions = ints("position_ids", Shape.of(-1, -1));
    rowOf = ints("row_of", Shape.of(-1));
    rows = ints("rows", Shape.scalar());
    TfInputs inputs = new TfInputs(ids, positions, mask, List.of());
    TensorFlowEmitter e = new TensorFlowEmitter(tf, variables, inputs, precision);
    e.telling(
        (linear, x, tokens) -> {
          if (maps.contains(linear)) {
            byWeight.put(
                linear.weight().name(),
                byTensor.computeIfAbsent(x, t -> added(t, linear.in(), tokens)));
          }
        });
    decoder.head(e, decoder.hidden(e, e.ids()).finalNorm());
  }

  private int added(TfTensor x, int width, Optional<Operand<TInt64>> tokens) {
    Operand<TInt32> row = tokens.map(t -> (Operand<TInt32>) tf.gatherNd(rowOf, t)).orElse(rowOf);
    Operand<TFloat32> counted = tf.onesLike(tf.dtypes.cast(row, TFloat32.class));
    sums.add(
        tf.concat(
            List.of(
                tf.math.unsortedSegmentSum(x.f32(tf), row, rows),
                tf.reshape(tf.math.unsortedSegmentSum(counted, row, rows), tf.array(-1, 1))),
            tf.constant(1)));
    widths.add(width + 1);
    return sums.size() - 1;
  }

  private Placeholder<TInt32> ints(String name, Shape shape) {
    return tf.withName(name).placeholder(TInt32.class, Placeholder.shape(shape));
  }

  /** The number of a map's input among those that {@link #sums} can be asked for. */
  public int input(Linear linear) {
    return byWeight.get(linear.weight().name());
  }

  /** Numbers of one row's sum of an input. */
  public int width(int input) {
    return widths.get(input);
  }

  /**
   * Sums over one batch of rows.
   *
   * @param wanted numbers of inputs
   * @return {@code [wanted][row][in + 1]}: sums, and the number of tokens that were summed
   * @throws org.unlearn4j.base.UserException if a row does not fit the model
   */
  public float[][][] sums(List<TokenRow> batch, List<Integer> wanted) {
    PaddedBatch b = PaddedBatch.of(batch);
    b.requireFits(shape);
    int[] row = new int[b.rows() * b.time()];
    for (int i = 0; i < row.length; i++) {
      row[i] = b.mask()[i] == 0 ? NO_ROW : i / b.time();
    }
    try (Feeds feeds = new Feeds(runtime)) {
      feeds.ints(ids, b.ids(), b.rows(), b.time());
      feeds.ints(mask, b.mask(), b.rows(), b.time());
      feeds.ints(positions, b.positions(), b.rows(), b.time());
      feeds.ints(rowOf, row, row.length);
      feeds.scalar(rows, b.rows());
      wanted.forEach(i -> feeds.fetch(sums.get(i)));
      try (Result result = runtime.run("inputs of linear maps", precision, feeds)) {
        float[][][] all = new float[wanted.size()][b.rows()][];
        for (int i = 0; i < all.length; i++) {
          for (int r = 0; r < b.rows(); r++) {
            all[i][r] = new float[width(wanted.get(i))];
            TfTensors.read(result.get(i), (long) r * all[i][r].length, all[i][r]);
          }
        }
        return all;
      }
    }
  }
}
