package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.DoubleMixtral;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/**
 * The loss that balances experts, against float64: value and gradient from an implementation of its
 * own, differentiated by differences. GradDiff stands beside it with a small weight.
 */
class RouterLossTest {
  private static final int EXPERTS = 5;
  private static final int LAYERS = 2;
  private static final double WEIGHT = 2;
  private static final double ALPHA = 0.01;

  private static final int STRIDE = 331;

  private static final StepControl CONTROL =
      new StepControl(ALPHA, 0, new StepControl.ViewSeed(0, 0, 0));

  private final StepFixture fixture = StepFixture.ofAnyFamily("mixtral");
  private final DoubleMixtral model = new DoubleMixtral();

  private static UnlearnSettings settings(String weight) {
    return Pipeline.defaults(
            "GradDiff",
            List.of(
                "unlearn.objective.gamma=" + ALPHA,
                "unlearn.objective.alpha=" + ALPHA,
                "unlearn.router_loss=" + weight))
        .unlearn();
  }

  private Objective objective(String weight) {
    return Objectives.forTraining(settings(weight), fixture.decoder(), Map.of());
  }

  private Map<Segment, List<TokenRow>> rows(int from, int to) {
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
    for (Segment s : List.of(Segment.FORGET, Segment.RETAIN)) {
      rows.put(s, fixture.rows().get(s).subList(from, to));
    }
    return rows;
  }

  /** What all tokens of some rows say of the routers, by layer. */
  private static final class Sums {
    final double[][] f = new double[LAYERS][EXPERTS];
    final double[][] p = new double[LAYERS][EXPERTS];
    final double[][] kept = new double[LAYERS][EXPERTS];
    int tokens;

    /** {@code N sum_e f_e P_e}, each a mean over the tokens of all layers. */
    double loss(double[][] probabilities) {
      double loss = 0;
      for (int e = 0; e < EXPERTS; e++) {
        double sent = f[0][e] + f[1][e];
        double p = probabilities[0][e] + probabilities[1][e];
        loss += EXPERTS * sent * p / Math.pow(LAYERS * tokens, 2);
      }
      return loss;
    }

    /** The plausible mistake: each layer by itself, and the mean of these. */
    double layerByLayer() {
      double loss = 0;
      for (int l = 0; l < LAYERS; l++) {
        for (int e = 0; e < EXPERTS; e++) {
          loss += EXPERTS * f[l][e] * p[l][e] / Math.pow(tokens, 2) / LAYERS;
        }
      }
      return loss;
    }
  }

  private Sums sums(Map<Segment, List<TokenRow>> rows) {
    Sums sums = new Sums();
    for (List<TokenRow> some : rows.values()) {
      for (TokenRow row : some) {
        sums.tokens += row.length();
        model.route(
            row.ids(),
            (layer, p, chosen) -> {
              double both = p[chosen.get(0)] + p[chosen.get(1)];
              for (int e = 0; e < EXPERTS; e++) {
                boolean sent = chosen.contains(e);
                sums.f[layer][e] += sent ? 1 : 0;
                sums.p[layer][e] += p[e];
                sums.kept[layer][e] += sent ? p[e] / both : 0;
              }
            });
      }
    }
    return sums;
  }

