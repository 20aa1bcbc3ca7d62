package org.unlearn4j.lm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * The book-keeping of decoding, with a model that needs none: after token t at position p it says t
 * + p.
 */
class DecodingTest {
  private static final int NO_LIMIT = 1000;

  private final List<String> told = new ArrayList<>();

  private Decoding start(List<int[]> prompts, int most, Set<Integer> stop, int positions) {
    return new Decoding(
        prompts,
        Generation.greedy(most, stop),
        positions,
        (row, token) -> told.add(row + ":" + token));
  }

  /** Feeds the model's answers until decoding is done. */
  private static List<String> run(Decoding d, int rows) {
    while (!d.done()) {
      int[] next = new int[rows];
      for (int r = 0; r < rows; r++) {
        int last = (r + 1) * d.width() - 1;
        next[r] = d.ids()[last] + d.positions()[last];
      }
      d.accept(next);
    }
    return d.continuations().stream().map(Arrays::toString).toList();
  }

  @Test
  void promptsArePaddedOnTheLeftAndPositionsCountRealTokens() {
    Decoding d = start(List.of(new int[] {7, 8, 9}, new int[] {5}), 2, Set.of(), NO_LIMIT);
    assertEquals(List.of(3, 3), List.of(d.width(), d.total()));
    assertArrayEquals(new int[] {7, 8, 9, 0, 0, 5}, d.ids());
    assertArrayEquals(new int[] {0, 1, 2, 0, 0, 0}, d.positions());
    assertArrayEquals(new int[] {1, 1, 1, 0, 0, 1}, d.mask());
    d.accept(new int[] {11, 12});
    assertEquals(List.of(1, 4), List.of(d.width(), d.total()));
    assertArrayEquals(new int[] {11, 12}, d.ids());
    assertArrayEquals(new int[] {3, 1}, d.positions(), "each row's own position");
    assertArrayEquals(new int[] {1, 1, 1, 1, 0, 0, 1, 1}, d.mask());
    assertFalse(d.done());
    d.accept(new int[] {13, 14});
    assertTrue(d.done());
    assertArrayEquals(new int[] {11, 13}, d.continuations().get(0));
    assertArrayEquals(new int[] {12, 14}, d.continuations().get(1));
    assertEquals(List.of("0:11", "1:12", "0:13", "1:14"), told);
  }

  @Test
  void aRowSaysTheSameAloneAndInABatch() {
    List<int[]> prompts = List.of(new int[] {3, 3, 3}, new int[] {1}, new int[] {2, 9});
    List<String> together = run(start(prompts, 5, Set.of(), NO_LIMIT), 3);
    for (int r = 0; r < 3; r++) {
      assertEquals(
          run(start(List.of(prompts.get(r)), 5, Set.of(), NO_LIMIT), 1),
          together.subList(r, r + 1));
    }
    // 3 at position 2: 5; then 5 + 3, 8 + 4, ...
    assertEquals("[5, 8, 12, 17, 23]", together.get(0));
    assertEquals("[1, 2, 4, 7, 11]", together.get(1));
  }

  /** The rows that go on are fed as they would have been; the others' continuations stay. */
  @Test
  void finishedRowsAreLeftBehind() {
    List<int[]> prompts = List.of(new int[] {7, 8}, new int[] {5}, new int[] {6}, new int[] {4});
    Decoding d = start(prompts, 3, Set.of(99), NO_LIMIT);
    assertFalse(d.manyFinished());
    d.accept(new int[] {11, 99, 12, 13});
    assertTrue(d.manyFinished(), "one of four");
    d.accept(new int[] {99, 0, 14, 15});
    assertArrayEquals(new int[] {2, 3}, d.thinned());
    assertFalse(d.manyFinished(), "none of two");
    assertEquals(List.of(2, 1, 4), List.of(d.rows(), d.width(), d.total()));
    assertArrayEquals(new int[] {14, 15}, d.ids());
    assertArrayEquals(new int[] {2, 2}, d.positions());
    assertArrayEquals(new int[] {0, 1, 1, 1, 0, 1, 1, 1}, d.mask());
    d.accept(new int[] {16, 17});
    assertTrue(d.done());
    assertEquals(
        List.of("[11]", "[]", "[12, 14, 16]", "[13, 15, 17]"),
        d.continuations().stream().map(Arrays::toString).toList());
    // A draw is the row's, wherever in the batch it is.
    Decoding drawn =
        new Decoding(
            prompts, new Generation(3, Set.of(), new Sampling(1, 1, 7), 0), NO_LIMIT, (r, t) -> {});
    Decoding fewer =
        new Decoding(
            prompts,
            new Generation(3, Set.of(0, 1), new Sampling(1, 1, 7), 0),
            NO_LIMIT,
            (r, t) -> {});
    while (!drawn.done()) {
      drawn.accept((row, into) -> {}, 4);
    }
    while (!fewer.done()) {
      fewer.thinned();
      fewer.accept((row, into) -> {}, 4);
    }
    for (int r = 0; r < 4; r++) {
      int[] all = drawn.continuations().get(r);
      int until = 0;
      while (until < 3 && all[until] > 1) {
        until++;
      }
      assertArrayEquals(Arrays.copyOf(all, until), fewer.continuations().get(r), "row " + r);
    }
  }

