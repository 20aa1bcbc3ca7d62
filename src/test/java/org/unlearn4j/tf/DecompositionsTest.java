package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import java.util.Random;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.nn.Linear;

/** Against another library's decompositions of whole matrices. */
class DecompositionsTest {
  private final Random random = new Random(3);

  private RealMatrix drawn(int rows, int columns) {
    double[][] values = new double[rows][columns];
    for (double[] row : values) {
      for (int i = 0; i < columns; i++) {
        row[i] = (float) random.nextGaussian(); // the program is given float32
      }
    }
    return new Array2DRowRealMatrix(values, false);
  }

  private static float[] flat(RealMatrix m) {
    float[] flat = new float[m.getRowDimension() * m.getColumnDimension()];
    for (int r = 0; r < m.getRowDimension(); r++) {
      for (int c = 0; c < m.getColumnDimension(); c++) {
        flat[r * m.getColumnDimension() + c] = (float) m.getEntry(r, c);
      }
    }
    return flat;
  }

  private static RealMatrix matrix(float[] flat, int rows) {
    int columns = flat.length / rows;
    double[][] values = new double[rows][columns];
    for (int i = 0; i < flat.length; i++) {
      values[i / columns][i % columns] = flat[i];
    }
    return new Array2DRowRealMatrix(values, false);
  }

  private static double norm(RealMatrix m) {
    return m.getFrobeniusNorm();
  }

  /**
   * {@code ||W - s B A||} is that of the singular values that are left out, and B's columns are as
   * long as A's rows.
   */
  @ParameterizedTest
  @CsvSource({"12,20,3", "20,12,12", "12,12,1"})
  void theBestApproximationOfItsRank(int out, int in, int rank) {
    RealMatrix w = drawn(out, in);
    double[] values = new SingularValueDecomposition(w).getSingularValues();
    double left = 0;
    for (int i = rank; i < values.length; i++) {
      left += values[i] * values[i];
    }
    try (PrincipalFactors factors = new PrincipalFactors(rank, 1.5)) {
      StartingFactors rows = factors.of(Linear.of("w", in, out, false), flat(w));
      StartingFactors columns = factors.of(Linear.inOut("w", in, out), flat(w.transpose()));
      for (StartingFactors f : new StartingFactors[] {rows, columns}) {
        RealMatrix a = matrix(f.down(), rank);
        RealMatrix b = matrix(f.up(), out);
        RealMatrix error = w.subtract(b.multiply(a).scalarMultiply(1.5));
        assertEquals(Math.sqrt(left), norm(error), 1e-5);
        for (int r = 0; r < rank; r++) {
          assertEquals(values[r] / 1.5, Math.pow(b.getColumnVector(r).getNorm(), 2), 1e-5);
          assertEquals(b.getColumnVector(r).getNorm(), a.getRowVector(r).getNorm(), 1e-6);
          assertTrue(
              b.getColumnVector(r).getMaxValue() >= -b.getColumnVector(r).getMinValue(), "sign");
        }
      }
    }
  }

  @Test
  void weightsThatAreNoNumbersAreSaid() {
    float[] w = new float[12];
    w[5] = Float.NaN;
    try (PrincipalFactors factors = new PrincipalFactors(2, 1)) {
      MachineException e =
          assertThrows(
              MachineException.class, () -> factors.of(Linear.of("the.map", 4, 3, false), w));
      assertTrue(e.getMessage().contains("the.map begins with: found NaN"), e.getMessage());
    }
  }

  /** Rows as {@link OutputDirections} takes them: the last number counts tokens. */
  private static float[][] counted(RealMatrix rows, int tokens) {
    float[][] given = new float[rows.getRowDimension()][rows.getColumnDimension() + 1];
    for (int r = 0; r < given.length; r++) {
      for (int i = 0; i < rows.getColumnDimension(); i++) {
        given[r][i] = (float) rows.getEntry(r, i);
      }
      given[r][rows.getColumnDimension()] = tokens;
    }
    return given;
  }

  private static RealMatrix moments(RealMatrix outputs) {
    return outputs.transpose().multiply(outputs).scalarMultiply(1.0 / outputs.getRowDimension());
  }

  private static RealMatrix outputs(RealMatrix w, RealMatrix bias, RealMatrix rows, int tokens) {
    RealMatrix h = rows.multiply(w.transpose());
    for (int r = 0; r < h.getRowDimension(); r++) {
      h.setRowVector(r, h.getRowVector(r).add(bias.getColumnVector(0).mapMultiply(tokens)));
    }
    return h;
  }

  /** The projection on the space of the first eigenvectors, which has no signs. */
  private static RealMatrix space(RealMatrix symmetric, int rank) {
    RealMatrix exact = symmetric.add(symmetric.transpose()).scalarMultiply(0.5);
    RealMatrix v = new EigenDecomposition(exact).getV();
    RealMatrix first = v.getSubMatrix(0, v.getRowDimension() - 1, 0, rank - 1);
    return first.multiply(first.transpose());
  }

  private static void assertSpace(RealMatrix expected, RealMatrix basis) {
    RealMatrix found = basis.multiply(basis.transpose());
    double off = norm(expected.subtract(found));
    assertTrue(off < 1e-5, "off by " + off);
  }

