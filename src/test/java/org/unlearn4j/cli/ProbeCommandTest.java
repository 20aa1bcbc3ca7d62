package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.fixtures.DoubleMixtral;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.run.FixtureSettings;

/** {@code probe} as a user runs it, against float64 values and gradients. */
class ProbeCommandTest {

  @TempDir static Path folder;

  private static JsonNode probe(
      String fixture, Path input, String objective, String parameters, List<String> sets)
      throws IOException {
    String model = Fixture.named(fixture).folder().toString();
    List<String> args = new ArrayList<>(List.of("probe", "--model", model));
    args.addAll(List.of("--input", input.toString(), "--objective", objective));
    args.addAll(List.of("--reference", model + "/reference.safetensors"));
    args.addAll(List.of("--parameters", parameters));
    for (String set : sets) {
      args.addAll(List.of("--set", set));
    }
    return ForwardCommandTest.json(CommandRun.of(args.toArray(String[]::new)));
  }

  private static Path batches(String fixture) {
    return Fixture.named(fixture).folder().resolve("batches.json");
  }

  /** The fixture's batches with something beside them. */
  private static Path batchesWith(String fixture, String key, JsonNode value) throws IOException {
    ObjectNode input = Fixture.named(fixture).json("batches.json").deepCopy();
    Path file = folder.resolve(fixture + "." + key + ".json");
    return Files.writeString(file, input.set(key, value).toString());
  }

  private static void value(String what, JsonNode expected, JsonNode found) {
    assertTrue(found.isNumber(), what + ": " + found);
    assertClose(what, expected.doubleValue(), found.doubleValue(), 1e-5, 1e-5);
  }

  private static void gradient(JsonNode expected, JsonNode found) {
    norm("gradient norm", expected.path("global_l2"), found.path("grad_norm"));
    JsonNode parameters = found.path("parameters");
    int listed = 0;
    for (Map.Entry<String, JsonNode> e : expected.path("l2_of_every_parameter").properties()) {
      JsonNode seen = parameters.path(e.getKey());
      if (seen.isMissingNode()) { // what a loss does not reach has no gradient
        assertEquals(0, e.getValue().doubleValue(), 1e-12, e.getKey());
        continue;
      }
      double l2 = e.getValue().doubleValue();
      // A bias that softmax takes away again has a gradient of rounding alone.
      assertClose(e.getKey(), l2, seen.path("grad_norm").doubleValue(), 1e-8, 5e-5);
      JsonNode head = expected.path("parameters").path(e.getKey()).path("first8");
      for (int i = 0; i < head.size(); i++) {
        String what = e.getKey() + ", value " + i;
        double value = seen.path("grad_head").path(i).doubleValue();
        assertClose(what, head.path(i).doubleValue(), value, Math.max(1e-8, 5e-5 * l2), 0);
        listed++;
      }
    }
    assertTrue(listed >= 16, "heads of two parameters at least: " + listed);
  }

  private static void norm(String what, JsonNode expected, JsonNode found) {
    assertTrue(expected.isNumber() && found.isNumber(), what + ": " + found);
    assertClose(what, expected.doubleValue(), found.doubleValue(), 0, 5e-5);
  }

  private static void method(JsonNode expected, JsonNode found) {
    value("forget", expected.path("forget"), found.path("forget"));
    if (expected.path("retain").isNull()) {
      assertTrue(found.path("retain").isNull(), "no retain loss: " + found);
    } else {
      value("retain", expected.path("retain"), found.path("retain"));
    }
    value("total", expected.path("total"), found.path("total"));
    assertTrue(found.path("clreg").isNull(), "CLReg is off without a weight: " + found);
    gradient(expected.path("gradient"), found);
  }

  static Stream<Arguments> methods() {
    return Stream.of("llama", "gpt2")
        .flatMap(
            f -> {
              Set<String> names = new LinkedHashSet<>();
              Fixture.named(f)
                  .json("losses.json")
                  .path("methods")
                  .fieldNames()
                  .forEachRemaining(names::add);
              // Those that reproduce another implementation's reductions, see their README.
              names.removeAll(Set.of("GradDiff_KL", "NPO_KL", "UNDIAL", "PDU", "RMU"));
              return names.stream().map(n -> Arguments.of(f, n));
            });
  }

  @ParameterizedTest
  @MethodSource("methods")
  void lossesAndGradients(String fixture, String name) throws IOException {
    JsonNode all = Fixture.named(fixture).json("losses.json").path("methods");
    JsonNode expected = all.path(name);
    Path input =
        expected.has("control_vector")
            ? batchesWith(fixture, "control_vector", expected.path("control_vector"))
            : batches(fixture);
    JsonNode found =
        probe(fixture, input, name.replaceAll("_.*", ""), ".", FixtureSettings.of(expected));
    method(expected, found);
    assertFalse(found.path("parameters").isEmpty(), "some gradients are shown");
    if (!expected.has("trainable_parameters")) { // there the norm is over those alone
      norm(
          "forget gradient",
          expected.path("forget_gradient_global_l2"),
          found.path("terms").path("forget").path("grad_norm"));
    }
    JsonNode other = all.path(name.equals("DPO") ? "NPO" : "DPO");
    assertThrows(
        AssertionFailedError.class, () -> value("total", other.path("total"), found.path("total")));
  }

