package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.unlearn4j.config.Floor;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.TokenRow;

class RowFloorsTest {
  /** A row whose last {@code labelled} tokens are its answer. */
  private static TokenRow row(int labelled, int... ids) {
    int[] labels = ids.clone();
    for (int i = 0; i < ids.length - labelled; i++) {
      labels[i] = TokenRow.IGNORED;
    }
    return new TokenRow(ids, labels);
  }

  private static final List<TokenRow> ROWS = List.of(row(2, 1, 2, 3, 4), row(1, 5, 6, 7));

  private static Floor floor(String spelling) {
    return Pipeline.defaults("NPO", List.of("unlearn.objective.floor=" + spelling))
        .unlearn()
        .objective()
        .floor();
  }

  @Test
  void aNumberIsEveryRowsFloor() {
    double[] floors = RowFloors.of(floor("2.5"), ROWS, List.of(), r -> new double[0]);
    assertArrayEquals(new double[] {2.5, 2.5}, floors);
  }

  /** Summed over 2 and 1 labelled tokens. */
  @Test
  void theRetainOnlyModelsLikelihoodIsTakenByToken() {
    Map<TokenRow, Double> theirs = Map.of(ROWS.get(0), 6.0, ROWS.get(1), 4.0);
    double[] floors =
        RowFloors.of(
            Floor.REFERENCE,
            ROWS,
            List.of(),
            rows -> rows.stream().mapToDouble(theirs::get).toArray());
    assertArrayEquals(new double[] {3, 4}, floors);
  }

  /**
   * {1, 2, 3, 4} and {1, 2, 3, 9, 8} have 3 of 6 tokens in common, {1, 2, 3, 4} and {1, 2, 9} 2 of
   * 5: the first is nearer, though the second has fewer others. {5, 6, 7} has as much in common with
   * both of two, so the first is taken.
   */
  @Test
  void theMostSimilarStrangersLikelihoodIsTakenByToken() {
    List<TokenRow> strangers =
        List.of(row(1, 1, 2, 9), row(2, 1, 2, 3, 9, 8), row(2, 5, 9, 6), row(2, 6, 5, 9));
    double[] floors =
        RowFloors.of(
            Floor.STRANGERS,
            ROWS,
            strangers,
            rows -> {
              assertEquals(strangers, rows);
              return new double[] {1, 5, 8, 9};
            });
    assertArrayEquals(new double[] {2.5, 4}, floors);
  }

  @Test
  void ofEqualOnesTheFirst() {
    assertEquals(1, RowFloors.mostAlike(Set.of(1, 2), List.of(Set.of(7), Set.of(1), Set.of(2))));
  }
}
