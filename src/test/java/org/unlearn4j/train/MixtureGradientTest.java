package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.DoubleMixtral;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;

/**
 * NPO's loss and gradient on a mixture of experts against float64: an implementation of its own
 * ({@link DoubleMixtral}), differentiated by differences.
 */
class MixtureGradientTest {
  private static final double BETA = 0.1;

  /** What a reference model would say of the three rows; any numbers near the policy's will do. */
  private static final double[] REFERENCE = {55, 40, 20};

  /** Every so many entries of a parameter are compared. */
  private static final int STRIDE = 61;

  @Test
  void theSecondImplementationIsTheFixtures() {
    JsonNode expected = Fixture.named("mixtral").expected();
    DoubleMixtral model = new DoubleMixtral();
    List<TokenRow> rows = Fixture.rows(expected);
    for (int r = 0; r < rows.size(); r++) {
      double[][] logits = model.logits(rows.get(r).ids());
      for (int t = 0; t < logits.length; t++) {
        double[] due = Fixture.doubles(expected.path("logits").path(r).path(t));
        for (int v = 0; v < due.length; v++) {
          assertClose("logit", due[v], logits[t][v], 1e-6, 0); // six decimals are stored
        }
      }
    }
  }

  @Test
  void lossAndGradientOfNpo() {
    StepFixture fixture = StepFixture.ofAnyFamily("mixtral");
    Objective objective =
        Objectives.of(
            Pipeline.defaults("NPO", List.of("unlearn.objective.beta=" + BETA)).unlearn(),
            fixture.decoder());
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(fixture.rows());
    rows.keySet().retainAll(objective.segments());
    StepBatch batch = StepBatch.whole(rows, Map.of(Segment.FORGET, REFERENCE));
    StepFixture.Values found = fixture.run(objective, batch, 0);
    DoubleMixtral model = new DoubleMixtral();
    assertClose("forget", npo(model, rows), found.terms().get("forget"), 1e-5, 1e-5);
    assertClose("retain", retained(model, rows), found.terms().get("retain"), 1e-5, 1e-5);
    assertClose("total", total(model, rows), found.total(), 1e-5, 1e-5);
    Set<String> moving = new HashSet<>();
    found
        .gradients()
        .forEach(
            (name, gradient) -> {
              double l2 = StepFixture.Values.l2(gradient);
              for (int i = 0; i < gradient.length; i += STRIDE) {
                double slope = model.slope(name, i, () -> total(model, rows));
                assertClose(name + "[" + i + "]", slope, gradient[i], 5e-5 * l2, 0);
                if (Math.abs(slope) > 5e-4 * l2) {
                  moving.add(name);
                }
              }
            });
    // Entries that are all zero would agree with anything.
    assertTrue(moving.size() > 0.9 * found.gradients().size(), moving.toString());
    assertTrue(moving.contains("model.layers.0.block_sparse_moe.gate.weight"), "router");
  }

  /** gamma and alpha are 1. */
  private static double total(DoubleMixtral model, Map<Segment, List<TokenRow>> rows) {
    return npo(model, rows) + retained(model, rows);
  }

  /** {@code -(2 / beta) mean log s(beta (nll - nll of the reference))}. */
  private static double npo(DoubleMixtral model, Map<Segment, List<TokenRow>> rows) {
    List<TokenRow> forget = rows.get(Segment.FORGET);
    double sum = 0;
    for (int r = 0; r < forget.size(); r++) {
      double apart = model.nll(forget.get(r)) - REFERENCE[r];
      sum += 2 / BETA * Math.log1p(Math.exp(-BETA * apart)) / forget.size();
    }
    return sum;
  }

  /** The mean over all label tokens. */
  private static double retained(DoubleMixtral model, Map<Segment, List<TokenRow>> rows) {
    double sum = 0;
    int labels = 0;
    for (TokenRow row : rows.get(Segment.RETAIN)) {
      sum += model.nll(row);
      for (int t = 1; t < row.labels().length; t++) {
        labels += row.labels()[t] == TokenRow.IGNORED ? 0 : 1;
      }
    }
    return sum / labels;
  }
}
