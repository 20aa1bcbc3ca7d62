package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;

/** AltPO by its formula in float64, with reference numbers that are not the model's own. */
class AltPoTest {
  private static final double BETA = 0.1;

  private static double[] rowNll(HandSteps.Tokens tokens, int rows) {
    double[] nll = new double[rows];
    for (int i = 0; i < tokens.size(); i++) {
      nll[tokens.rows().get(i)] += tokens.nll(i);
    }
    return nll;
  }

  private static double[] margins(double[] f, double[] fRef, double[] a, double[] aRef) {
    double[] margins = new double[f.length];
    for (int r = 0; r < margins.length; r++) {
      margins[r] = (aRef[r] - a[r]) + (f[r] - fRef[r]);
    }
    return margins;
  }

  private static double loss(double[] margins) {
    double sum = 0;
    for (double m : margins) {
      sum -= 2 / BETA * Math.log(1 / (1 + Math.exp(-BETA * m))) / margins.length;
    }
    return sum;
  }

  /**
   * Of the loss by a row's answer: {@code -2 sigmoid(-beta m) / n}; by its alternate the opposite.
   */
  private static double[] slopes(HandSteps.Tokens tokens, double[] margins, int sign) {
    double[] slopes = new double[tokens.size()];
    for (int i = 0; i < slopes.length; i++) {
      double m = margins[tokens.rows().get(i)];
      slopes[i] = sign * 2 / (1 + Math.exp(BETA * m)) / margins.length;
    }
    return slopes;
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void valueAndGradientAreTheFormulas(String family) {
    try (HandSteps steps = new HandSteps(family)) {
      Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
      Map<Segment, double[]> reference = new EnumMap<>(Segment.class);
      for (Segment s : List.of(Segment.FORGET, Segment.ALTERNATE)) {
        rows.put(s, steps.rows(s));
      }
      HandSteps.Tokens said = steps.tokens(rows.get(Segment.FORGET));
      HandSteps.Tokens other = steps.tokens(rows.get(Segment.ALTERNATE));
      double[] f = rowNll(said, 3);
      double[] a = rowNll(other, 3);
      double[] forgetRef = {f[0] - 4, f[1] + 1, f[2] - 9};
      double[] otherRef = {a[0] + 3, a[1] - 2, a[2] + 6};
      reference.put(Segment.FORGET, forgetRef);
      reference.put(Segment.ALTERNATE, otherRef);
      double[] margins = margins(f, forgetRef, a, otherRef);
      StepBatch batch = StepBatch.whole(rows, reference);
      StepFixture.Values seen = steps.run(steps.objective("AltPO"), batch);
      double value = seen.terms().get("forget");
      assertClose("AltPO", loss(margins), value, 0, HandSteps.TOLERANCE);
      Map<Segment, double[]> slopes = new EnumMap<>(Segment.class);
      slopes.put(Segment.FORGET, slopes(said, margins, -1));
      slopes.put(Segment.ALTERNATE, slopes(other, margins, 1));
      HandSteps.assertGradients(steps.chained(batch, slopes), seen.gradients());
      // Plausible mistakes: answers that are swapped, and no reference.
      double[] none = new double[3];
      for (double wrong :
          new double[] {
            loss(margins(a, otherRef, f, forgetRef)), loss(margins(f, none, a, none))
          }) {
        assertThrows(
            AssertionFailedError.class,
            () -> assertClose("AltPO", wrong, value, 0, HandSteps.TOLERANCE));
      }
    }
  }
}
