package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.unlearn4j.eval.MetaEvaluation.Moved;
import org.unlearn4j.eval.MetaEvaluation.Pool;

class MetaEvaluationTest {
  private static final Pool PLAIN = new Pool(new double[] {0.9, 0.8}, new double[] {0.1, 0.2, 0.3});

  private static MetaEvaluation of(Pool plain, Pool other) {
    return MetaEvaluation.of("m", plain, Map.of("int4", other)).orElseThrow();
  }

  @Test
  void aMetricThatStandsStillIsTrusted() {
    MetaEvaluation m = of(PLAIN, PLAIN);
    assertEquals(1, m.auc());
    assertTrue(m.higher());
    assertEquals(new Moved(1, 1, 0), m.under().get("int4"));
    assertTrue(m.trusted());
  }

  /** Everything grows by 0.5: the order holds, the limit that was set before does not. */
  @Test
  void aShiftBreaksTheLimitAndNotTheOrder() {
    MetaEvaluation m = of(PLAIN, new Pool(new double[] {1.4, 1.3}, new double[] {0.6, 0.7, 0.8}));
    Moved moved = m.under().get("int4");
    assertEquals(1, moved.auc());
    // The middle of 0.85 and 0.2 is 0.525: the three that never knew are above it.
    assertEquals(2.0 / 5, moved.right());
    assertEquals(0.5 / 0.65, moved.shift(), 1e-12);
    assertFalse(m.trusted());
  }

  /**
   * Of six pairs, (0.25, 0.1), (0.25, 0.2) and the three of 0.9 are in order, (0.25, 0.3) is not.
   */
  @Test
  void areasCountPairs() {
    Pool mixed = new Pool(new double[] {0.9, 0.25}, new double[] {0.1, 0.2, 0.3});
    assertEquals(5.0 / 6, of(mixed, PLAIN).auc(), 1e-12);
    assertFalse(of(mixed, PLAIN).trusted(), "below 0.95 as it is");
    assertEquals(5.0 / 6, of(PLAIN, mixed).under().get("int4").auc(), 1e-12);
  }

  /** A truth ratio is low where a model knows; the side is that of the models as they are. */
  @Test
  void theSideIsKept() {
    Pool low = new Pool(new double[] {0.1, 0.2}, new double[] {0.8, 0.9});
    Pool turned = new Pool(new double[] {0.8, 0.9}, new double[] {0.1, 0.2});
    MetaEvaluation m = of(low, turned);
    assertEquals(1, m.auc());
    assertFalse(m.higher());
    assertEquals(0, m.under().get("int4").auc());
    assertEquals(0, m.under().get("int4").right());
    assertEquals(1, m.under().get("int4").shift(), 1e-12);
  }

  @Test
  void whatIsNoNumberIsNotJudged() {
    Pool nan = new Pool(new double[] {Double.NaN, 1}, new double[] {0, 0});
    assertEquals(Optional.empty(), MetaEvaluation.of("m", nan, Map.of()));
    Pool none = new Pool(new double[0], new double[] {0});
    assertEquals(Optional.empty(), MetaEvaluation.of("m", none, Map.of()));
    MetaEvaluation later = of(PLAIN, nan);
    assertTrue(Double.isNaN(later.under().get("int4").auc()));
    assertFalse(later.trusted(), "NaN never passes");
  }
}
