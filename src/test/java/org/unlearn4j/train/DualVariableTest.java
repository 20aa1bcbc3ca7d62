package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;

/** What moves once an epoch remembers the epoch's steps, also where it is taken up within one. */
class DualVariableTest {
  private static final Objective OBJECTIVE =
      Objectives.of(
          Pipeline.defaults(
                  "PDU",
                  List.of(
                      "unlearn.objective.epsilon=0.5",
                      "unlearn.objective.dual_update=epoch",
                      "unlearn.objective.dual_warmup_epochs=0"))
              .unlearn(),
          new StepFixture("llama").decoder());

  private static TrainingStep.Outcome retain(double loss) {
    return new TrainingStep.Outcome(Map.of("retain", loss), loss, 1, Map.of());
  }

  @Test
  void anEpochInTwoPartsIsOneEpoch() {
    DualVariable whole = new DualVariable(OBJECTIVE);
    whole.afterStep(0, retain(2));
    DualVariable.State stopped = whole.state();
    whole.afterStep(0, retain(4));
    whole.afterEpoch(0);

    DualVariable second = new DualVariable(OBJECTIVE);
    second.restore(stopped);
    second.afterStep(0, retain(4));
    second.afterEpoch(0);
    assertEquals(whole.state(), second.state());

    // It could be otherwise: without the first step's loss alpha moves elsewhere.
    DualVariable forgetful = new DualVariable(OBJECTIVE);
    forgetful.restore(new DualVariable.State(stopped.alpha(), 0, 0));
    forgetful.afterStep(0, retain(4));
    forgetful.afterEpoch(0);
    assertNotEquals(whole.alpha(), forgetful.alpha());
  }
}
