package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.fixtures.Fixture;

/** {@code probe} as a user runs it, against float64 values and gradients. */
class ProbeCommandTest {

  private static JsonNode probe(String fixture, String objective, String parameters, String... sets)
      throws IOException {
    String folder = Fixture.named(fixture).folder().toString();
    List<String> args = new ArrayList<>(List.of("probe", "--model", folder));
    args.addAll(List.of("--input", folder + "/batches.json", "--objective", objective));
    args.addAll(List.of("--reference", folder + "/reference.safetensors"));
    args.addAll(List.of("--parameters", parameters));
    for (String set : sets) {
      args.addAll(List.of("--set", set));
    }
    return ForwardCommandTest.json(CommandRun.of(args.toArray(String[]::new)));
  }

  private static void value(String what, JsonNode expected, JsonNode found) {
    assertTrue(found.isNumber(), what + ": " + found);
    assertClose(what, expected.doubleValue(), found.doubleValue(), 1e-5, 1e-5);
  }

  private static void gradient(JsonNode expected, JsonNode found) {
    norm("gradient norm", expected.path("global_l2"), found.path("grad_norm"));
    for (Map.Entry<String, JsonNode> e : found.path("parameters").properties()) {
      norm(
          e.getKey(),
          expected.path("l2_of_every_parameter").path(e.getKey()),
          e.getValue().path("grad_norm"));
      assertEquals(8, e.getValue().path("grad_head").size(), e.getKey());
      JsonNode listed = expected.path("parameters").path(e.getKey());
      for (int i = 0; i < listed.path("first8").size(); i++) {
        assertClose(
            e.getKey() + ", value " + i,
            listed.path("first8").path(i).doubleValue(),
            e.getValue().path("grad_head").path(i).doubleValue(),
            5e-5 * listed.path("l2").doubleValue(),
            0);
      }
    }
  }

  private static void norm(String what, JsonNode expected, JsonNode found) {
    assertTrue(expected.isNumber() && found.isNumber(), what + ": " + found);
    assertClose(what, expected.doubleValue(), found.doubleValue(), 0, 5e-5);
  }

  private static void method(String name, String fixture, JsonNode found) {
    JsonNode expected = Fixture.named(fixture).json("losses.json").path("methods").path(name);
    value("forget", expected.path("forget"), found.path("forget"));
    value("retain", expected.path("retain"), found.path("retain"));
    value("total", expected.path("total"), found.path("total"));
    assertTrue(found.path("clreg").isNull(), "CLReg is off without a weight: " + found);
    gradient(expected.path("gradient"), found);
  }

  @ParameterizedTest
  @CsvSource({
    "llama, GradDiff_NLL, GradDiff, unlearn.objective.gamma=1.0",
    "llama, NPO, NPO, unlearn.objective.beta=0.1",
    "llama, SimNPO_delta0, SimNPO, unlearn.objective.delta=0",
    "llama, SimNPO_delta1, SimNPO, unlearn.objective.delta=1",
    "gpt2, NPO, NPO, unlearn.objective.gamma=1"
  })
  void lossesAndGradients(String fixture, String name, String objective, String set)
      throws IOException {
    JsonNode found = probe(fixture, objective, "embed_tokens|q_proj|c_attn|down_proj", set);
    method(name, fixture, found);
    // A q_proj and a down_proj in each of three layers and the table; of GPT-2 the matrix and the
    // bias of c_attn.
    assertEquals(
        fixture.equals("llama") ? 7 : 6, found.path("parameters").size(), () -> "" + found);
    JsonNode other = Fixture.named(fixture).json("losses.json").path("methods").path("DPO");
    assertThrows(
        AssertionFailedError.class, () -> value("total", other.path("total"), found.path("total")));
  }

  @ParameterizedTest
  @CsvSource({
    "llama, layer2_tau0.1_stop_gradient, last",
    "llama, layer1_tau0.5_full_gradient, 1",
    "gpt2, layer1_tau0.1_stop_gradient, 1"
  })
  void clRegAlone(String fixture, String name, String layer) throws IOException {
    JsonNode expected = Fixture.named(fixture).json("clreg.json").path("cases").path(name);
    JsonNode found =
        probe(
            fixture,
            "GradDiff",
            "layers.0.self_attn|h.0.attn.c_attn",
            "unlearn.objective.gamma=0",
            "unlearn.objective.alpha=0",
            "unlearn.clreg.weight=1",
            "unlearn.clreg.temperature=" + expected.path("tau").asText(),
            "unlearn.clreg.layers=[" + layer + "]",
            "unlearn.clreg.stop_gradient=" + !name.contains("full_gradient"));
    value("clreg", expected.path("value"), found.path("clreg"));
    value("total", expected.path("value"), found.path("total"));
    gradient(expected.path("gradient"), found);
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
