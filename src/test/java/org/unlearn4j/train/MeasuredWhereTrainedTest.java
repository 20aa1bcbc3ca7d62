package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.tensorflow.GraphOperation;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.tf.Values;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/** A model in a training graph is the one that is trained, without weights of its own. */
class MeasuredWhereTrainedTest {
  private final StepFixture fixture = new StepFixture("llama");
  private final List<TokenRow> rows = fixture.rows().get(Segment.FORGET);

  private static double[] nll(List<TokenScores> scores) {
    return scores.stream().mapToDouble(TokenScores::nll).toArray();
  }

  private static long variables(StepGraph graph) {
    Iterator<GraphOperation> all = graph.runtime().graph().operations();
    Stream<GraphOperation> operations =
        StreamSupport.stream(((Iterable<GraphOperation>) () -> all).spliterator(), false);
    return operations.filter(o -> o.type().equals("VarHandleOp")).count();
  }

  /** Measured in float32 though the steps are in bfloat16, as relearning does. */
  @Test
  void isWhatACopyWouldBe() {
    Objective objective =
        Objectives.of(Pipeline.defaults("NPO", List.of()).unlearn(), fixture.decoder());
    StepBatch batch = fixture.batch(objective);
    StepGraph graph = new StepGraph(fixture.decoder(), objective, Computations.BF16);
    try (TrainingStep step = new TrainingStep(graph, OptimizerSettings.adamW(0.01, 1), 1)) {
      long before = variables(graph);
      TensorFlowModel model =
          TensorFlowModel.within(
              graph.runtime(), fixture.decoder(), graph.weights(), Precision.FP32);
      assertEquals(before, variables(graph));
      fixture.assignPolicy(graph);
      step.reset();
      double[] first = nll(model.score(rows));
      try (TensorFlowModel copy =
          TensorFlowModel.open(fixture.fixture().folder(), Computations.FP32)) {
        // The same operations on the same numbers in the same order.
        assertArrayEquals(nll(copy.score(rows)), first, 1e-5);
      }
      step.run(1, List.of(batch), 1e-2, StepControl.of(objective, 0));
      double[] trained = nll(model.score(rows));
      model.close(); // the graph is not its own
      step.run(2, List.of(batch), 0, StepControl.of(objective, 0));
      try (Values values = graph.variables().values();
          TensorFlowModel copy =
              TensorFlowModel.of(fixture.decoder(), values::of, Computations.FP32)) {
        double[] expected = nll(copy.score(rows));
        for (int i = 0; i < rows.size(); i++) {
          assertClose("row " + i, expected[i], trained[i], 1e-5, 0);
          assertTrue(Math.abs(trained[i] - first[i]) > 1e-2, "row " + i + " moved");
        }
      }
    }
  }
}
