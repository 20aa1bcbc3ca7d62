package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.fixtures.Fixture;

/** The same numbers the tests of the rooms use, as a machine without tests asks for them. */
class CheckCommandTest {
  @TempDir Path folder;

  private static CommandRun check(Path fixtures, String methods, String... more) {
    List<String> args = new ArrayList<>(List.of("check", "--fixtures", fixtures.toString()));
    args.addAll(List.of("--json", "--device", "cpu", "--methods", methods));
    args.addAll(List.of(more));
    return CommandRun.of(args.toArray(String[]::new));
  }

  /** A copy of the llama fixture, to be spoiled. */
  private Path copy() throws IOException {
    Path to = Files.createDirectories(folder.resolve("llama"));
    for (String file :
        List.of(
            "config.json",
            "model.safetensors",
            "reference.safetensors",
            "expected.json",
            "batches.json",
            "losses.json",
            "clreg.json")) {
      Files.copy(Fixture.named("llama").folder().resolve(file), to.resolve(file));
    }
    return to;
  }

  private static List<String> failed(CommandRun r) throws IOException {
    List<String> failed = new ArrayList<>();
    for (JsonNode check : new ObjectMapper().readTree(r.out()).path("checks")) {
      if (check.path("outcome").asText().equals("fail")) {
        failed.add(check.path("fixture").asText() + ": " + check.path("what").asText());
      }
    }
    return failed;
  }

  @Test
  void bothPrecisionsHold() throws IOException {
    Path root = Fixture.named("llama").folder().getParent();
    CommandRun fp32 = check(root, "^(NPO|layer2_tau0.1_stop_gradient)$", "--only", "^llama$");
    assertEquals(ExitCode.DONE, fp32.code(), fp32.err() + fp32.out());
    JsonNode found = new ObjectMapper().readTree(fp32.out());
    assertEquals("pass", found.path("verdict").asText());
    // Logits and log-likelihoods; losses, gradients and those of parameters, with CLReg again.
    assertEquals(2 + 3 + 3, found.path("checks").size(), fp32.out());
    CommandRun bf16 = check(root, "^NPO$", "--only", "^llama$", "--precision", "bf16");
    assertEquals(ExitCode.DONE, bf16.code(), bf16.err() + bf16.out());
    JsonNode logits = new ObjectMapper().readTree(bf16.out()).path("checks").path(0);
    assertTrue(logits.path("worst").doubleValue() > 1e-3, "nothing was cast: " + bf16.out());
  }

  /** Another objective's numbers: KL instead of the likelihood as retain loss moves it by 0.1. */
  @Test
  void anotherLossFails() throws IOException {
    Path losses = copy().resolve("losses.json");
    ObjectNode json = (ObjectNode) new ObjectMapper().readTree(losses.toFile());
    ObjectNode methods = (ObjectNode) json.path("methods");
    double npo = methods.path("NPO").path("total").doubleValue();
    double kl = methods.path("NPO_KL_labelled").path("total").doubleValue();
    assertTrue(Math.abs(npo - kl) > 0.05, "or this would show nothing");
    JsonNode other = methods.path("NPO_KL_labelled").deepCopy();
    ((ObjectNode) other).set("hyperparameters", methods.path("NPO").path("hyperparameters"));
    methods.set("NPO", other);
    Files.writeString(losses, json.toString());
    CommandRun r = check(folder, "^NPO$");
    assertEquals(ExitCode.GATE, r.code(), r.err() + r.out());
    assertTrue(failed(r).contains("llama, losses: losses"), r.out());
    assertFalse(failed(r).contains("llama: logits"), r.out());
  }

  /** 1e-3 is what the smallest known mistake moves a logit by. */
  @Test
  void aLogitThatIsOffFails() throws IOException {
    Path expected = copy().resolve("expected.json");
    ObjectNode json = (ObjectNode) new ObjectMapper().readTree(expected.toFile());
    ArrayNode at = (ArrayNode) json.path("logits").path(0).path(3);
    at.set(5, at.numberNode(at.path(5).doubleValue() + 1e-3));
    Files.writeString(expected, json.toString());
    CommandRun r = check(folder, "^$");
    assertEquals(ExitCode.GATE, r.code(), r.err() + r.out());
    assertEquals(List.of("llama: logits"), failed(r));
    assertTrue(r.out().contains("row 0, position 3, token 5"), r.out());
  }

  @Test
  void mistakes() {
    CommandRun none = check(folder, "");
    assertEquals(ExitCode.USER, none.code());
    assertTrue(none.err().contains("expected folders with expected.json"), none.err());
    CommandRun regex = check(folder, "", "--only", "(");
    assertEquals(ExitCode.USER, regex.code());
    assertTrue(
        regex.err().contains("--only: found (, expected a regular expression."), regex.err());
  }
}
