package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/**
 * A step of every family is the same in several micro-batches and with its blocks computed again;
 * in bfloat16 it is near, and learns.
 */
class EveryFamilyStepsTest {
  private static final double LAMBDA = 0.1;
  private static final StepControl PLAIN = control(0);
  private static final StepControl REGULARISED = control(LAMBDA);

  /**
   * What sums in another order may change: float32's 6e-8, by the root of the some 1000 summands
   * that a gradient's entry has from tokens and widths.
   */
  private static final double REORDERED = 2e-6;

  private static StepControl control(double lambda) {
    return new StepControl(1, lambda, new StepControl.ViewSeed(0, 0, 0));
  }

  /** What a step said, and the gradient that it followed. */
  private record Made(TrainingStep.Outcome outcome, Map<String, float[]> gradient) {
    double norm() {
      return norm(gradient);
    }

    /** L2 norm of the gradients' difference, over all parameters. */
    double apart(Made other) {
      Map<String, float[]> difference = new HashMap<>();
      gradient.forEach(
          (name, g) -> {
            float[] theirs = other.gradient.get(name);
            float[] d = new float[g.length];
            for (int i = 0; i < d.length; i++) {
              d[i] = g[i] - theirs[i];
            }
            difference.put(name, d);
          });
      return norm(difference);
    }

    private static double norm(Map<String, float[]> of) {
      return Math.sqrt(
          of.values().stream().mapToDouble(g -> Math.pow(StepFixture.Values.l2(g), 2)).sum());
    }
  }

  /** Of one family; all of them take a minute. */
  @Test
  void aStepIsTheSameHoweverItIsComputed() {
    new Steps("granite").check();
  }

  @Tag("slow")
  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void soIsThatOfEveryFamily(String family) {
    new Steps(family).check();
  }

  /** NPO with CLReg on a family's rows. */
  private static final class Steps {
    private final StepFixture fixture;
    private final Objective objective;
    private final double[] reference;

    Steps(String family) {
      fixture = StepFixture.ofAnyFamily(family);
      objective =
          Objectives.of(
              Pipeline.defaults("NPO", List.of("unlearn.clreg.weight=" + LAMBDA)).unlearn(),
              fixture.decoder());
      reference = fixture.referenceNll(objective).get(Segment.FORGET);
    }

    void check() {
      List<StepBatch> whole = List.of(batch(0, 3, StepBatch.Totals.over(List.of(rows(0, 3)))));
      Made regularised;
      try (TrainingStep step = step(Computations.FP32, 2)) {
        Made plain = made(step, whole, PLAIN);
        assertSame(plain, made(step, parts(), PLAIN));
        Made wrong = made(step, meansOfMeans(), PLAIN);
        assertThrows(AssertionFailedError.class, () -> assertSame(plain, wrong));
        regularised = made(step, whole, REGULARISED);
      }
      try (TrainingStep step = step(Computations.FP32.recomputing(true), 1)) {
        assertSame(regularised, made(step, whole, REGULARISED));
      }
      try (TrainingStep step = step(Computations.BF16, 1)) {
        Made rounded = made(step, whole, REGULARISED);
        nearTotal(regularised, rounded);
        if (fixture.decoder().routed().isEmpty()) {
          nearGradient(regularised, rounded);
        }
        falls(step, whole);
      }
      if (!fixture.decoder().routed().isEmpty()) {
        nearWithoutChoice(whole);
      }
    }

    /**
     * Rounding may send a token to another expert, whose gradient is another one altogether: what
     * rounding alone does is seen where a token goes through all of them.
     */
    private void nearWithoutChoice(List<StepBatch> whole) {
      ObjectNode json = fixture.decoder().config().json().deepCopy();
      int experts = json.path("num_local_experts").intValue();
      Decoder all = Decoder.of(ModelConfig.of(json.put("num_experts_per_tok", experts)));
      try (TrainingStep exact = step(all, Computations.FP32, 1);
          TrainingStep brain = step(all, Computations.BF16, 1)) {
        nearGradient(made(exact, whole, REGULARISED), made(brain, whole, REGULARISED));
      }
    }

