package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.config.CombineSettings;
import org.unlearn4j.config.CombineSettings.Rule;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.RobustSettings;
import org.unlearn4j.config.RobustSettings.Attack;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.train.CombinedByHand.Vector;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;

/** A rule that combines gradients, with an attack, a regulariser, and of every objective. */
class CombinedObjectivesTest {
  /** As for a plain step: what float32 loses of whole tensors. */
  private static final double TOLERANCE = 1e-5;

  private static final double LAMBDA = 0.5;
  private static final RobustSettings SAM = new RobustSettings(Attack.SAM, 0.1, 1, 1, 1);

  private final StepFixture fixture = new StepFixture("llama");

  private Objective objective(String name, String... sets) {
    return Objectives.of(Pipeline.defaults(name, List.of(sets)).unlearn(), fixture.decoder());
  }

  private static StepControl control(double alpha) {
    return new StepControl(alpha, LAMBDA, new StepControl.ViewSeed(5, 3, 0));
  }

  private TrainingStep step(
      Objective objective, CombineSettings rule, Optional<RobustSettings> attack) {
    return TrainingSteps.combined(fixture, objective, Computations.FP32, rule, attack, 1);
  }

  private StepBatch conflicting(Objective objective) {
    return CombinedStepTest.conflicting(fixture.batch(objective), 0, 0, 4);
  }

  private static void assertNear(Vector expected, Map<String, float[]> actual) {
    TrainingSteps.assertNear(expected.narrow(), actual, TOLERANCE);
  }

  private static void assertFar(String what, Vector wrong, Map<String, float[]> actual) {
    assertThrows(AssertionFailedError.class, () -> assertNear(wrong, actual), what);
  }

  /** Gradient of everything but the retain loss, and that of the retain loss. */
  private record Parts(Vector forget, Vector retain) {}

  private static Parts parts(
      RobustByHand plain, Objective objective, boolean attacked, double side) {
    Map<String, float[]> here = plain.weights();
    Map<String, float[]> there = attacked ? plain.ascended(SAM.radius(), false) : here;
    StepBatch rows = plain.batch();
    Vector f =
        Vector.of(plain.gradient("forget", there, rows)).times(objective.forget().get().weight());
    if (objective.regulariser().isPresent()) {
      f = f.plus(LAMBDA, Vector.of(plain.gradient("clreg", here, rows)));
    }
    Vector r = Vector.of(plain.gradient("retain", here, rows)).times(side * objective.alpha());
    return new Parts(f, r);
  }

  private void equalsTheSameByHand(Objective objective, Rule rule, boolean attacked) {
    Optional<RobustSettings> attack = attacked ? Optional.of(SAM) : Optional.empty();
    StepBatch rows = conflicting(objective);
    try (RobustByHand plain = new RobustByHand(fixture, objective, LAMBDA, rows);
        TrainingStep step = step(objective, new CombineSettings(rule, 0.9), attack)) {
      // Whichever side the retain gradient is on, a rule shall have something to do.
      Parts given = parts(plain, objective, attacked, 1);
      double side = given.forget.dot(given.retain) < 0 ? 1 : -1;
      Parts parts = parts(plain, objective, attacked, side);
      double cosine = parts.forget.dot(parts.retain) / parts.forget.norm() / parts.retain.norm();
      assertTrue(cosine < -1e-3, "they are in conflict: " + cosine);
      StepControl control = control(side * objective.alpha());
      TrainingStep.Outcome seen = step.run(1, List.of(rows), 0, control);
      Map<String, float[]> actual = TrainingSteps.gradient(step);
      assertNear(CombinedByHand.of(rule, parts.forget, parts.retain, parts.retain), actual);
      assertFar("the plain sum", parts.forget.plus(1, parts.retain), actual);
      assertEquals(objective.regulariser().isPresent(), seen.terms().containsKey("clreg"));
      for (String term : seen.terms().keySet()) {
        if (!attacked || !term.equals("forget")) {
          assertClose(term, plain.value(term), seen.terms().get(term), 1e-6, TOLERANCE);
        }
      }
      if (attacked) {
        Parts wrong = parts(plain, objective, false, side);
        assertFar(
            "the attack has moved nothing",
            CombinedByHand.of(rule, wrong.forget, wrong.retain, wrong.retain),
            actual);
      }
      if (objective.regulariser().isPresent()) {
        Vector g = Vector.of(plain.gradient("clreg", plain.weights(), plain.batch())).times(LAMBDA);
        Vector f = parts.forget.plus(-1, g);
        Vector r = parts.retain.plus(1, g);
        assertFar("with the retain part", CombinedByHand.of(rule, f, r, r), actual);
        assertFar("added last", CombinedByHand.of(rule, f, r.plus(-1, g), r).plus(1, g), actual);
      }
      Map<String, float[]> after = StepFixture.weights(step.graph());
      plain.weights().forEach((name, w) -> assertEquals(0, distance(w, after.get(name)), name));
    }
  }

  private static double distance(float[] a, float[] b) {
    double most = 0;
    for (int i = 0; i < a.length; i++) {
      most = Math.max(most, Math.abs((double) a[i] - b[i]));
    }
    return most;
  }

  /** The forget loss where an attack leads, the regulariser beside it where the weights are. */
  @ParameterizedTest
  @CsvSource({"false, true", "true, false", "true, true"})
  void withAnAttackAndARegulariser(boolean attacked, boolean regularised) {
    String clreg = "unlearn.clreg={weight: 0.5, queue: 2}";
    Objective objective = regularised ? objective("NPO", clreg) : objective("NPO");
    equalsTheSameByHand(objective, Rule.GRU, attacked);
  }

  /** One of each structure: pairs of rows, a twin on either side, a constraint, a layer. */
  @Tag("slow")
  @ParameterizedTest
  @CsvSource({
    "DPO, unlearn.seed=1",
    "UNDIAL, unlearn.objective.alpha=1",
    "NPO, unlearn.objective.retain=KL",
    "PDU, unlearn.objective.epsilon=1",
    "RMU, unlearn.objective.layer=1"
  })
  void ofEachStructure(String name, String set) {
    equalsTheSameByHand(objective(name, set), Rule.GRU, false);
  }

  @Tag("slow")
  @ParameterizedTest
  @CsvSource({
    "GradDiff, unlearn.seed=1",
    "SimNPO, unlearn.seed=1",
    "WGA, unlearn.seed=1",
    "SatImp, unlearn.seed=1",
    "CEU, 'unlearn.objective={name: CEU, retain: NLL, alpha: 0.5}'"
  })
  void ofTheOthers(String name, String set) {
    equalsTheSameByHand(objective(name, set), Rule.GRU, false);
    equalsTheSameByHand(objective(name, set), Rule.PCGRAD, true);
  }
}
