package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.FakeQuantization;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.weights.QuantizedRows;
import org.unlearn4j.weights.RowQuantizer;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.Variant;

/**
 * A quantisation-aware step has the values and gradients of a plain one whose weights were
 * quantised before; where it is told to see full precision, those of a plain one.
 */
class QuantizationAwareTest {
  /** This model's head is not tied, so that it can be quantised from outside without the table. */
  @ParameterizedTest
  @ValueSource(strings = {"int4", "int8"})
  void aStepIsThatOfTheDeployedWeights(String format) {
    StepFixture fixture = new StepFixture("llama");
    Objective plain = objective(fixture, "none");
    Objective aware = objective(fixture, format);
    StepBatch batch = fixture.batch(plain);
    StepControl full = new StepControl(1, 0, new StepControl.ViewSeed(0, 0, 0), false);
    StepControl deployed = new StepControl(1, 0, new StepControl.ViewSeed(0, 0, 0), true);
    RowQuantizer quantizer =
        Variant.named(format).codes().orElseThrow().of("model.layers.0.mlp.up_proj.weight");
    StepFixture.Values asIs;
    StepFixture.Values quantised;
    try (StepGraph graph = new StepGraph(fixture.decoder(), plain, Computations.FP32);
        SafeTensors weights = SafeTensors.open(fixture.fixture().folder())) {
      fixture.assignPolicy(graph);
      asIs = StepFixture.run(graph, batch, full);
      var source = TfRuntime.checkpoint(weights, fixture.decoder().parameters());
      graph
          .variables()
          .assign(
              p -> {
                float[] values = new float[Math.toIntExact(p.size())];
                source.read(p, 0, FloatBuffer.wrap(values));
                return FloatBuffer.wrap(quantised(p, values, quantizer));
              });
      quantised = StepFixture.run(graph, batch, full);
    }
    try (StepGraph graph = new StepGraph(fixture.decoder(), aware, Computations.FP32)) {
      fixture.assignPolicy(graph);
      assertSame(asIs, StepFixture.run(graph, batch, full));
      StepFixture.Values seen = StepFixture.run(graph, batch, deployed);
      assertSame(quantised, seen);
      assertThrows(
          AssertionFailedError.class, () -> assertSame(asIs, seen), "the control: they differ");
    }
  }

  /** bfloat16 keeps 8 significant bits, of codes and of their products alike. */
  @Test
  void inBrainFloatsToo() {
    StepFixture fixture = new StepFixture("llama");
    Objective aware = objective(fixture, "int8");
    StepBatch batch = fixture.batch(aware);
    StepControl deployed = StepControl.of(aware, 0);
    double exact = fixture.run(aware, batch, deployed, Computations.FP32).total();
    StepFixture.Values seen = fixture.run(aware, batch, deployed, Computations.BF16);
    assertClose("total", exact, seen.total(), 0, 0.02);
    assertNotEquals(exact, seen.total(), "something was cast");
    assertTrue(seen.gradNorm() > 1e-3);
  }

  private static Objective objective(StepFixture fixture, String format) {
    Pipeline p = Pipeline.defaults("NPO", List.of("unlearn.quantization_aware=" + format));
    return Objectives.of(p.unlearn(), fixture.decoder());
  }

  private static float[] quantised(Parameter p, float[] values, RowQuantizer q) {
    if (p.shape().size() != 2 || p.name().contains("embed")) {
      return values;
    }
    int width = p.dim(1);
    QuantizedRows row = new QuantizedRows(q, width, 1);
    float[] result = new float[values.length];
    for (int r = 0; r < p.dim(0); r++) {
      q.quantize(values, r * width, row, 0);
      q.dequantize(row, 0, result, r * width);
    }
    return result;
  }

  /**
   * The same arithmetic in another graph: the rounding of sums may differ, by less than 1e-5 of a
   * gradient's norm.
   */
  private static void assertSame(StepFixture.Values expected, StepFixture.Values seen) {
    assertClose("total", expected.total(), seen.total(), 1e-6, 1e-6);
    assertEquals(expected.gradients().keySet(), seen.gradients().keySet());
    for (Map.Entry<String, float[]> e : expected.gradients().entrySet()) {
      float[] gradient = seen.gradients().get(e.getKey());
      double allowed = 1e-5 * StepFixture.Values.l2(e.getValue());
      for (int i = 0; i < gradient.length; i++) {
        assertClose(e.getKey() + "[" + i + "]", e.getValue()[i], gradient[i], allowed, 0);
      }
    }
    assertTrue(expected.gradNorm() > 1e-3, "gradients of nothing would be equal too");
  }

  /** Spread evenly: of n steps, share * n see the deployed weights, at any n, rounded down. */
  @ParameterizedTest
  @CsvSource({"1, 20", "0.5, 10", "0.25, 5", "0.15, 3"})
  void theShareOfStepsIsKept(double share, int expected) {
    QuantizationAware aware = new QuantizationAware(FakeQuantization.INT4, share);
    assertEquals(expected, IntStream.range(0, 20).filter(aware::at).count());
    Objective objective = Objective.finetune();
    assertTrue(IntStream.range(0, 20).noneMatch(objective::quantizes), "not asked for");
    assertEquals(Optional.of(aware), objective.with(aware).quantization());
    if (share == 0.5) {
      assertTrue(IntStream.range(0, 20).allMatch(i -> aware.at(i) == (i % 2 == 1)));
    }
  }
}
