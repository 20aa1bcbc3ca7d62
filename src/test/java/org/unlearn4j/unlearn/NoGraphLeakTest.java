package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;

/** A graph that could not be built is closed: nobody has it to close it. */
class NoGraphLeakTest {
  @Test
  void aTermThatThrows() {
    Decoder llama =
        Decoder.of(ModelConfig.read(Path.of("src/test/resources/fixtures/llama/config.json")));
    List<Graph> built = new ArrayList<>();
    Term failing =
        new Term() {
          @Override
          public Set<Segment> segments() {
            return Set.of(Segment.FORGET);
          }

          @Override
          public Operand<TFloat32> value(Ops tf, StepContext context) {
            built.add((Graph) tf.constant(0f).op().env());
            throw new IllegalStateException("no such loss");
          }
        };
    Objective objective = Objective.of("failing", new Weighted(failing, 1), null);
    IllegalStateException e =
        assertThrows(
            IllegalStateException.class,
            () -> new StepGraph(llama, objective, Computation.of(Precision.FP32, Device.CPU)));
    assertEquals("no such loss", e.getMessage());
    assertThrows(IllegalStateException.class, () -> built.get(0).toGraphDef());
  }
}
