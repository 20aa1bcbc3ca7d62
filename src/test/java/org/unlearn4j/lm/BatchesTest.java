package org.unlearn4j.lm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.base.UserException;

/** Rows, padded batches and the plan that makes batches of rows. */
class BatchesTest {
  private static final int X = TokenRow.IGNORED;

  private static final List<TokenRow> ROWS =
      List.of(
          new TokenRow(new int[] {5, 6, 7}, new int[] {X, 6, 7}),
          TokenRow.unlabelled(8),
          new TokenRow(new int[] {9, 4, 3, 2}, new int[] {X, X, X, 2}));

  @Test
  void rowsLieSideBySide() {
    PaddedBatch b = PaddedBatch.of(ROWS);
    assertEquals(List.of(3, 4), List.of(b.rows(), b.time()));
    assertArrayEquals(new int[] {5, 6, 7, 0, 8, 0, 0, 0, 9, 4, 3, 2}, b.ids());
    assertArrayEquals(new int[] {1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1}, b.mask());
    assertArrayEquals(new int[] {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3}, b.positions());
    assertArrayEquals(new int[] {0, 0, 2}, b.labelRows());
    assertArrayEquals(new int[] {1, 2, 11}, b.labelPositions());
    assertArrayEquals(new int[] {0, 1, 10}, b.predictedFrom());
    assertArrayEquals(new int[] {6, 7, 2}, b.labels());
    // A wider batch moves flat indices only.
    PaddedBatch wide = PaddedBatch.of(ROWS, 6);
    assertArrayEquals(new int[] {1, 2, 15}, wide.labelPositions());
    assertArrayEquals(b.labels(), wide.labels());
  }

  @Test
  void aLabelThatNoPositionPredictsIsRefused() {
    int[] two = {1, 2};
    assertThrows(IllegalArgumentException.class, () -> new TokenRow(two, new int[] {1, 2}));
    assertThrows(IllegalArgumentException.class, () -> new TokenRow(two, new int[] {X}));
    assertEquals(new TokenRow(two, new int[] {X, X}), TokenRow.unlabelled(1, 2));
  }

  @Test
  void whatAModelCannotReadIsNamed() {
    PaddedBatch b = PaddedBatch.of(ROWS);
    b.requireFits(new LanguageModel.Shape(10, 1, 1, 4));
    refuses(b, 9, 4, "Token id 9: expected 0 to 8, the model's vocabulary.");
    refuses(b, 10, 3, "A row of 4 tokens: expected at most the model's 3 positions.");
    TokenRow unknown = new TokenRow(new int[] {1, 2}, new int[] {X, 30});
    refuses(PaddedBatch.of(List.of(unknown)), 10, 4, "Label 30: expected 0 to 9");
    TokenRow negative = new TokenRow(new int[] {1, 2}, new int[] {X, -1});
    refuses(PaddedBatch.of(List.of(negative)), 10, 4, "Label -1: expected 0 to 9");
    refuses(PaddedBatch.of(List.of(TokenRow.unlabelled(-1))), 10, 4, "Token id -1");
  }

  private static void refuses(PaddedBatch b, int vocab, int positions, String part) {
    LanguageModel.Shape shape = new LanguageModel.Shape(vocab, 1, 1, positions);
    String message = assertThrows(UserException.class, () -> b.requireFits(shape)).getMessage();
    assertTrue(message.contains(part), message);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 40, 64, 100, 1000, 1_000_000})
  void aPlanHoldsEveryRowOnceWithinTheBudget(int budget) {
    Random random = new Random(3);
    int[] length = random.ints(137, 1, 65).toArray();
    List<int[]> plan = BatchPlan.byLength(length.length, i -> length[i], budget);
    int[] seen = plan.stream().flatMapToInt(Arrays::stream).sorted().toArray();
    assertArrayEquals(IntStream.range(0, length.length).toArray(), seen);
    int before = 0;
    for (int[] batch : plan) {
      int longest = Arrays.stream(batch).map(i -> length[i]).max().orElseThrow();
      int shortest = Arrays.stream(batch).map(i -> length[i]).min().orElseThrow();
      assertTrue(batch.length == 1 || longest * batch.length <= budget, () -> "" + budget);
      assertTrue(before <= shortest, "sorted by length, so that little is padding");
      before = longest;
    }
    // Not one row a batch either: no two neighbouring batches would fit together.
    for (int i = 1; i < plan.size(); i++) {
      int[] batch = plan.get(i);
      int rows = plan.get(i - 1).length + 1;
      assertTrue(rows * length[batch[0]] > budget, "batch " + i + " began too early");
    }
  }

  @Test
  void aPlanIsTheSameEveryTimeAndMayBeEmpty() {
    int[] length = {3, 1, 3, 2, 3};
    List<int[]> plan = BatchPlan.byLength(5, i -> length[i], 6);
    assertEquals(List.of("[1, 3]", "[0, 2]", "[4]"), plan.stream().map(Arrays::toString).toList());
    assertEquals(List.of(), BatchPlan.byLength(0, i -> 1, 6));
    // A product beyond 32 bits must not wrap around and seem to fit.
    assertEquals(2, BatchPlan.byLength(2, i -> Integer.MAX_VALUE, Integer.MAX_VALUE).size());
  }
}
