package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The warning before a model unlearns what it does not know. */
class LikelihoodTest {
  /** 0.1705 is what the retain-only model of Fable gives answers that it never saw. */
  @Test
  void aModelThatNeverKnewTheRowsIsToldOf() {
    String warning = of(0.1705).unknown().orElseThrow();
    assertTrue(warning.startsWith("unlearn: warning: "), warning);
    assertTrue(warning.contains(" a probability of 0.171 a token, "), warning);
    assertTrue(warning.contains("the gate rebound fails"), warning);
  }

  /** 0.3473 is what stories260K gives TOFU after five epochs: half known, and not warned of. */
  @Test
  void aModelThatKnowsThemIsNot() {
    assertEquals(Optional.empty(), of(0.9981).unknown());
    assertEquals(Optional.empty(), of(0.3473).unknown());
  }

  private static Likelihood of(double prob) {
    return new Likelihood(new double[] {-Math.log(prob)}, -Math.log(prob), prob);
  }
}
