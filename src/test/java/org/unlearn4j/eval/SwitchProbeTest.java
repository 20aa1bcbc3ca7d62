package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Telling features before a change from those after it. */
class SwitchProbeTest {
  private static final int ROWS = 30;
  private static final int WIDTH = 60;

  private static float[][] rows(long seed) {
    Random random = new Random(seed);
    float[][] rows = new float[ROWS][WIDTH];
    for (float[] row : rows) {
      for (int i = 0; i < WIDTH; i++) {
        row[i] = (float) random.nextGaussian();
      }
    }
    return rows;
  }

  private static FeatureMap map(float[][]... layers) {
    return FeatureMap.of(layers);
  }

  /** Nothing changes at the first layer; one feature of all rows is raised at the others. */
  @Test
  void theLayerOfTheSwitchIsFound() {
    float[][] raised = rows(1);
    for (float[] row : raised) {
      row[7] += 20;
    }
    FeatureMap before = map(rows(0), rows(1), rows(2));
    Map<String, Double> auc = SwitchProbe.auc(before, map(rows(0), raised, rows(2)));
    assertEquals(List.of("embeddings", "0", "final_norm"), List.copyOf(auc.keySet()));
    assertEquals(0.5, auc.get("embeddings"));
    Near.absolute(1, auc.get("0"), 1e-9, "switched");
    assertEquals(0.5, auc.get("final_norm"));
  }

  /**
   * Negative control: where the two halves of a pair are dealt apart, a probe knows the held-out
   * row from the other side and is worse than chance although nothing has changed.
   */
  @Test
  void halvesOfAPairStayTogether() {
    double[][] same = map(rows(3), rows(3), rows(3)).layer("0");
    double apart = LinearProbe.crossValidatedAuc(same, same, 5, 0);
    assertTrue(apart < 0.4, "dealt apart: " + apart);
    assertEquals(0.5, LinearProbe.crossValidatedAucOfPairs(same, same, 5, 0));
    assertTrue(
        Double.isNaN(
            LinearProbe.crossValidatedAucOfPairs(
                new double[][] {{1, 2}}, new double[][] {{1, 2}}, 5, 0)));
  }

  @Test
  void modelsOfOtherShapesAreRefused() {
    FeatureMap deep = map(rows(4), rows(4), rows(4), rows(4));
    FeatureMap flat = map(rows(4), rows(4), rows(4));
    assertThrows(IllegalArgumentException.class, () -> SwitchProbe.auc(deep, flat));
  }
}
