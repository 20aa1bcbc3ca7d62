package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.lm.Routes;

/** Shares of tokens that change experts, counted by hand. */
class RoutingTest {
  private static final List<Routes.Layer> LAYERS =
      List.of(new Routes.Layer(1, 4, 2), new Routes.Layer(3, 4, 2));

  /** Two rows of three and one tokens; of each the choice in block 1, then that in block 3. */
  private static final Routes BEFORE =
      new Routes(
          LAYERS,
          List.of(
              new int[][] {{0, 1, 2, 3}, {0, 1, 2, 3}, {2, 3, 2, 3}}, new int[][] {{3, 0, 2, 3}}));

  /**
   * Block 1: the first token keeps its experts, the second has them the other way round, the third
   * has one other, the fourth has both others. Block 3: nothing moves.
   */
  private static final Routes AFTER =
      new Routes(
          LAYERS,
          List.of(
              new int[][] {{0, 1, 2, 3}, {1, 0, 2, 3}, {2, 1, 2, 3}}, new int[][] {{1, 2, 2, 3}}));

  @TempDir Path folder;

  @Test
  void sharesAreThoseCountedByHand() {
    Routing routing = Routing.compare(Optional.of(BEFORE), AFTER);
    Routing.Layer one = routing.byLayer().get("1");
    // Tokens 3 and 4 of 4 have other experts; tokens 2 and 4 another first one.
    assertEquals(0.5, one.change().get(Routing.CHANGED));
    assertEquals(0.5, one.change().get(Routing.FIRST_CHANGED));
    // 8 choices. Before: 0 three times, 1 twice, 2 once, 3 twice. After: 2, 4, 2, 0.
    assertEquals(List.of(3 / 8.0, 2 / 8.0, 1 / 8.0, 2 / 8.0), one.loadBefore());
    assertEquals(List.of(2 / 8.0, 4 / 8.0, 2 / 8.0, 0.0), one.load());
    // (1 + 2 + 1 + 2) / 8 / 2
    assertEquals(0.375, one.change().get(Routing.LOAD_SHIFT), 1e-15);
    assertEquals(
        Map.of(Routing.CHANGED, 0.0, Routing.FIRST_CHANGED, 0.0, Routing.LOAD_SHIFT, 0.0),
        routing.byLayer().get("3").change());
    assertEquals(0.25, routing.mean(Routing.CHANGED).orElseThrow());
    assertEquals(0.1875, routing.mean(Routing.LOAD_SHIFT).orElseThrow(), 1e-15);
  }

  /** Two tokens that change places leave the load as it is, and are two changes all the same. */
  @Test
  void loadAloneWouldMissTokensThatChangePlaces() {
    Routes swapped =
        new Routes(
            LAYERS,
            List.of(
                new int[][] {{2, 3, 2, 3}, {0, 1, 2, 3}, {0, 1, 2, 3}},
                new int[][] {{3, 0, 2, 3}}));
    Map<String, Double> change =
        Routing.compare(Optional.of(BEFORE), swapped).byLayer().get("1").change();
    assertEquals(0.0, change.get(Routing.LOAD_SHIFT));
    assertEquals(0.5, change.get(Routing.CHANGED));
  }

  @Test
  void otherExpertsAreNotComparedAndOtherRowsAreRefused() {
    List<Routes.Layer> other = List.of(new Routes.Layer(1, 5, 2), new Routes.Layer(3, 5, 2));
    Routing alone = Routing.compare(Optional.of(new Routes(other, BEFORE.rows())), AFTER);
    assertEquals(Map.of(), alone.byLayer().get("1").change());
    assertEquals(Optional.empty(), alone.mean(Routing.CHANGED));
    assertEquals(alone, Routing.of(AFTER));
    Routes fewer = new Routes(LAYERS, AFTER.rows().subList(0, 1));
    assertThrows(IllegalArgumentException.class, () -> Routing.compare(Optional.of(BEFORE), fewer));
  }

  @Test
  void roundTripIsExact() {
    EvaluationResult plain =
        Evaluations.of("m", "tf", "tofu", Map.of(), Map.of(), Map.of(), Optional.empty(), 1, 1);
    Map<String, Routing> bySet =
        Map.of("forget", Routing.compare(Optional.of(BEFORE), AFTER), "retain", Routing.of(AFTER));
    Path file = folder.resolve("e.json");
    plain.withRouting(bySet).write(file);
    assertEquals(bySet, EvaluationResult.read(file).routing());
    plain.write(file);
    assertEquals(Map.of(), EvaluationResult.read(file).routing(), "a dense model has none");
  }
}
