package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;

/**
 * FLAT by its formulas in float64. For f-divergences, g* and f* are spelled as in the table of Wang
 * et al.: f* of g*, not what they come to together.
 */
class FlatTest {
  /** {@code g*} and {@code f*}. */
  private record Divergence(DoubleUnaryOperator variational, DoubleUnaryOperator conjugate) {
    static Divergence of(String name) {
      return switch (name) {
        case "kl" -> new Divergence(v -> v, u -> Math.exp(u - 1));
        case "tv" -> new Divergence(v -> Math.tanh(v) / 2, u -> u);
        case "js" ->
            new Divergence(v -> Math.log(2 / (1 + Math.exp(-v))), u -> -Math.log(2 - Math.exp(u)));
        case "pearson" -> new Divergence(v -> v, u -> u * u / 4 + u);
        default -> throw new IllegalArgumentException(name);
      };
    }

    double refused(double p) {
      return -variational.applyAsDouble(p);
    }

    double said(double p) {
      return conjugate.applyAsDouble(variational.applyAsDouble(p));
    }
  }

  /** By central differences: off by less than 1e-9 for functions this smooth. */
  private static double slope(DoubleUnaryOperator f, double at) {
    double h = 1e-5;
    return (f.applyAsDouble(at + h) - f.applyAsDouble(at - h)) / (2 * h);
  }

  /** Probability of each token, and of each row the mean. */
  private static double[] means(HandSteps.Tokens tokens, int rows, List<double[]> floors) {
    double[] means = new double[rows];
    int[] place = new int[rows];
    for (int i = 0; i < tokens.size(); i++) {
      int row = tokens.rows().get(i);
      double floor = floors.isEmpty() ? 1e9 : floors.get(row)[place[row]++];
      means[row] += Math.exp(-Math.min(tokens.nll(i), floor)) / tokens.of(row);
    }
    return means;
  }

  private static double loss(Divergence d, double[] said, double[] refused) {
    double sum = 0;
    for (int r = 0; r < said.length; r++) {
      sum += (d.said(said[r]) + d.refused(refused[r])) / said.length;
    }
    return sum;
  }

  /** Of the loss by each token's negative log-likelihood: {@code f'(P) * -p / n}, over the rows. */
  private static double[] slopes(
      HandSteps.Tokens tokens, double[] means, DoubleUnaryOperator f, List<double[]> floors) {
    double[] slopes = new double[tokens.size()];
    int[] place = new int[means.length];
    for (int i = 0; i < slopes.length; i++) {
      int row = tokens.rows().get(i);
      double nll = tokens.nll(i);
      boolean free = floors.isEmpty() || nll < floors.get(row)[place[row]++];
      slopes[i] = free ? slope(f, means[row]) * -Math.exp(-nll) / tokens.of(row) / means.length : 0;
    }
    return slopes;
  }

  private static StepBatch batch(List<TokenRow> forget, List<TokenRow> alternate) {
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
    rows.put(Segment.FORGET, forget);
    rows.put(Segment.ALTERNATE, alternate);
    return StepBatch.whole(rows, Map.of());
  }

  @ParameterizedTest
  @CsvSource({"llama, kl", "llama, tv", "llama, js", "llama, pearson", "gpt2, kl"})
  void valueAndGradientAreTheFormulas(String family, String divergence) {
    try (HandSteps steps = new HandSteps(family)) {
      List<TokenRow> forget = steps.rows(Segment.FORGET);
      List<TokenRow> alternate = steps.rows(Segment.ALTERNATE);
      StepBatch batch = batch(forget, alternate);
      HandSteps.Tokens said = steps.tokens(forget);
      HandSteps.Tokens refused = steps.tokens(alternate);
      double[] p = means(said, forget.size(), List.of());
      double[] q = means(refused, alternate.size(), List.of());
      Divergence d = Divergence.of(divergence);
      StepFixture.Values seen =
          steps.run(steps.objective("FLAT", "unlearn.objective.divergence=" + divergence), batch);
      double value = seen.terms().get("forget");
      assertClose("FLAT", loss(d, p, q), value, HandSteps.TOLERANCE * p[0], HandSteps.TOLERANCE);
      Map<Segment, double[]> slopes = new EnumMap<>(Segment.class);
      slopes.put(Segment.FORGET, slopes(said, p, d::said, List.of()));
      slopes.put(Segment.ALTERNATE, slopes(refused, q, d::refused, List.of()));
      HandSteps.assertGradients(steps.chained(batch, slopes), seen.gradients());

      // Plausible mistakes: the sum of a row's probabilities, and rows that are swapped.
      double[] sums = p.clone();
      double[] others = q.clone();
      Arrays.setAll(sums, r -> p[r] * said.of(r));
      Arrays.setAll(others, r -> q[r] * refused.of(r));
      for (double wrong : new double[] {loss(d, sums, others), loss(d, q, p)}) {
        assertThrows(
            AssertionFailedError.class,
            () -> assertClose("FLAT", wrong, value, HandSteps.TOLERANCE, HandSteps.TOLERANCE));
      }
    }
  }

  /**
   * Tokens at their floor count with its probability and have no gradient; the refusal of such a
   * row goes on rising, as in DPO.
   */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void aTokenAtItsFloorKeepsItsProbability(String family) {
    try (HandSteps steps = new HandSteps(family)) {
      List<TokenRow> forget = steps.rows(Segment.FORGET);
      List<TokenRow> alternate = steps.rows(Segment.ALTERNATE);
      List<double[]> floors = new ArrayList<>();
      for (TokenRow row : forget) {
        double[] own = new double[row.labelled()];
        int first = floors.size();
        Arrays.setAll(own, t -> first == 0 || t % 2 == 0 ? 0.5 : 1000);
        floors.add(own);
      }
      StepBatch whole = batch(forget, alternate);
      StepBatch batch =
          new StepBatch(whole.rows(), whole.referenceNll(), floors, whole.queue(), whole.totals());
      HandSteps.Tokens said = steps.tokens(forget);
      HandSteps.Tokens refused = steps.tokens(alternate);
      double[] p = means(said, forget.size(), floors);
      double[] q = means(refused, alternate.size(), List.of());
      Divergence kl = Divergence.of("kl");
      StepFixture.Values seen =
          steps.run(
              steps.objective("FLAT", "unlearn.objective.floor=1", "unlearn.objective.pull=0"),
              batch);
      assertClose("FLAT", loss(kl, p, q), seen.terms().get("forget"), 0, HandSteps.TOLERANCE);
      Map<Segment, double[]> slopes = new EnumMap<>(Segment.class);
      slopes.put(Segment.FORGET, slopes(said, p, kl::said, floors));
      slopes.put(Segment.ALTERNATE, slopes(refused, q, kl::refused, List.of()));
      HandSteps.assertGradients(steps.chained(whole, slopes), seen.gradients());
      double without = loss(kl, means(said, forget.size(), List.of()), q);
      assertThrows(
          AssertionFailedError.class,
          () -> assertClose("FLAT", without, seen.terms().get("forget"), 0, HandSteps.TOLERANCE));
    }
  }
}