    private TrainingStep step(Computation computation, int accumulate) {
      return step(fixture.decoder(), computation, accumulate);
    }

    private TrainingStep step(Decoder decoder, Computation computation, int accumulate) {
      StepGraph graph = new StepGraph(decoder, objective, computation);
      // Neither clipped nor decayed: the first moments are the gradient.
      return new TrainingStep(graph, OptimizerSettings.adamW(0, 0), accumulate);
    }

    private Made made(TrainingStep step, List<StepBatch> batches, StepControl control) {
      fixture.assignPolicy(step.graph());
      step.reset();
      TrainingStep.Outcome outcome = step.run(1, batches, 1e-4, control);
      return new Made(outcome, TrainingSteps.gradient(step));
    }

    private Map<Segment, List<TokenRow>> rows(int from, int to) {
      Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
      objective.segments().forEach(s -> rows.put(s, fixture.rows().get(s).subList(from, to)));
      return rows;
    }

    private StepBatch batch(int from, int to, StepBatch.Totals totals) {
      Map<Segment, double[]> nll = Map.of(Segment.FORGET, Arrays.copyOfRange(reference, from, to));
      return new StepBatch(rows(from, to), nll, Map.of(), totals);
    }

    /** A row and two, the longest by itself. */
    private List<StepBatch> parts() {
      StepBatch.Totals totals = StepBatch.Totals.over(List.of(rows(0, 1), rows(1, 3)));
      return List.of(batch(0, 1, totals), batch(1, 3, totals));
    }

    /** The plausible mistake: the mean of the micro-batches' means. */
    private List<StepBatch> meansOfMeans() {
      List<StepBatch> wrong = new ArrayList<>();
      for (StepBatch b : parts()) {
        StepBatch.Totals own = StepBatch.Totals.over(List.of(b.rows(), b.rows()));
        wrong.add(new StepBatch(b.rows(), b.referenceNll(), Map.of(), own));
      }
      return wrong;
    }

    private void assertSame(Made expected, Made actual) {
      for (String term : Set.of("forget", "retain")) {
        double value = expected.outcome().terms().get(term);
        assertClose(term, value, actual.outcome().terms().get(term), 0, 1e-5);
      }
      assertClose("total", expected.outcome().total(), actual.outcome().total(), 0, 1e-5);
      assertClose("gradient", 0, expected.apart(actual) / expected.norm(), REORDERED, 0);
    }

    /** As likelihoods in bfloat16 are. */
    private static void nearTotal(Made expected, Made actual) {
      double size = expected.outcome().terms().values().stream().mapToDouble(Math::abs).sum();
      double total = expected.outcome().total();
      assertClose("total in bfloat16", total, actual.outcome().total(), 0.02 * size, 0);
    }

    /**
     * A number in bfloat16 is off by 2^-8 at most, 0.0016 of it in the root mean square; a product
     * of two by 0.0023. On the way to a gradient there are six such products a block forwards, six
     * backwards, and three at the head, whose errors add up as random ones do. Norms and softmax
     * make three times as much of them at most.
     */
    private void nearGradient(Made expected, Made actual) {
      int products = 12 * fixture.decoder().config().layers() + 3;
      double bound = 3 * 0.0023 * Math.sqrt(products);
      double apart = expected.apart(actual) / expected.norm();
      assertClose("gradient in bfloat16", 0, apart, bound, 0);
      assertTrue(apart > 1e-3, "nothing was rounded: " + apart);
    }

    private void falls(TrainingStep step, List<StepBatch> whole) {
      fixture.assignPolicy(step.graph());
      step.reset();
      List<Double> totals = new ArrayList<>();
      for (int t = 1; t <= 6; t++) {
        totals.add(step.run(t, whole, 3e-3, REGULARISED).total());
      }
      assertTrue(totals.stream().allMatch(Double::isFinite), "totals " + totals);
      // By more than rounding may feign.
      assertTrue(totals.get(5) < 0.9 * totals.get(0), "totals " + totals);
    }
  }
}
