package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.run.FixtureSettings;

/**
 * Negative controls: with these plausible mistakes a step misses the tolerances that {@code
 * ProbeCommandTest} holds every loss and gradient to.
 */
class StepFixturesTest {
  /** An objective as a pipeline would name it, with a fixture's hyper-parameters. */
  static Objective objective(StepFixture step, String method) {
    JsonNode expected = method(step, method);
    Optional<ControlVector> control =
        expected.has("control_vector")
            ? Optional.of(new ControlVector(floats(expected.path("control_vector"))))
            : Optional.empty();
    return Objectives.forProbing(settings(expected, method), step.decoder(), control, true);
  }

  private static JsonNode method(StepFixture step, String method) {
    return step.fixture().json("losses.json").path("methods").path(method);
  }

  private static UnlearnSettings settings(JsonNode expected, String method) {
    String name = method.replaceAll("_.*", "");
    return Pipeline.defaults(name, FixtureSettings.of(expected)).unlearn();
  }

  /** The plausible mistakes that the fixtures hold numbers of: each must miss. */
  @ParameterizedTest
  @CsvSource({
    "llama, NPO_KL_labelled, NPO_KL", "llama, UNDIAL_labelled, UNDIAL",
    "llama, PDU_labelled, PDU", "llama, RMU_rows, RMU",
    "gpt2, NPO_KL_labelled, NPO_KL", "gpt2, UNDIAL_labelled, UNDIAL",
    "gpt2, PDU_labelled, PDU", "gpt2, RMU_rows, RMU"
  })
  void reductionsOverOtherPositionsAreSeen(String family, String ours, String other) {
    StepFixture step = new StepFixture(family);
    Objective objective = objective(step, ours);
    StepFixture.Values values = step.run(objective, step.batch(objective), 0);
    check(method(step, ours), values);
    assertThrows(AssertionFailedError.class, () -> check(method(step, other), values));
  }

  private static void check(JsonNode expected, StepFixture.Values values) {
    for (String term : List.of("forget", "retain")) {
      if (expected.path(term).isNull()) {
        assertFalse(values.terms().containsKey(term), term);
      } else {
        assertClose(term, expected.path(term).doubleValue(), values.terms().get(term), 1e-5, 1e-5);
      }
    }
    assertClose("total", expected.path("total").doubleValue(), values.total(), 1e-5, 1e-5);
    checkGradient(expected.path("gradient"), values);
  }

  private static void checkGradient(JsonNode gradient, StepFixture.Values values) {
    assertClose(
        "gradient norm", gradient.path("global_l2").doubleValue(), values.gradNorm(), 0, 5e-5);
    for (Map.Entry<String, JsonNode> e : gradient.path("parameters").properties()) {
      double l2 = e.getValue().path("l2").doubleValue();
      if (l2 > 0) {
        StepFixture.assertParameter(
            e.getKey(),
            e.getValue(),
            FloatBuffer.wrap(values.gradients().get(e.getKey())),
            5e-5,
            5e-5 * l2);
      }
    }
    for (Map.Entry<String, JsonNode> e : gradient.path("l2_of_every_parameter").properties()) {
      float[] g = values.gradients().getOrDefault(e.getKey(), new float[0]);
      assertClose(
          e.getKey() + " l2", e.getValue().doubleValue(), StepFixture.Values.l2(g), 1e-9, 5e-5);
    }
  }

  /**
   * bfloat16 keeps 8 significant bits: each operand and each result is off by up to 2^-9, about 0.2
   * %. A gradient that went through some sixty roundings one after the other (seven products a
   * block, forward and back) is off by the root of sixty times that, 1.5 %, and by up to three
   * times as much; float32 masters, norms, softmax and losses must not add to it. Processors with
   * bfloat16 arithmetic round every result, others sum up in float32 and come closer. Equal values
   * would mean that nothing was cast.
   */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void brainFloatsStayWithinTheirRounding(String family) {
    StepFixture step = new StepFixture(family);
    Objective objective = objective(step, "NPO");
    JsonNode expected = method(step, "NPO");
    StepFixture.Values values =
        step.run(objective, step.batch(objective), StepControl.of(objective, 0), Computations.BF16);
    double total = expected.path("total").doubleValue();
    assertClose("total in bfloat16", total, values.total(), 0, 0.01);
    assertClose(
        "gradient norm in bfloat16",
        expected.path("gradient").path("global_l2").doubleValue(),
        values.gradNorm(),
        0,
        0.045);
    assertThrows(
        AssertionFailedError.class, () -> assertClose("total", total, values.total(), 1e-5, 1e-5));
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void anUnshiftedLabelFailsTheSameAssertion(String family) {
    StepFixture step = new StepFixture(family);
    Objective objective = objective(step, "GradDiff_NLL");
    // The plausible mistake: each token predicted from its own position, that is labels one place
    // to the left.
    var rows = new java.util.EnumMap<Segment, List<TokenRow>>(Segment.class);
    for (Segment s : objective.segments()) {
      rows.put(s, step.rows().get(s).stream().map(StepFixturesTest::unshifted).toList());
    }
    StepFixture.Values values = step.run(objective, StepBatch.whole(rows, Map.of()), 0);
    JsonNode expected = method(step, "GradDiff_NLL");
    assertThrows(AssertionFailedError.class, () -> check(expected, values));
  }

  private static TokenRow unshifted(TokenRow row) {
    int[] labels = row.labels().clone();
    for (int t = 1; t < labels.length; t++) {
      labels[t] = row.labels()[t] == TokenRow.IGNORED ? TokenRow.IGNORED : row.ids()[t - 1];
    }
    return new TokenRow(row.ids(), labels);
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void aMissingStopGradientFailsTheSameAssertion(String family) {
    StepFixture step = new StepFixture(family);
    JsonNode expected =
        step.fixture().json("clreg.json").path("cases").path("layer2_tau0.1_stop_gradient");
    Objective objective =
        Objective.only(
            new ClReg(
                new Features(List.of(new FeatureLayer(2)), RowPooling.MEAN, false, false, 0), 0.1));
    StepFixture.Values values = step.run(objective, step.batch(objective), 1);
    assertClose(
        "clreg", expected.path("value").doubleValue(), values.terms().get("clreg"), 1e-5, 1e-5);
    assertThrows(
        AssertionFailedError.class, () -> checkGradient(expected.path("gradient"), values));
  }

  private static List<Float> floats(JsonNode values) {
    List<Float> list = new ArrayList<>();
    values.forEach(v -> list.add(v.floatValue()));
    return list;
  }
}