  /**
   * With forget and retain gradients f and r, {@code |f + r|^2 = |f|^2 + |r|^2 + 2 |f| |r| cos};
   * the fixture has the norms of f (its own term), of f + r, and of f + 0 r.
   */
  @Test
  void theCosineBetweenForgetAndRetainGradientFollowsFromTheNorms() throws IOException {
    JsonNode expected = Fixture.named("gpt2").json("losses.json").path("methods").path("NPO");
    JsonNode found = probe("gpt2", batches("gpt2"), "NPO", "(?!)", List.of());
    double f = expected.path("forget_gradient_global_l2").doubleValue();
    double both = expected.path("gradient").path("global_l2").doubleValue();
    double r = found.path("terms").path("retain").path("grad_norm").doubleValue();
    double cosine = (both * both - f * f - r * r) / (2 * f * r);
    double seen = found.path("gradient_cosine").path("forget_retain").doubleValue();
    // Norms within 5e-5 leave |f + r|^2 = 1669 within 0.17, and 2 |f| |r| is about 580.
    assertClose("cosine", cosine, seen, 5e-4, 0);
    assertTrue(Math.abs(seen) > 0.01, "a cosine of 0 would show nothing: " + seen);
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void theDualVariable(String fixture) throws IOException {
    JsonNode method = Fixture.named(fixture).json("losses.json").path("methods").path("PDU");
    for (JsonNode step : method.path("dual_update")) {
      JsonNode found =
          probe(
              fixture,
              batches(fixture),
              "PDU",
              "(?!)",
              List.of(
                  "unlearn.objective.alpha=" + step.path("alpha").asText(),
                  "unlearn.objective.dual_step=" + step.path("dual_step_size").asText(),
                  "unlearn.objective.epsilon=" + step.path("retain_loss_eps").asText()));
      JsonNode dual = found.path("dual_update");
      assertClose("alpha", 1, dual.path("alpha").doubleValue(), 0, 0);
      assertClose(
          "new alpha",
          step.path("new_alpha").doubleValue(),
          dual.path("new_alpha").doubleValue(),
          1e-6,
          0);
    }
  }

  /** Measured for this batch; either format computes, and bfloat16 rounds to 2 or 3 digits. */
  @Test
  void anOpenPrecisionIsSettled() throws IOException {
    JsonNode expected = Fixture.named("llama").json("losses.json").path("methods").path("NPO");
    String model = Fixture.named("llama").folder().toString();
    String input = batches("llama").toString();
    List<String> args = new ArrayList<>(List.of("probe", "--model", model, "--input", input));
    args.addAll(List.of("--reference", model + "/reference.safetensors"));
    for (String set : FixtureSettings.of(expected)) {
      args.addAll(List.of("--set", set));
    }
    args.addAll(List.of("--set", "model.precision=auto"));
    CommandRun r = CommandRun.of(args.toArray(String[]::new));
    assertEquals(ExitCode.DONE, r.code(), r.err());
    double total = new ObjectMapper().readTree(r.out()).path("total").doubleValue();
    assertClose("total", expected.path("total").doubleValue(), total, 0, 0.05);
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
  void clRegAlone(String fixture, String name) throws IOException {
    JsonNode all = Fixture.named(fixture).json("clreg.json");
    JsonNode expected = all.path("cases").path(name);
    boolean queued = name.endsWith("queue5");
    JsonNode found =
        probe(
            fixture,
            queued ? batchesWith(fixture, "queue", all.path("queue")) : batches(fixture),
            "GradDiff",
            ".",
            List.of(
                "unlearn.objective.gamma=0",
                "unlearn.objective.alpha=0",
                "unlearn.clreg.weight=1",
                "unlearn.clreg.temperature=" + expected.path("tau").asText(),
                "unlearn.clreg.layers=[" + expected.path("layer").asText() + "]",
                "unlearn.clreg.queue=" + (queued ? 5 : 0),
                "unlearn.clreg.stop_gradient=" + !name.contains("full_gradient")));
    value("clreg", expected.path("value"), found.path("clreg"));
    value("total", expected.path("value"), found.path("total"));
    gradient(expected.path("gradient"), found);
  }

  /** The loss that balances experts is a term like the others: its value from float64. */
  @Test
  void aMixturesRoutersAreProbed() throws IOException {
    JsonNode batch = Fixture.named("mixtral").expected();
    ObjectNode input = new ObjectMapper().createObjectNode();
    for (String segment : List.of("forget", "retain")) {
      ObjectNode rows = input.putObject(segment);
      List.of("input_ids", "attention_mask", "labels").forEach(k -> rows.set(k, batch.path(k)));
    }
    Path file = Files.writeString(folder.resolve("mixtral.json"), input.toString());
    String model = Fixture.named("mixtral").folder().toString();
    List<String> args = new ArrayList<>(List.of("probe", "--model", model, "--input", "" + file));
    args.addAll(List.of("--objective", "GradDiff", "--set", "unlearn.router_loss=2"));
    JsonNode seen = ForwardCommandTest.json(CommandRun.of(args.toArray(String[]::new)));
    JsonNode router = seen.path("terms").path("router");
    double expected = balance(Fixture.rows(batch));
    assertClose("router", expected, router.path("value").doubleValue(), 1e-5, 0);
    assertEquals(2, router.path("weight").doubleValue());
    assertTrue(router.path("grad_norm").doubleValue() > 1e-3, router.toString());
    // Both segments have the same rows: GradDiff's parts cancel, and what is left is the routers'.
    assertClose("total", 2 * expected, seen.path("total").doubleValue(), 1e-5, 0);
  }

  /** {@code N sum_e f_e P_e} over the tokens of both layers; the same rows twice change nothing. */
  private static double balance(List<TokenRow> rows) {
    double[] sent = new double[5];
    double[] probability = new double[5];
    DoubleMixtral mixtral = new DoubleMixtral();
    for (TokenRow row : rows) {
      mixtral.route(
          row.ids(),
          (layer, p, chosen) -> {
            for (int e = 0; e < p.length; e++) {
              sent[e] += chosen.contains(e) ? 1 : 0;
              probability[e] += p[e];
            }
          });
    }
    double both = 2.0 * rows.stream().mapToInt(TokenRow::length).sum();
    double sum = 0;
    for (int e = 0; e < sent.length; e++) {
      sum += sent[e] / both * probability[e] / both;
    }
    return sent.length * sum;
  }

  @Test
  void whatIsNeededAndNotThere() {
    String folder = Fixture.named("llama").folder().toString();
    String input = folder + "/batches.json";
    refuses("--reference: found nothing, expected the frozen model for NPO.", folder, input);
    refuses("--objective: ", folder, input, "--objective", "Oblivion"); // names those there are
    refuses(
        "--parameters: found (, expected a regular expression.",
        folder,
        input,
        "--parameters",
        "(");
    refuses(
        "--input: found no rows under \"forget\", expected some for GradDiff.",
        folder,
        folder + "/expected.json",
        "--objective",
        "GradDiff");
    refuses(
        "unlearn.clreg.layers: found 3, expected embeddings, last or 0 to 2",
        folder,
        input,
        "--set",
        "unlearn.clreg={weight: 0.1, layers: [3]}");
    refuses(
        "unlearn.objective.layer: found 3, expected embeddings, last or 0 to 2",
        folder,
        input,
        "--objective",
        "RMU",
        "--set",
        "unlearn.objective.layer=3");
    refuses(
        "unlearn.objective.trainable: found down_proj, which matches no parameter",
        folder,
        input,
        "--objective",
        "RMU",
        "--set",
        "unlearn.objective.layer=1",
        "--set",
        "unlearn.objective.trainable=down_proj");
    refuses(
        "unlearn.objective.beta=0: found 0, expected a number greater than 0",
        folder,
        input,
        "--set",
        "unlearn.objective.beta=0");
    refuses(
        "unlearn.objective.retain=[NLL, KL]: found the list [NLL, KL], expected one of NLL, KL, EmbedDiff, none",
        folder,
        input,
        "--set",
        "unlearn.objective.retain=[NLL, KL]");
  }

  @Test
  void vectorsOfAnotherWidth() throws IOException {
    String model = Fixture.named("llama").folder().toString();
    JsonNode short3 = new ObjectMapper().readTree("[1, 2, 3]");
    refuses(
        "--input: found 3 numbers in a vector of \"control_vector\", expected 32",
        model,
        batchesWith("llama", "control_vector", short3).toString(),
        "--objective",
        "RMU",
        "--set",
        "unlearn.objective.layer=1",
        "--reference",
        model);
  }

  private static void refuses(String message, String model, String input, String... more) {
    List<String> args = new ArrayList<>(List.of("probe", "--model", model, "--input", input));
    args.addAll(List.of(more));
    CommandRun r = CommandRun.of(args.toArray(String[]::new));
    assertEquals(ExitCode.USER, r.code(), r.err());
    assertTrue(r.err().contains(message), r.err());
    assertEquals("", r.out());
  }
}