  /** Where the most probable token must not come, the next one does, by prompt and place. */
  @Test
  void aForbiddenTokenGivesWayToTheNextOne() {
    List<int[]> prompts = List.of(new int[] {1}, new int[] {1});
    Forbidden forbidden =
        (prompt, place) -> prompt == 21 ? place == 0 ? Set.of(3) : Set.of(3, 2) : Set.of();
    Generation how = new Generation(2, Set.of(), Sampling.GREEDY, 20, forbidden);
    Decoding d = new Decoding(prompts, how, NO_LIMIT, (r, t) -> {});
    assertFalse(d.greedy(), "its logits are needed");
    while (!d.done()) {
      d.accept((row, into) -> System.arraycopy(new float[] {0, 1, 2, 3}, 0, into, 0, 4), 4);
    }
    assertArrayEquals(new int[] {3, 3}, d.continuations().get(0));
    assertArrayEquals(new int[] {2, 1}, d.continuations().get(1));
    assertEquals(forbidden, how.from(3).within(1).forbidden());
    // Drawn ones as well: of four equally probable tokens only two ever come.
    Generation dice = new Generation(400, Set.of(), new Sampling(1, 1, 3), 21, forbidden);
    Decoding drawn = new Decoding(prompts.subList(0, 1), dice, NO_LIMIT, (r, t) -> {});
    while (!drawn.done()) {
      drawn.accept((row, into) -> Arrays.fill(into, 0), 4);
    }
    Set<Integer> seen = new java.util.TreeSet<>();
    Arrays.stream(drawn.continuations().get(0)).skip(1).forEach(seen::add);
    assertEquals(Set.of(0, 1), seen);
  }

  @Test
  void aStopTokenEndsItsOwnRowOnlyAndIsNoPartOfIt() {
    // Row 0 reaches 12 in its third step, row 1 never.
    List<String> both =
        run(start(List.of(new int[] {3, 3, 3}, new int[] {1}), 5, Set.of(12), NO_LIMIT), 2);
    assertEquals(List.of("[5, 8]", "[1, 2, 4, 7, 11]"), both);
    assertFalse(told.contains("0:12"), "nobody is told of it");
    told.clear();
    Decoding d = start(List.of(new int[] {3, 3, 3}), 5, Set.of(5), NO_LIMIT);
    assertEquals(List.of("[]"), run(d, 1));
    assertEquals(List.of(), told);
    assertTrue(d.done(), "after one step, not after five");
    assertEquals(4, d.total());
  }

  @Test
  void decodingEndsWhereTheModelEnds() {
    assertEquals(List.of("[5, 8]"), run(start(List.of(new int[] {3, 3, 3}), 9, Set.of(), 5), 1));
    assertTrue(start(List.of(new int[] {3, 3, 3}), 9, Set.of(), 3).done());
    assertTrue(start(List.of(new int[] {3}), 0, Set.of(), NO_LIMIT).done());
    assertTrue(start(List.of(), 9, Set.of(), NO_LIMIT).done());
  }

  /** What a row says must not depend on which other rows happen to share its batch. */
  @Test
  void eachRowEndsAtItsOwnLastPosition() {
    List<int[]> prompts = List.of(new int[] {3, 3, 3}, new int[] {1}, new int[] {2, 9, 1, 1, 1, 1});
    List<String> together = run(start(prompts, 9, Set.of(), 6), 3);
    for (int r = 0; r < 3; r++) {
      List<String> alone = run(start(List.of(prompts.get(r)), 9, Set.of(), 6), 1);
      assertEquals(alone, together.subList(r, r + 1));
    }
    assertEquals(List.of("[5, 8, 12]", "[1, 2, 4, 7, 11]", "[]"), together);
    Decoding d = start(prompts, 9, Set.of(), 6);
    while (!d.done()) {
      assertTrue(Arrays.stream(d.positions()).allMatch(p -> p < 6), "no model has position 6");
      d.accept(new int[] {1, 1, 1});
    }
  }

  @Test
  void anEmptyPromptHasNothingToContinue() {
    List<int[]> prompts = List.of(new int[] {1}, new int[0]);
    assertThrows(IllegalArgumentException.class, () -> start(prompts, 1, Set.of(), NO_LIMIT));
  }
}