  @Test
  void theValueIsThePublishedFormulas() {
    Map<Segment, List<TokenRow>> rows = rows(0, 3);
    double found = run(StepBatch.whole(rows, Map.of()), false).terms().get("router");
    Sums sums = sums(rows);
    assertClose("router", sums.loss(sums.p), found, 1e-5, 0);
    // Negative controls: other readings of the formula miss by far more.
    assertTrue(Math.abs(sums.layerByLayer() - found) > 1e-3, "layer by layer: " + found);
    assertTrue(Math.abs(sums.loss(sums.kept) - found) > 1e-3, "of kept weights: " + found);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theGradientIsThatOfDifferences(boolean recompute) {
    Map<Segment, List<TokenRow>> rows = rows(0, 3);
    StepFixture.Values found = run(StepBatch.whole(rows, Map.of()), recompute);
    assertClose("total", total(rows), found.total(), 1e-5, 1e-5);
    List<String> reached = new ArrayList<>();
    found
        .gradients()
        .forEach(
            (name, gradient) -> {
              double l2 = StepFixture.Values.l2(gradient);
              for (int i = 0; i < gradient.length; i += STRIDE) {
                double slope = model.slope(name, i, () -> total(rows));
                assertClose(name + "[" + i + "]", slope, gradient[i], 5e-5 * l2, 0);
                if (Math.abs(slope) > 1e-3) {
                  reached.add(name);
                }
              }
            });
    // The router of the upper layer learns, and what it reads: attention and experts of the lower.
    for (String part : List.of("1.block_sparse_moe.gate", "0.self_attn.v_proj", "0.experts.")) {
      String name = part.equals("0.experts.") ? "0.block_sparse_moe.experts." : part;
      assertTrue(reached.stream().anyMatch(n -> n.contains("layers." + name)), name);
    }
  }

  /** Without it, the same entries are other ones: the differences above would not agree. */
  @Test
  void negativeControlTheGradientIsNotThatWithoutTheLoss() {
    StepBatch batch = StepBatch.whole(rows(0, 3), Map.of());
    float[] with = run(batch, false).gradients().get(gate());
    float[] without =
        fixture.run(objective("0"), batch, CONTROL, Computations.FP32).gradients().get(gate());
    double apart = 0;
    for (int i = 0; i < with.length; i++) {
      apart = Math.max(apart, Math.abs(with[i] - without[i]));
    }
    assertTrue(apart > 100 * 5e-5 * StepFixture.Values.l2(with), "apart " + apart);
  }

  private static String gate() {
    return "model.layers.1.block_sparse_moe.gate.weight";
  }

  /** A step's value is the mean over micro-batches, weighted by their rows: 2 and 1 of 3. */
  @Test
  void accumulatesOverMicroBatches() {
    List<Map<Segment, List<TokenRow>>> micro = List.of(rows(0, 2), rows(2, 3));
    StepBatch.Totals totals = StepBatch.Totals.over(micro);
    List<StepBatch> batches =
        micro.stream().map(rows -> new StepBatch(rows, Map.of(), Map.of(), totals)).toList();
    StepGraph graph = new StepGraph(fixture.decoder(), objective("" + WEIGHT), Computations.FP32);
    try (TrainingStep step = new TrainingStep(graph, OptimizerSettings.adamW(0.01, 1), 2)) {
      fixture.assignPolicy(graph);
      step.reset();
      TrainingStep.Outcome outcome = step.run(1, batches, 1e-4, CONTROL);
      Sums first = sums(micro.get(0));
      Sums second = sums(micro.get(1));
      double due = (2 * first.loss(first.p) + second.loss(second.p)) / 3;
      assertClose("router", due, outcome.terms().get("router"), 1e-5, 0);
      Sums whole = sums(rows(0, 3));
      assertTrue(Math.abs(whole.loss(whole.p) - due) > 1e-4, "not that of the whole: " + due);
    }
  }

  @Test
  void theWeightIsTheConfigurationsWhereItIsAskedFor() {
    assertEquals(0.02, objective("config").balancing());
    assertEquals(0, Objectives.of(settings("0"), fixture.decoder()).balancing());
    StepFixture dense = StepFixture.ofAnyFamily("llama");
    UserException e =
        assertThrows(
            UserException.class,
            () -> Objectives.forTraining(settings("config"), dense.decoder(), Map.of()));
    assertEquals(
        "unlearn.router_loss: found config for a model without experts (llama), expected 0.",
        e.getMessage());
  }

  private StepFixture.Values run(StepBatch batch, boolean recompute) {
    Computation computation = new Computation(Precision.FP32, Device.CPU, recompute);
    return fixture.run(objective("" + WEIGHT), batch, CONTROL, computation);
  }

  private double total(Map<Segment, List<TokenRow>> rows) {
    Sums sums = sums(rows);
    double apart = meanNll(rows.get(Segment.RETAIN)) - meanNll(rows.get(Segment.FORGET));
    return WEIGHT * sums.loss(sums.p) + ALPHA * apart;
  }

  private double meanNll(List<TokenRow> rows) {
    double nll = 0;
    int labels = 0;
    for (TokenRow row : rows) {
      nll += model.nll(row);
      labels += row.labelled();
    }
    return nll / labels;
  }
}
