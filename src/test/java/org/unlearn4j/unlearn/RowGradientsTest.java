package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.TensorFlowGradients;

/**
 * Norms of single rows against the step graph's gradients of a batch of that row alone, which are
 * held against float64 reference numbers elsewhere.
 */
class RowGradientsTest {

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void normsAreThoseOfTheStepGraph(String family) {
    StepFixture step = new StepFixture(family);
    Objective nll = Objective.of("nll", new Weighted(new MeanNll(Segment.FORGET, 1), 1), null);
    List<TokenRow> rows = step.rows().get(Segment.FORGET);
    assertEquals(3, rows.size());
    try (TensorFlowGradients gradients =
        TensorFlowGradients.open(step.fixture().folder(), Device.CPU)) {
      double[] norms = gradients.norms(rows);
      for (int r = 0; r < norms.length; r++) {
        StepBatch alone = StepBatch.whole(Map.of(Segment.FORGET, List.of(rows.get(r))), Map.of());
        double due = step.run(nll, alone, 0).gradNorm();
        assertClose("row " + r, due, norms[r], 0, 1e-5);
        // the plausible mistake: the summed loss
        assertTrue(Math.abs(due * rows.get(r).labelled() - norms[r]) > due, "row " + r);
      }
      assertClose("again", norms[0], gradients.norms(rows.subList(0, 1))[0], 0, 1e-6);
    }
  }
}
