package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;

/**
 * A forget loss that lets go of rows. The losses themselves are held to float64 values elsewhere;
 * here the loss of a batch with some rows at their floor is derived from that of a batch of the
 * other rows, which is a different graph run.
 */
class FloorTest {
  /** Reached by every row, as no likelihood is more than 1. */
  private static final double AT_ONCE = 0;

  /** 1,000 nats a token: reached by none. */
  private static final double NEVER = 1000;

  private static Objective objective(StepFixture step, String name, List<String> set) {
    return Objectives.of(Pipeline.defaults(name, set).unlearn(), step.decoder());
  }

  private static Objective floored(StepFixture step, String name, double pull) {
    return objective(
        step,
        name,
        List.of(
            "unlearn.objective.retain=none",
            "unlearn.objective.gamma=1",
            "unlearn.objective.floor=1",
            "unlearn.objective.pull=" + pull));
  }

  private static Objective plain(StepFixture step, String name) {
    return objective(
        step, name, List.of("unlearn.objective.retain=none", "unlearn.objective.gamma=1"));
  }

  private static StepBatch with(StepBatch batch, double... floors) {
    return new StepBatch(
        batch.rows(), batch.referenceNll(), floors, batch.queue(), batch.totals());
  }

  /** The rows of a batch from one on, as a step of their own. */
  private static StepBatch from(StepBatch batch, int first) {
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
    batch.rows().forEach((s, all) -> rows.put(s, all.subList(first, all.size())));
    Map<Segment, double[]> reference = new EnumMap<>(Segment.class);
    batch
        .referenceNll()
        .forEach((s, all) -> reference.put(s, Arrays.copyOfRange(all, first, all.length)));
    return StepBatch.whole(rows, reference);
  }

  private static double[] floors(int rows, double first, double others) {
    double[] floors = new double[rows];
    Arrays.fill(floors, others);
    floors[0] = first;
    return floors;
  }

  private static void assertTimes(
      StepFixture.Values expected, double factor, StepFixture.Values actual, String term) {
    assertClose(term, factor * expected.total(), actual.terms().get(term), 1e-6, 1e-5);
    // The gradients are those of float32 graphs of other batch sizes: a few roundings apart.
    expected
        .gradients()
        .forEach(
            (name, g) -> {
              double[] scaled = new double[g.length];
              Arrays.setAll(scaled, i -> factor * g[i]);
              double size = StepFixture.Values.l2(g) * factor;
              assertClose(name, scaled, actual.gradients().get(name), 1e-7 + 2e-5 * size, 1e-4);
            });
  }

  /**
   * The first row is at its floor. The mean is still over all n rows (NPO, SimNPO, DPO) or all
   * labelled tokens (the others; CEU without the first one of each row), so the loss is that of the
   * other rows alone times their share.
   */
  @ParameterizedTest
  @CsvSource({
    "NPO, rows", "SimNPO, rows", "DPO, rows", "GradAscent, tokens", "GradDiff, tokens",
    "UNDIAL, tokens", "WGA, tokens", "SatImp, tokens", "CEU, later tokens"
  })
  void aRowAtItsFloorIsLetGo(String name, String mean) {
    StepFixture step = new StepFixture("llama");
    Objective floored = floored(step, name, 0);
    StepBatch all = step.batch(floored);
    int rows = all.rows().get(Segment.FORGET).size();
    assertTrue(rows > 2, "rows");
    StepFixture.Values others = step.run(plain(step, name), from(all, 1), 0);
    StepFixture.Values seen = step.run(floored, with(all, floors(rows, AT_ONCE, NEVER)), 0);
    assertFalse(seen.terms().containsKey("floor"), "nothing pulls where pull is 0");
    double share = share(all.rows().get(Segment.FORGET), mean);
    assertTimes(others, share, seen, "forget");
    // The plausible mistake: a mean over the rows that are left.
    assertThrows(AssertionFailedError.class, () -> assertTimes(others, 1, seen, "forget"));
  }

  private static double share(List<TokenRow> rows, String mean) {
    double first = 0;
    double sum = 0;
    for (int i = 0; i < rows.size(); i++) {
      int tokens = rows.get(i).labelled();
      double counts =
          switch (mean) {
            case "rows" -> 1;
            case "tokens" -> tokens;
            default -> tokens - 1;
          };
      first += i == 0 ? counts : 0;
      sum += counts;
    }
    return (sum - first) / sum;
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void floorsThatNobodyReachesChangeNothing(String family) {
    StepFixture step = new StepFixture(family);
    Objective floored = floored(step, "NPO", 1);
    StepBatch all = step.batch(floored);
    int rows = all.rows().get(Segment.FORGET).size();
    StepFixture.Values seen = step.run(floored, with(all, floors(rows, NEVER, NEVER)), 0);
    assertClose("floor", 0, seen.terms().get("floor"), 0, 0);
    assertTimes(step.run(plain(step, "NPO"), all, 0), 1, seen, "forget");
  }

  /**
   * One row, 1 nat a token above what the model gives it being its floor at 0.25 times its value m:
   * the pull is m - m / 4, and its gradient that of the row's mean negative log-likelihood, which is
   * ordinary teaching of that row, times the pull's weight.
   */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void aRowBelowItsFloorIsPulledBackUp(String family) {
    StepFixture step = new StepFixture(family);
    Objective floored = floored(step, "NPO", 3);
    StepBatch one = first(step.batch(floored));
    StepFixture.Values taught =
        step.run(
            Objective.of("NLL", new Weighted(new MeanNll(Segment.FORGET, 1), 1), null), one, 0);
    double m = taught.total();
    StepFixture.Values seen = step.run(floored, with(one, m / 4), 0);
    assertClose("forget", 0, seen.terms().get("forget"), 0, 0);
    assertClose("floor", m * 3 / 4, seen.terms().get("floor"), 0, 1e-5);
    assertClose("total", 3 * m * 3 / 4, seen.total(), 0, 1e-5);
    taught
        .gradients()
        .forEach(
            (name, g) -> {
              double[] tripled = new double[g.length];
              Arrays.setAll(tripled, i -> 3.0 * g[i]);
              double size = 3 * StepFixture.Values.l2(g);
              assertClose(name, tripled, seen.gradients().get(name), 1e-7 + 1e-5 * size, 1e-4);
            });
  }

  private static StepBatch first(StepBatch batch) {
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
    batch.rows().forEach((s, all) -> rows.put(s, all.subList(0, 1)));
    Map<Segment, double[]> reference = new EnumMap<>(Segment.class);
    batch.referenceNll().forEach((s, all) -> reference.put(s, Arrays.copyOf(all, 1)));
    return StepBatch.whole(rows, reference);
  }

  @Test
  void everyForgetRowNeedsAFloor() {
    StepFixture step = new StepFixture("llama");
    Objective floored = floored(step, "NPO", 1);
    StepBatch all = step.batch(floored);
    assertThrows(IllegalArgumentException.class, () -> step.run(floored, all, 0));
  }
}