  /**
   * More outputs than rows, fewer, and so many retain rows that C_r wins everywhere: then the whole
   * space is known, and the first eigenvalues are those that are least below 0.
   */
  @ParameterizedTest
  @CsvSource({"30,6,8", "9,6,8", "5,7,40"})
  void eigenvectorsAreThoseOfTheWholeMatrices(int out, int forgetRows, int retainRows) {
    int in = 20;
    int rank = 3;
    RealMatrix w = drawn(out, in);
    RealMatrix bias = drawn(out, 1);
    RealMatrix f = drawn(forgetRows, in);
    RealMatrix r = drawn(retainRows, in);
    RealMatrix cf = moments(outputs(w, bias, f, 5));
    RealMatrix cr = moments(outputs(w, bias, r, 7));
    RealMatrix expected = space(cf.scalarMultiply(0.3).subtract(cr.scalarMultiply(0.7)), rank);
    try (OutputDirections directions = new OutputDirections(rank, 0.7, 4)) {
      OutputDirections.Found found =
          directions.of(
              Linear.of("w", in, out, true),
              flat(w),
              Optional.of(flat(bias)),
              counted(f, 5),
              counted(r, 7));
      RealMatrix b = matrix(found.start().up(), out);
      assertSpace(expected, b);
      RealMatrix a = matrix(found.start().down(), rank);
      assertTrue(norm(a.subtract(b.transpose().multiply(w))) < 1e-4, "A is not Q^T W");
      assertSpace(space(cr, 4), matrix(found.avoided(), out));
      assertEquals(Math.min(forgetRows, out), found.spanned());
      // The plausible mistakes: no bias, and nothing held against the forget rows.
      RealMatrix none = drawn(out, 1).scalarMultiply(0);
      RealMatrix unbiased =
          moments(outputs(w, none, f, 5))
              .scalarMultiply(0.3)
              .subtract(moments(outputs(w, none, r, 7)).scalarMultiply(0.7));
      assertThrows(AssertionError.class, () -> assertSpace(space(unbiased, rank), b));
      assertThrows(AssertionError.class, () -> assertSpace(space(cf, rank), b));
    }
  }

  /** A square map: its inputs have other directions, and so has the map read the other way. */
  @Test
  void inputsAndTheTransposedMapShowOthers() {
    int width = 10;
    RealMatrix w = drawn(width, width);
    RealMatrix f = drawn(4, width);
    RealMatrix r = drawn(5, width);
    RealMatrix none = new Array2DRowRealMatrix(width, 1);
    RealMatrix expected =
        space(
            moments(outputs(w, none, f, 1))
                .scalarMultiply(0.3)
                .subtract(moments(outputs(w, none, r, 1)).scalarMultiply(0.7)),
            2);
    try (OutputDirections directions = new OutputDirections(2, 0.7, 0)) {
      Linear map = Linear.of("w", width, width, false);
      assertSpace(expected, up(directions, map, w, f, r));
      assertSpace(expected, up(directions, Linear.inOut("w", width, width), w.transpose(), f, r));
      RealMatrix ofInputs =
          space(moments(f).scalarMultiply(0.3).subtract(moments(r).scalarMultiply(0.7)), 2);
      assertThrows(AssertionError.class, () -> assertSpace(ofInputs, up(directions, map, w, f, r)));
      assertThrows(
          AssertionError.class,
          () -> assertSpace(expected, up(directions, map, w.transpose(), f, r)));
    }
  }

  private static RealMatrix up(
      OutputDirections directions, Linear map, RealMatrix w, RealMatrix f, RealMatrix r) {
    return matrix(
        directions.of(map, flat(w), Optional.empty(), counted(f, 1), counted(r, 1)).start().up(),
        map.out());
  }

  /** Directions that no row has are neither counted nor made up. */
  @Test
  void rowsThatAreAlikeSpanOneDirection() {
    RealMatrix w = drawn(16, 8);
    RealMatrix one = drawn(1, 8);
    RealMatrix alike = new Array2DRowRealMatrix(4, 8);
    for (int i = 0; i < 4; i++) {
      alike.setRowVector(i, one.getRowVector(0).mapMultiply(i + 1));
    }
    RealMatrix r = drawn(2, 8);
    try (OutputDirections directions = new OutputDirections(3, 0.7, 5)) {
      OutputDirections.Found found =
          directions.of(
              Linear.of("w", 8, 16, false),
              flat(w),
              Optional.empty(),
              counted(alike, 1),
              counted(r, 1));
      assertEquals(1, found.spanned());
      RealMatrix avoided = matrix(found.avoided(), 16);
      assertSpace(space(moments(r.multiply(w.transpose())), 2), avoided.getSubMatrix(0, 15, 0, 1));
      assertEquals(0.0, norm(avoided.getSubMatrix(0, 15, 2, 4)));
      // Retain rows that have what the forget rows have, and more of it, leave nothing.
      assertEquals(
          0,
          directions
              .of(
                  Linear.of("w", 8, 16, false),
                  flat(w),
                  Optional.empty(),
                  counted(alike, 1),
                  counted(alike.scalarMultiply(3), 1))
              .spanned());
    }
  }
}
