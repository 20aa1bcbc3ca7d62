package org.unlearn4j.tf;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.op.linalg.Qr;
import org.tensorflow.op.linalg.SelfAdjointEig;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.unlearn4j.nn.Linear;

/**
 * Directions of a linear map's outputs that forget rows use and retain rows do not (ReGLU: Xiao et
 * al. 2026), and those that retain rows use most. A row's output h is the sum of the map's outputs
 * over its tokens; {@code C = sum(h h^T) / rows}.
 *
 * <p>No matrix is {@code [out, out]}: the rows are {@code R^T Q^T} by a QR decomposition, so that
 * all eigenvectors with eigenvalues other than 0 are Q times those of a matrix of at most as many
 * rows and columns as there are rows in both sets. All of it is float64; signs are those with which
 * the largest entry of a direction is positive.
 */
public final class OutputDirections implements AutoCloseable {
  /**
   * Share of the largest eigenvalue that is rounding: rows come in float32, whose relative rounding
   * of 1e-7 enters squared, and some room.
   */
  private static final double ROUNDING = 1e-12;

  private final int rank;
  private final int retainRank;
  private final TfRuntime runtime = Matrices.runtime();
  private final Matrices.Weight weight;
  private final Placeholder<TFloat32> bias;
  private final Placeholder<TFloat32> forget;
  private final Placeholder<TFloat32> retain;
  private final Placeholder<TInt32> directions;
  private final Placeholder<TInt32> retained;
  private final Operand<TFloat64> forgetValues;
  private final Operand<TFloat64> values;
  private final Operand<TFloat64> differences;
  private final Operand<TFloat64> retainValues;
  private final Operand<TFloat32> down;
  private final Operand<TFloat32> up;
  private final Operand<TFloat32> avoided;

