package org.unlearn4j.tf;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.ForwardChecks;

/** The TensorFlow runtime against float64 reference numbers. */
class TensorFlowModelTest {

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama3_rope", "gpt2"})
  void reproducesTheReferenceNumbers(String name) {
    Fixture fixture = Fixture.named(name);
    try (TensorFlowModel model = TensorFlowModel.open(fixture.folder(), Precision.FP32)) {
      ForwardChecks.logits(fixture, model, 0);
      ForwardChecks.logits(fixture, model, 4);
      ForwardChecks.features(fixture, model);
      ForwardChecks.scores(fixture, model);
      ForwardChecks.greedy(fixture, model);
      ForwardChecks.next(fixture, model);
    }
  }
}
