package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.tf.Precision;

/**
 * Loss terms and gradients against float64 reference numbers, through the step graph that trains.
 */
class StepFixturesTest {
  private static final Optional<Term> RETAIN = Optional.of(new MeanNll(Segment.RETAIN, 1));

  private static Objective objective(String method) {
    return switch (method) {
      case "GradDiff_NLL" -> with(new MeanNll(Segment.FORGET, -1), 1);
      case "NPO" -> with(new Npo(0.1), 1);
      case "SimNPO_delta0" -> with(new SimNpo(4.5, 0), 0.125);
      case "SimNPO_delta1" -> with(new SimNpo(4.5, 1), 0.125);
      default -> throw new IllegalArgumentException(method);
    };
  }

  private static Objective with(Term forget, double gamma) {
    return new Objective("test", Optional.of(forget), gamma, RETAIN, 1, Optional.empty());
  }

  static Stream<Arguments> methods() {
    return Stream.of("llama", "gpt2")
        .flatMap(
            f ->
                Stream.of("GradDiff_NLL", "NPO", "SimNPO_delta0", "SimNPO_delta1")
                    .map(m -> Arguments.of(f, m)));
  }

  @ParameterizedTest
  @MethodSource("methods")
  void lossesAndGradients(String family, String method) {
    StepFixture step = new StepFixture(family);
    Objective objective = objective(method);
    StepFixture.Values values = step.run(objective, step.batch(objective), 0);
    check(step.fixture().json("losses.json").path("methods").path(method), values);
  }

  private static void check(JsonNode expected, StepFixture.Values values) {
    for (String term : List.of("forget", "retain")) {
      assertClose(term, expected.path(term).doubleValue(), values.terms().get(term), 1e-5, 1e-5);
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
   * bfloat16 keeps 8 significant bits: a product is off by up to 2^-9, about 0.2 %, and errors of
   * many products average out; float32 masters, norms, softmax and losses must not add to it. Equal
   * values would mean that nothing was cast.
   */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void brainFloatsStayWithinTheirRounding(String family) {
    StepFixture step = new StepFixture(family);
    Objective objective = objective("NPO");
    JsonNode expected = step.fixture().json("losses.json").path("methods").path("NPO");
    StepFixture.Values values = step.run(objective, step.batch(objective), 0, Precision.BF16);
    double total = expected.path("total").doubleValue();
    assertClose("total in bfloat16", total, values.total(), 0, 0.01);
    assertClose(
        "gradient norm in bfloat16",
        expected.path("gradient").path("global_l2").doubleValue(),
        values.gradNorm(),
        0,
        0.02);
    assertThrows(
        AssertionFailedError.class, () -> assertClose("total", total, values.total(), 1e-5, 1e-5));
  }

  static Stream<Arguments> clRegCases() {
    return Stream.of("llama", "gpt2")
        .flatMap(
            f -> {
              List<Arguments> cases = new ArrayList<>();
              Fixture.named(f)
                  .json("clreg.json")
                  .path("cases")
                  .fieldNames()
                  .forEachRemaining(c -> cases.add(Arguments.of(f, c)));
              return cases.stream();
            });
  }

  @ParameterizedTest
  @MethodSource("clRegCases")
  void clRegValuesAndGradients(String family, String name) {
    StepFixture step = new StepFixture(family);
    JsonNode all = step.fixture().json("clreg.json");
    JsonNode expected = all.path("cases").path(name);
    String variant = expected.path("variant").asText();
    boolean queued = variant.equals("stop_gradient_queue5");
    ClReg clReg =
        new ClReg(
            List.of(new FeatureLayer(expected.path("layer").intValue())),
            expected.path("tau").doubleValue(),
            !variant.equals("full_gradient"),
            queued);
    Objective objective = Objective.clRegOnly(clReg);
    StepBatch plain = step.batch(objective);
    List<float[]> queue = new ArrayList<>();
    for (JsonNode q : queued ? all.path("queue") : step.fixture().json("clreg.json").path("none")) {
      queue.add(floats(Fixture.doubles(q)));
    }
    StepBatch batch = new StepBatch(plain.rows(), plain.referenceNll(), queue, plain.totals());
    StepFixture.Values values = step.run(objective, batch, 1);
    assertClose(
        "clreg", expected.path("value").doubleValue(), values.terms().get("clreg"), 1e-5, 1e-5);
    checkGradient(expected.path("gradient"), values);
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void anUnshiftedLabelFailsTheSameAssertion(String family) {
    StepFixture step = new StepFixture(family);
    Objective objective = objective("GradDiff_NLL");
    // The plausible mistake: each token predicted from its own position, that is labels one place
    // to the left.
    var rows = new java.util.EnumMap<Segment, List<TokenRow>>(Segment.class);
    for (Segment s : objective.segments()) {
      rows.put(s, step.rows().get(s).stream().map(StepFixturesTest::unshifted).toList());
    }
    StepFixture.Values values = step.run(objective, StepBatch.whole(rows, Map.of()), 0);
    JsonNode expected = step.fixture().json("losses.json").path("methods").path("GradDiff_NLL");
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
        Objective.clRegOnly(new ClReg(List.of(new FeatureLayer(2)), 0.1, false, false));
    StepFixture.Values values = step.run(objective, step.batch(objective), 1);
    assertClose(
        "clreg", expected.path("value").doubleValue(), values.terms().get("clreg"), 1e-5, 1e-5);
    assertThrows(
        AssertionFailedError.class, () -> checkGradient(expected.path("gradient"), values));
  }

  private static float[] floats(double[] values) {
    float[] narrow = new float[values.length];
    for (int i = 0; i < narrow.length; i++) {
      narrow[i] = (float) values[i];
    }
    return narrow;
  }
}
