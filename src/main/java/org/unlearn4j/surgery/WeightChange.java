package org.unlearn4j.surgery;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.function.Consumer;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;

/**
 * What became of one matrix: the directions of {@code after - before}, and how much of a later
 * update lies in them. Reads strips of the weights and keeps a square of the shorter side, in
 * float64. Squared singular values are eigenvalues of the change's product with itself; those below
 * 1e-16 of the largest are rounding.
 */
public final class WeightChange {
  /** Values of a strip. */
  private static final int STRIP = 1 << 18;

  /** Of the change, that the subspace holds into which updates are projected. */
  private static final double HELD = 0.9;

  private final Parameter matrix;
  private final WeightSource before;
  private final WeightSource after;
  private final Spectrum spectrum;
  private final double weight;
  private final double[] squares;
  private final double[][] held;

  /**
   * An update of the matrix after the change.
   *
   * @param energy squared Frobenius norm of {@code D = updated - after}
   * @param inside {@code |U U^T D V V^T|^2 / |D|^2}, where U and V are the left and right singular
   *     vectors that hold 90 % of the change
   * @param byChance the mean of that for random subspaces of this size: {@code (r / rows) (r /
   *     columns)}
   * @param cosine between D and {@code before - after}: 1 where the update takes the change back
   */
  public record Update(double energy, double inside, double byChance, double cosine) {}

  /**
   * Looks at a change.
   *
   * @param matrix {@code [rows, columns]}
   * @throws IllegalArgumentException if some weight is no number
   */
  public WeightChange(Parameter matrix, WeightSource before, WeightSource after) {
    this.matrix = matrix;
    this.before = before;
    this.after = after;
    SecondMoments moments = new SecondMoments(shorter());
    double[] old = new double[1];
    strips(
        strip -> {
          double[][] from = vectors(before, strip);
          double[][] change = minus(vectors(after, strip), from);
          for (int v = 0; v < change.length; v++) {
            moments.add(change[v]);
            old[0] += Projection.dot(from[v], from[v]);
          }
        });
    double[][] product = moments.mean();
    for (double[] row : product) {
      for (int i = 0; i < row.length; i++) {
        row[i] *= moments.count();
      }
    }
    Subspace subspace = Subspace.of(product);
    this.weight = old[0];
    this.squares = subspace.energies();
    this.spectrum = Spectrum.of(squares);
    this.held = subspace.top(Spectrum.holding(squares, HELD));
  }

  /** Of {@code after - before}. */
  public Spectrum spectrum() {
    return spectrum;
  }

  /** The change's energy over that of the weights before; NaN where those are all 0. */
  public double relativeEnergy() {
    return spectrum.energy() / weight;
  }

  /**
   * Holds an update against the change.
   *
   * @param updated the matrix after it
   * @return NaN for every share where there was no change or no update
   */
  public Update update(WeightSource updated) {
    int r = held.length;
    double[][] core = new double[r][r]; // U^T D V
    double[] sums = new double[2]; // |D|^2 and D . (before - after)
    strips(
        strip -> {
          double[][] now = vectors(after, strip);
          double[][] change = minus(now, vectors(before, strip));
          double[][] update = minus(vectors(updated, strip), now);
          for (int v = 0; v < update.length; v++) {
            sums[0] += Projection.dot(update[v], update[v]);
            sums[1] -= Projection.dot(update[v], change[v]);
            double[] along = along(update[v]);
            double[] other = along(change[v]); // times the singular value
            for (int i = 0; i < r; i++) {
              for (int j = 0; j < r; j++) {
                core[i][j] += along[i] * other[j] / Math.sqrt(squares[j]);
              }
            }
          }
        });
    double inside = 0;
    for (double[] row : core) {
      inside += Projection.dot(row, row);
    }
    return new Update(
        sums[0],
        r == 0 ? Double.NaN : inside / sums[0],
        r == 0 ? Double.NaN : (double) r / matrix.dim(0) * r / matrix.dim(1),
        sums[1] / Math.sqrt(sums[0] * spectrum.energy()));
  }

  private double[] along(double[] vector) {
    return Arrays.stream(held).mapToDouble(u -> Projection.dot(u, vector)).toArray();
  }

  private boolean tall() {
    return matrix.dim(0) >= matrix.dim(1);
  }

  private int shorter() {
    return Math.min(matrix.dim(0), matrix.dim(1));
  }

  /** A part of the longer side. */
  private record Strip(int from, int count) {}

  private void strips(Consumer<Strip> each) {
    int longer = Math.max(matrix.dim(0), matrix.dim(1));
    int width = Math.max(1, STRIP / shorter());
    for (int at = 0; at < longer; at += width) {
      each.accept(new Strip(at, Math.min(width, longer - at)));
    }
  }

  /** Rows of a tall matrix, columns of a wide one, {@code [count][shorter]}. */
  private double[][] vectors(WeightSource weights, Strip strip) {
    int shorter = shorter();
    double[][] vectors = new double[strip.count][shorter];
    int reads = tall() ? 1 : shorter;
    FloatBuffer values = FloatBuffer.allocate(tall() ? strip.count * shorter : strip.count);
    for (int r = 0; r < reads; r++) {
      long from = tall() ? (long) strip.from * shorter : (long) r * matrix.dim(1) + strip.from;
      weights.read(matrix, from, values.clear());
      values.flip();
      for (int i = 0; values.hasRemaining(); i++) {
        double value = values.get();
        if (tall()) {
          vectors[i / shorter][i % shorter] = value;
        } else {
          vectors[i][r] = value;
        }
      }
    }
    return vectors;
  }

  private static double[][] minus(double[][] a, double[][] b) {
    double[][] difference = new double[a.length][];
    for (int v = 0; v < a.length; v++) {
      difference[v] = a[v].clone();
      for (int i = 0; i < b[v].length; i++) {
        difference[v][i] -= b[v][i];
      }
    }
    return difference;
  }
}
