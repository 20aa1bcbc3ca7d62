package org.unlearn4j.surgery;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Directions of second moments, and angles between planes. */
class SubspaceTest {
  private static final double HALF = Math.sqrt(0.5);
  private static final double[][] FLOOR = {{1, 0, 0, 0}, {0, 1, 0, 0}};

  /** The second plane shares the first axis and rises by 30 degrees over the second. */
  @Test
  void anglesOfKnownPlanes() {
    double[][] risen = {
      {1, 0, 0, 0}, {0, Math.cos(Math.toRadians(30)), Math.sin(Math.toRadians(30)), 0}
    };
    // Near 0 the arc cosine has half of the digits.
    assertArrayEquals(new double[] {0, 30}, Subspace.angles(FLOOR, risen), 1e-5);
    double[][] other = {{0, 0, 1, 0}, {0, 0, 0, 1}};
    assertArrayEquals(new double[] {90, 90}, Subspace.angles(FLOOR, other), 1e-5);
  }

  /** Another basis of the same plane: its vectors stand at 45 degrees to those of the first. */
  @Test
  void anglesAreOfPlanesNotOfVectors() {
    double[][] turned = {{HALF, HALF, 0, 0}, {HALF, -HALF, 0, 0}};
    assertArrayEquals(new double[] {0, 0}, Subspace.angles(FLOOR, turned), 1e-5);
    double pair = Math.toDegrees(Math.acos(Projection.dot(FLOOR[0], turned[0])));
    assertTrue(pair > 44, "vector by vector: " + pair);
  }

  /** A line over a plane has one angle: (0, 3, 4) rises by 53.13 degrees. */
  @Test
  void theSmallerOneCounts() {
    double[][] line = {{0, 0.6, 0.8, 0}};
    double[] expected = {Math.toDegrees(Math.acos(0.6))};
    assertArrayEquals(expected, Subspace.angles(line, FLOOR), 1e-9);
    assertArrayEquals(expected, Subspace.angles(FLOOR, line), 1e-9);
    assertEquals(0, Subspace.angles(FLOOR, new double[0][]).length);
  }

  /** 8 along (3, 4) / 5 and 2 across: [[4.16, 2.88], [2.88, 5.84]], nothing along the third. */
  @Test
  void directionsOfMoments() {
    double[][] moments = {{4.16, 2.88, 0}, {2.88, 5.84, 0}, {0, 0, 0}};
    Subspace s = Subspace.of(moments);
    assertArrayEquals(new double[] {8, 2, 0}, s.energies(), 1e-12);
    assertEquals(2, s.directions().length, "where there is no energy there is no direction");
    assertEquals(1, Math.abs(0.6 * s.top(1)[0][0] + 0.8 * s.top(1)[0][1]), 1e-12);
    assertEquals(2, s.top(8).length);
    Spectrum spectrum = Spectrum.of(s.energies());
    assertEquals(10, spectrum.energy(), 1e-12);
    // shares 0.8 and 0.2
    assertEquals(
        Math.exp(-0.8 * Math.log(0.8) - 0.2 * Math.log(0.2)), spectrum.effectiveRank(), 1e-9);
  }

  @Test
  void nothingAndNoNumbers() {
    assertEquals(0, Subspace.of(new double[3][3]).directions().length);
    double[][] broken = new double[2][2];
    broken[0][1] = Double.NaN;
    assertThrows(IllegalArgumentException.class, () -> Subspace.of(broken));
  }
}
