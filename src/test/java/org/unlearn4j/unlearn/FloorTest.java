package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.ArrayList;
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
 * A forget loss that lets go of tokens. The losses themselves are held to float64 values elsewhere;
 * here the gradient of a batch with a row at its floor is derived from that of a batch of the other
 * rows, which is a different graph, and the value by the formula.
 */
class FloorTest {
  /** Reached by every token, as no likelihood is more than 1. */
  private static final double AT_ONCE = 0;

  /** 1,000 nats: reached by none. */
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

  private static StepBatch with(StepBatch batch, List<double[]> floors) {
    return new StepBatch(batch.rows(), batch.referenceNll(), floors, batch.queue(), batch.totals());
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

  /** One floor for all tokens of the first row, another for those of the others. */
  private static List<double[]> floors(StepBatch batch, double first, double others) {
    List<double[]> floors = new ArrayList<>();
    for (TokenRow row : batch.rows().get(Segment.FORGET)) {
      double[] own = new double[row.labelled()];
      Arrays.fill(own, floors.isEmpty() ? first : others);
      floors.add(own);
    }
    return floors;
  }

  private static void assertTimes(
      StepFixture.Values expected, double factor, StepFixture.Values actual) {
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
   * All tokens of the first row are at a floor of 0. The mean is still over all n rows (NPO,
   * SimNPO) or all labelled tokens (the others; CEU without the first one of each row), so the
   * gradient is that of the other rows alone times their share. The loss has a constant besides:
   * what the first row adds with a negative log-likelihood of 0, which is {@code 2 / (beta n)
   * softplus(beta ref)} for NPO (beta 0.1), {@code 2 / (beta n) log 2} for SimNPO (beta 4.5, delta
   * 0) and nothing for sums over tokens.
   */
  @ParameterizedTest
  @CsvSource({
    "NPO, rows",
    "SimNPO, rows",
    "GradAscent, tokens",
    "GradDiff, tokens",
    "UNDIAL, tokens",
    "WGA, tokens",
    "SatImp, tokens",
    "CEU, later tokens",
    "IHL, tokens"
  })
  void aRowAtItsFloorIsLetGo(String name, String mean) {
    StepFixture step = new StepFixture("llama");
    Objective floored = floored(step, name, 0);
    StepBatch all = step.batch(floored);
    int rows = all.rows().get(Segment.FORGET).size();
    assertTrue(rows > 2, "rows");
    StepFixture.Values others = step.run(plain(step, name), from(all, 1), 0);
    StepFixture.Values seen = step.run(floored, with(all, floors(all, AT_ONCE, NEVER)), 0);
    assertFalse(seen.terms().containsKey("floor"), "nothing pulls where pull is 0");
    double share = share(all.rows().get(Segment.FORGET), mean);
    double constant =
        switch (name) {
          case "NPO" ->
              2
                  / (0.1 * rows)
                  * Math.log1p(Math.exp(0.1 * all.referenceNll().get(Segment.FORGET)[0]));
          case "SimNPO" -> 2 / (4.5 * rows) * Math.log(2);
          default -> 0;
        };
    double expected = share * others.total() + constant;
    assertClose("forget", expected, seen.terms().get("forget"), 1e-6, 1e-5);
    assertTimes(others, share, seen);
    // The plausible mistake: a mean over the rows that are left.
    assertThrows(AssertionFailedError.class, () -> assertTimes(others, 1, seen));
  }

  /**
   * DPO goes on raising the alternate answer of a row at its floor: with a negative log-likelihood
   * of 0 in the forgotten one's place, row 0 adds {@code 2 / (beta n) softplus(-beta (ref_a - nll_a
   * - ref_f))}.
   */
  @Test
  void aRowAtItsFloorStillLearnsItsAlternate() {
    StepFixture step = new StepFixture("llama");
    Objective floored = floored(step, "DPO", 0);
    StepBatch all = step.batch(floored);
    int rows = all.rows().get(Segment.FORGET).size();
    StepFixture.Values others = step.run(plain(step, "DPO"), from(all, 1), 0);
    StepFixture.Values seen = step.run(floored, with(all, floors(all, AT_ONCE, NEVER)), 0);
    StepBatch one = first(all);
    double perToken =
        step.run(
                Objective.of("NLL", new Weighted(new MeanNll(Segment.ALTERNATE, 1), 1), null),
                one,
                0)
            .total();
    double nll = perToken * one.rows().get(Segment.ALTERNATE).get(0).labelled();
    double margin =
        all.referenceNll().get(Segment.ALTERNATE)[0]
            - nll
            - all.referenceNll().get(Segment.FORGET)[0];
    double own = 2 / (0.1 * rows) * Math.log1p(Math.exp(-0.1 * margin));
    double expected = others.total() * (rows - 1) / rows + own;
    assertClose("forget", expected, seen.terms().get("forget"), 1e-6, 1e-5);
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
    StepFixture.Values seen = step.run(floored, with(all, floors(all, NEVER, NEVER)), 0);
    StepFixture.Values without = step.run(plain(step, "NPO"), all, 0);
    assertClose("floor", 0, seen.terms().get("floor"), 0, 0);
    assertClose("forget", without.total(), seen.terms().get("forget"), 1e-6, 1e-5);
    assertTimes(without, 1, seen);
  }

  /**
   * One row all of whose tokens have a floor of 0: the pull is its mean negative log-likelihood m,
   * and its gradient that of ordinary teaching of that row, times the pull's weight of 3.
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
    StepFixture.Values seen = step.run(floored, with(one, floors(one, AT_ONCE, NEVER)), 0);
    assertClose("floor", taught.total(), seen.terms().get("floor"), 0, 1e-5);
    assertTimes(taught, 3, seen);
    assertThrows(AssertionFailedError.class, () -> assertTimes(taught, 1, seen));
  }

  private static StepBatch first(StepBatch batch) {
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
    batch.rows().forEach((s, all) -> rows.put(s, all.subList(0, 1)));
    Map<Segment, double[]> reference = new EnumMap<>(Segment.class);
    batch.referenceNll().forEach((s, all) -> reference.put(s, Arrays.copyOf(all, 1)));
    return StepBatch.whole(rows, reference);
  }

  @Test
  void everyLabelledForgetTokenNeedsAFloor() {
    StepFixture step = new StepFixture("llama");
    Objective floored = floored(step, "NPO", 1);
    StepBatch all = step.batch(floored);
    assertThrows(IllegalArgumentException.class, () -> step.run(floored, all, 0));
  }
}
