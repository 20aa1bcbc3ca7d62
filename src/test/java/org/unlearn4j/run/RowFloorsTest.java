package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.unlearn4j.config.Floor;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

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

  /** What a model says of a row: these nats of its labelled tokens. */
  private static TokenScores scores(TokenRow row, double... nats) {
    int[] labels = Arrays.stream(row.labels()).filter(l -> l != TokenRow.IGNORED).toArray();
    float[] logProbs = new float[nats.length];
    for (int i = 0; i < nats.length; i++) {
      logProbs[i] = (float) -nats[i];
    }
    return new TokenScores(labels, logProbs, labels, logProbs, logProbs);
  }

  /** And is what it says, whatever measured floors are multiplied by. */
  @Test
  void aNumberIsEveryTokensFloor() {
    List<double[]> floors = RowFloors.of(floor("2.5"), 3, ROWS, List.of(), r -> List.of());
    assertArrayEquals(new double[] {2.5, 2.5}, floors.get(0));
    assertArrayEquals(new double[] {2.5}, floors.get(1));
  }

  /** Times the factor, 2. */
  @Test
  void theRetainOnlyModelsLikelihoodOfEachToken() {
    List<double[]> floors =
        RowFloors.of(
            Floor.REFERENCE,
            2,
            ROWS,
            List.of(),
            rows -> {
              assertEquals(ROWS, rows);
              return List.of(scores(ROWS.get(0), 6, 0.5), scores(ROWS.get(1), 4));
            });
    assertArrayEquals(new double[] {12, 1}, floors.get(0));
    assertArrayEquals(new double[] {8}, floors.get(1));
  }

  /**
   * {1, 2, 3, 4} and {1, 2, 3, 9, 4} have 4 of 5 tokens in common, {1, 2, 3, 4} and {1, 2, 4} 3 of
   * 4: the first is nearer, though the second has fewer others. Its answer is 9 4: token 4 stands
   * opposite 4, and token 3 where it has 9. {5, 6, 7} has as much in common with both of two, so
   * the first is taken, whose answer has nothing in common with 7: the mean of its 2 and 4. All
   * times the factor, 2.
   */
  @Test
  void theMostSimilarStrangersLikelihoods() {
    List<TokenRow> strangers =
        List.of(row(1, 1, 2, 4), row(2, 1, 2, 3, 9, 4), row(2, 5, 9, 6), row(2, 6, 5, 9));
    List<double[]> floors =
        RowFloors.of(
            Floor.STRANGERS,
            2,
            ROWS,
            strangers,
            rows -> {
              assertEquals(strangers, rows);
              return List.of(
                  scores(strangers.get(0), 1),
                  scores(strangers.get(1), 5, 0.25),
                  scores(strangers.get(2), 2, 4),
                  scores(strangers.get(3), 9, 9));
            });
    assertArrayEquals(new double[] {10, 0.5}, floors.get(0));
    assertArrayEquals(new double[] {6}, floors.get(1));
  }

  @Test
  void ofEqualOnesTheFirst() {
    assertEquals(1, RowFloors.mostAlike(Set.of(1, 2), List.of(Set.of(7), Set.of(1), Set.of(2))));
  }
}