  /**
   * What is to be found.
   *
   * @param rank directions that forget rows use
   * @param beta weight of the retain rows' moments against {@code 1 - beta} of the forget rows'
   * @param retainRank directions that retain rows use most
   */
  public OutputDirections(int rank, double beta, int retainRank) {
    this.rank = rank;
    this.retainRank = retainRank;
    Ops tf = runtime.ops();
    weight = Matrices.Weight.in(tf);
    bias = tf.withName("bias").placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1)));
    forget = Matrices.fed(tf, "forget");
    retain = Matrices.fed(tf, "retain");
    directions = count(tf, "directions");
    retained = count(tf, "retained");
    Operand<TFloat64> map =
        tf.concat(
            List.of(weight.outIn(), tf.reshape(Matrices.wide(tf, bias), tf.array(-1, 1))),
            tf.constant(1)); // [out, in + 1]: the last input is the number of tokens
    Operand<TFloat64> f = outputs(tf, map, forget);
    Operand<TFloat64> r = outputs(tf, map, retain);
    Qr<TFloat64> qr =
        tf.linalg.qr(tf.concat(List.of(f, r), tf.constant(1)), Qr.fullMatrices(false));
    Operand<TInt32> split = Dimensions.size(tf, f, 1);
    Operand<TInt32> first = tf.stack(List.of(tf.constant(0), split));
    Operand<TFloat64> ownForget =
        tf.slice(qr.r(), tf.array(0, 0), tf.stack(List.of(tf.constant(-1), split)));
    Operand<TFloat64> ownRetain = tf.slice(qr.r(), first, tf.array(-1, -1));
    Operand<TFloat64> momentsForget = Matrices.timesTransposed(tf, ownForget, ownForget);
    Operand<TFloat64> momentsRetain = Matrices.timesTransposed(tf, ownRetain, ownRetain);
    forgetValues = eigenvalues(tf, momentsForget);
    values = eigenvalues(tf, Matrices.timesTransposed(tf, qr.r(), qr.r()));
    SelfAdjointEig<TFloat64> difference =
        tf.linalg.selfAdjointEig(
            tf.math.sub(
                tf.math.mul(momentsForget, tf.constant(1 - beta)),
                tf.math.mul(momentsRetain, tf.constant(beta))),
            SelfAdjointEig.computeV(true));
    differences = difference.e();
    Operand<TFloat64> most = largest(tf, qr.q(), difference.v(), directions);
    up = Matrices.narrow(tf, most);
    down = Matrices.narrow(tf, tf.linalg.matMul(most, weight.outIn(), MatMul.transposeA(true)));
    SelfAdjointEig<TFloat64> ofRetain =
        tf.linalg.selfAdjointEig(momentsRetain, SelfAdjointEig.computeV(true));
    retainValues = ofRetain.e();
    avoided = Matrices.narrow(tf, largest(tf, qr.q(), ofRetain.v(), retained));
  }

  private static Placeholder<TInt32> count(Ops tf, String name) {
    return tf.withName(name).placeholder(TInt32.class, Placeholder.shape(Shape.scalar()));
  }

  /** Outputs of rows, over the root of their number: {@code [out, rows]}. */
  private static Operand<TFloat64> outputs(Ops tf, Operand<TFloat64> map, Operand<TFloat32> rows) {
    Operand<TFloat64> n =
        tf.dtypes.cast(
            tf.math.maximum(Dimensions.size(tf, rows, 0), tf.constant(1)), TFloat64.class);
    return tf.math.div(Matrices.timesTransposed(tf, map, Matrices.wide(tf, rows)), tf.math.sqrt(n));
  }

  private static Operand<TFloat64> eigenvalues(Ops tf, Operand<TFloat64> moments) {
    return tf.linalg.selfAdjointEig(moments, SelfAdjointEig.computeV(false)).e();
  }

  /** The eigenvectors of the largest eigenvalues, largest first: {@code [out, count]}. */
  private static Operand<TFloat64> largest(
      Ops tf, Operand<TFloat64> q, Operand<TFloat64> vectors, Operand<TInt32> count) {
    Operand<TInt32> from = tf.math.sub(Dimensions.size(tf, vectors, 1), count);
    Operand<TFloat64> last =
        tf.slice(
            vectors,
            tf.stack(List.of(tf.constant(0), from)),
            tf.stack(List.of(tf.constant(-1), count)));
    Operand<TFloat64> found = tf.linalg.matMul(q, tf.reverse(last, tf.array(1)));
    return tf.math.mul(found, Matrices.signs(tf, found));
  }

  /**
   * What a map's outputs show.
   *
   * @param spanned directions that the forget rows span, and by which B can begin
   * @param start {@code B = Q}, {@code A = Q^T W}; of fewer columns than asked for where rows do
   *     not have as many directions
   * @param avoided directions of the retain rows' outputs, {@code [out * retainRank]}, zeros where
   *     the rows have no more
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
  public record Found(int spanned, StartingFactors start, float[] avoided) {}

  /**
   * Finds them.
   *
   * @param values of the weight, as stored
   * @param bias {@code [out]}
   * @param forgetRows {@code [row][in + 1]}: sums of inputs, and the number of tokens; may be none
   * @param retainRows the same; at least one
   * @throws org.unlearn4j.base.MachineException if some number is none
   */
  public Found of(
      Linear linear,
      float[] values,
      Optional<float[]> bias,
      float[][] forgetRows,
      float[][] retainRows) {
    int out = linear.out();
    int possible = Math.min(out, forgetRows.length + retainRows.length);
    int wanted = Math.min(rank, possible);
    int kept = Math.min(Math.min(retainRank, out), possible);
    try (Feeds feeds = new Feeds(runtime)) {
      weight.feed(feeds, linear, values);
      feeds.floats(this.bias, bias.orElseGet(() -> new float[out]), out);
      feeds.floats(forget, flat(linear, forgetRows), forgetRows.length, linear.in() + 1);
      feeds.floats(retain, flat(linear, retainRows), retainRows.length, linear.in() + 1);
      feeds.scalar(directions, wanted);
      feeds.scalar(retained, kept);
      feeds.fetch(down).fetch(up).fetch(avoided);
      feeds.fetch(forgetValues).fetch(this.values).fetch(differences).fetch(retainValues);
      try (Result r = runtime.run("directions of outputs", feeds)) {
        float[] directions = TfTensors.floats(r, 2);
        Matrices.requireFinite(linear, directions);
        int there = above(Matrices.doubles(r, 6));
        return new Found(
            spanned(
                out,
                above(Matrices.doubles(r, 3)),
                above(Matrices.doubles(r, 4)),
                above(Matrices.doubles(r, 5))),
            Matrices.factors(linear, TfTensors.floats(r, 0), TfTensors.floats(r, 1)),
            padded(directions, out, kept, Math.min(kept, there)));
      }
    }
  }

  private static float[] flat(Linear linear, float[][] rows) {
    float[] flat = new float[rows.length * (linear.in() + 1)];
    for (int r = 0; r < rows.length; r++) {
      System.arraycopy(rows[r], 0, flat, r * rows[r].length, rows[r].length);
    }
    return flat;
  }

  /** How many eigenvalues are greater than 0 by more than rounding. */
  private static int above(double[] values) {
    double least = ROUNDING * Arrays.stream(values).map(Math::abs).max().orElse(0);
    return (int) Arrays.stream(values).filter(v -> v > least).count();
  }

  /**
   * Where there are directions that no row has, the eigenvalue 0 of those comes before all that are
   * less: what follows is then anybody's choice.
   */
  private static int spanned(int out, int ofForget, int ofAll, int positive) {
    return ofAll == out ? ofForget : Math.min(ofForget, positive);
  }

  /**
   * {@code [out, count]} as {@code [out, retainRank]}, of which the first {@code there} are not 0.
   */
  private float[] padded(float[] found, int out, int count, int there) {
    int width = width(out);
    float[] padded = new float[out * width];
    for (int o = 0; o < out; o++) {
      System.arraycopy(found, o * count, padded, o * width, there);
    }
    return padded;
  }

  private int width(int out) {
    return Math.min(retainRank, out);
  }

  @Override
  public void close() {
    runtime.close();
  }
}
