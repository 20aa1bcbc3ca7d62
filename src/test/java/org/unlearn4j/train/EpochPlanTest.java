package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.lm.TokenRow;

class EpochPlanTest {

  private static List<TokenRow> rows(int n) {
    Random random = new Random(n);
    List<TokenRow> rows = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      rows.add(TokenRow.unlabelled(new int[random.nextInt(2, 60)]));
    }
    return rows;
  }

  private static TrainingData forgetting(int forget, int retain) {
    return new TrainingData(rows(forget), rows(retain), List.of(), Map.of());
  }

  private static List<EpochPlan.Micro> micro(EpochPlan plan) {
    return plan.steps().stream().flatMap(List::stream).toList();
  }

  private static String text(EpochPlan plan) {
    return String.join(
        " ",
        micro(plan).stream()
            .map(m -> Arrays.toString(m.forget()) + Arrays.toString(m.retain()))
            .toList());
  }

  @ParameterizedTest
  @CsvSource({"37, 50, 8, 1", "37, 50, 8, 2", "37, 5, 8, 3", "8, 90, 8, 1", "1, 1, 4, 2"})
  void everyAnchorOnceAnEpoch(int forget, int retain, int batch, int accumulate) {
    TrainingData data = forgetting(forget, retain);
    for (int epoch = 0; epoch < 3; epoch++) {
      EpochPlan plan = EpochPlan.of(data, batch, accumulate, 7, epoch);
      int[] seen =
          micro(plan).stream().flatMapToInt(m -> Arrays.stream(m.forget())).sorted().toArray();
      assertArrayEquals(IntStream.range(0, forget).toArray(), seen);
      assertEquals(EpochPlan.stepsPerEpoch(forget, batch, accumulate), plan.steps().size());
      for (List<EpochPlan.Micro> step : plan.steps()) {
        assertTrue(!step.isEmpty() && step.size() <= accumulate);
      }
      // Only the last batch may be smaller, and only the last step shorter.
      List<EpochPlan.Micro> all = micro(plan);
      for (EpochPlan.Micro m : all.subList(0, all.size() - 1)) {
        assertEquals(batch, m.forget().length);
      }
      for (List<EpochPlan.Micro> step : plan.steps().subList(0, plan.steps().size() - 1)) {
        assertEquals(accumulate, step.size());
      }
    }
  }

  /** 37 forget rows in batches of 8: 24 retain rows beside each 8, 15 beside the last 5. */
  @Test
  void severalRetainRowsBesideEachForgetRow() {
    TrainingData data = forgetting(37, 200).withRetainRows(3);
    EpochPlan plan = EpochPlan.of(data, 8, 1, 7, 0);
    List<Integer> drawn = new ArrayList<>();
    for (EpochPlan.Micro m : micro(plan)) {
      assertEquals(3 * m.forget().length, m.retain().length);
      Arrays.stream(m.retain()).forEach(drawn::add);
    }
    assertEquals(111, drawn.stream().distinct().count(), "none twice before all were seen");
    assertEquals(
        0,
        micro(EpochPlan.of(forgetting(3, 0).withRetainRows(3), 2, 1, 7, 0)).get(0).retain().length);
  }

  @Test
  void asManyRetainRowsAndNoneTwiceBeforeAllWereSeen() {
    for (int retain : new int[] {5, 37, 50}) {
      EpochPlan plan = EpochPlan.of(forgetting(37, retain), 8, 1, 7, 0);
      List<Integer> drawn = new ArrayList<>();
      for (EpochPlan.Micro m : micro(plan)) {
        assertEquals(m.forget().length, m.retain().length);
        Arrays.stream(m.retain()).forEach(drawn::add);
      }
      int[] times = new int[retain];
      drawn.forEach(i -> times[i]++);
      int most = Arrays.stream(times).max().orElseThrow();
      assertTrue(Arrays.stream(times).min().orElseThrow() >= most - 1, Arrays.toString(times));
    }
    // Nothing to keep is no error here: GradAscent reads no retain rows.
    assertEquals(0, micro(EpochPlan.of(forgetting(3, 0), 2, 1, 7, 0)).get(0).retain().length);
  }

  @Test
  void aFunctionOfSeedAndEpochAlone() {
    TrainingData data = forgetting(37, 50);
    String plan = text(EpochPlan.of(data, 8, 2, 7, 3));
    assertEquals(plan, text(EpochPlan.of(data, 8, 2, 7, 3)));
    assertNotEquals(plan, text(EpochPlan.of(data, 8, 2, 7, 4)), "another epoch, another order");
    assertNotEquals(plan, text(EpochPlan.of(data, 8, 2, 8, 3)), "another seed, another order");
  }

  @Test
  void ordinaryTrainingSeesEveryRowOnceAndPadsLittle() {
    List<TokenRow> rows = rows(500);
    TrainingData data = TrainingData.learn(rows);
    EpochPlan plan = EpochPlan.of(data, 16, 1, 7, 1);
    assertEquals(text(plan), text(EpochPlan.of(data, 16, 1, 7, 1)));
    int[] seen =
        micro(plan).stream().flatMapToInt(m -> Arrays.stream(m.retain())).sorted().toArray();
    assertArrayEquals(IntStream.range(0, 500).toArray(), seen);
    long tokens = rows.stream().mapToLong(TokenRow::length).sum();
    long padded = 0;
    List<Integer> widths = new ArrayList<>();
    for (EpochPlan.Micro m : micro(plan)) {
      assertEquals(0, m.forget().length);
      int width = Arrays.stream(m.retain()).map(i -> rows.get(i).length()).max().orElseThrow();
      widths.add(width);
      padded += (long) width * m.retain().length;
    }
    // Lengths are uniform from 2 to 59, so batches of 16 at random would be a good 1.8 times as
    // large.
    assertTrue(padded < 1.15 * tokens, padded + " for " + tokens);
    assertNotEquals(
        widths.stream().sorted().toList(), widths, "batches come in no order of length");
  }
}
