package org.unlearn4j.lm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PromptBatchTest {
  private static TokenRow row(int[] prompt, int... answer) {
    return TokenRow.answered(prompt, answer);
  }

  /** By hand: two prompts, three rows. */
  @Test
  void promptsAreLaidOutOnceAndAnswersOnTopOfThem() {
    int[] a = {1, 2, 3, 4};
    int[] b = {5, 6};
    PromptBatch batch = PromptBatch.of(List.of(row(a, 10, 11), row(b, 20), row(a, 30, 31, 32)));
    // All but the last token of each prompt, on the right of three columns.
    assertEquals(2, batch.prompts());
    assertEquals(3, batch.width());
    assertArrayEquals(new int[] {1, 2, 3, 0, 0, 5}, batch.ids());
    assertArrayEquals(new int[] {1, 1, 1, 0, 0, 1}, batch.mask());
    assertArrayEquals(new int[] {0, 1, 2, 0, 0, 0}, batch.positions());
    // Shortest first: the last token of the prompt, then the answer less its last token.
    assertEquals(1, batch.parts().size(), "too few tokens for two passes");
    PromptBatch.Part part = batch.parts().get(0);
    assertArrayEquals(new int[] {1, 0, 2}, part.rows());
    assertArrayEquals(new int[] {1, 0, 0}, part.prompt());
    assertEquals(3, part.time());
    assertArrayEquals(new int[] {6, 0, 0, 4, 10, 0, 4, 30, 31}, part.ids());
    assertArrayEquals(
        new int[] {0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1}, part.mask());
    // Padding stands where the row's last token stands: at a position that the model has.
    assertArrayEquals(new int[] {1, 1, 1, 3, 4, 4, 3, 4, 5}, part.positions());
    assertArrayEquals(new int[] {0, 3, 4, 6, 7, 8}, part.predictedFrom());
    assertArrayEquals(new int[] {20, 10, 11, 30, 31, 32}, part.labels());
  }

  @Test
  void whereNothingIsSharedRowsAreWholeButForTheirLastToken() {
    PromptBatch batch = PromptBatch.of(List.of(row(new int[] {1, 2}, 3), row(new int[] {4, 5}, 6)));
    assertEquals(0, batch.prompts());
    assertEquals(0, batch.width());
    PromptBatch.Part part = batch.parts().get(0);
    assertArrayEquals(new int[] {1, 2, 4, 5}, part.ids());
    assertArrayEquals(new int[] {1, 1, 1, 1}, part.mask());
    assertArrayEquals(new int[] {1, 3}, part.predictedFrom());
    assertArrayEquals(new int[] {3, 6}, part.labels());
  }

  @Test
  void labelsWithGapsAndRowsWithoutLabelsKeepTheirPlaces() {
    int none = TokenRow.IGNORED;
    TokenRow gaps = new TokenRow(new int[] {1, 2, 3, 4}, new int[] {none, none, 3, none});
    TokenRow again = new TokenRow(new int[] {1, 2, 5, 6}, new int[] {none, none, none, 6});
    TokenRow unlabelled = TokenRow.unlabelled(7);
    List<Integer> labels = new ArrayList<>();
    for (PromptBatch.Part part : PromptBatch.of(List.of(gaps, again, unlabelled)).parts()) {
      for (int i = 0; i < part.labels().length; i++) {
        labels.add(part.labels()[i]);
        // The token before each label is what predicts it.
        int before = part.ids()[part.predictedFrom()[i]];
        assertEquals(part.labels()[i] == 3 ? 2 : 5, before);
      }
    }
    assertEquals(List.of(3, 6), labels.stream().sorted().toList());
  }

  /** What a plan promises, over rows as a benchmark has them. */
  @Test
  void aPlanTakesEveryRowOnceKeepsPromptsTogetherAndNeverExceedsTheBudget() {
    Random random = new Random(1);
    List<TokenRow> rows = new ArrayList<>();
    for (int p = 0; p < 200; p++) {
      int[] prompt = random.ints(8 + random.nextInt(20), 0, 50).toArray();
      for (int i = 0; i < 1 + random.nextInt(7); i++) {
        rows.add(row(prompt, random.ints(3 + random.nextInt(40), 0, 50).toArray()));
      }
    }
    java.util.Collections.shuffle(rows, random);
    int budget = 2000;
    List<int[]> plan = PromptBatch.plan(rows, budget);
    Set<Integer> seen = new HashSet<>();
    long computed = 0;
    long prompts = 0;
    for (int[] numbers : plan) {
      IntStream.of(numbers).forEach(i -> assertTrue(seen.add(i), "row " + i + " twice"));
      PromptBatch batch = PromptBatch.of(IntStream.of(numbers).mapToObj(rows::get).toList());
      assertTrue(batch.ids().length <= budget, batch.ids().length + " tokens of prompts");
      for (PromptBatch.Part part : batch.parts()) {
        assertTrue(part.ids().length <= budget, part.ids().length + " tokens of answers");
        computed += part.ids().length;
      }
      computed += batch.ids().length;
      prompts += batch.prompts();
    }
    assertEquals(rows.size(), seen.size());
    // A prompt is computed twice only where a batch ends within its rows.
    assertTrue(prompts < 200 + plan.size(), prompts + " prompts");
    long whole = rows.stream().mapToLong(TokenRow::length).sum();
    // 17.5 + 22.5 tokens a row, of which 17.5 once for four rows on average: 0.67, and padding.
    assertTrue(computed < 0.8 * whole, computed + " of " + whole + " tokens");
  }

  @Test
  void aPlanOfRowsWithoutCommonPromptsIsTheOneByLength() {
    List<TokenRow> rows =
        IntStream.range(0, 20).mapToObj(i -> row(new int[] {i, i + 1, i + 2}, 1, 2)).toList();
    List<int[]> due = BatchPlan.byLength(20, i -> rows.get(i).length(), 17);
    List<int[]> found = PromptBatch.plan(rows, 17);
    assertEquals(due.size(), found.size());
    for (int i = 0; i < due.size(); i++) {
      assertArrayEquals(due.get(i), found.get(i));
    }
  }
}
