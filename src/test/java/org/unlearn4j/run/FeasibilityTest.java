package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.job.Job;
import org.unlearn4j.onnx.ExportOptions;
import org.unlearn4j.onnx.OnnxExporter;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.Variant;

/** Layers in eight bits that the model does not have are told before anything runs. */
class FeasibilityTest {
  @TempDir Path temp;

  private static String told(Executable work) {
    return assertThrows(UserException.class, work).getMessage();
  }

  /** Heads of 12 features, of which the operator knows nothing; 8 are well. */
  @Test
  void headsAreHeldAgainstTheOperator() {
    Path model = Fixture.named("qwen3").folder();
    List<String> asked = List.of("model.path=" + model, "export.attention=grouped");
    Pipeline pipeline = Pipeline.defaults("NPO", asked);
    String due =
        model
            + ", config.json: found heads of 12 features beside attention grouped, whose operator"
            + " needs a multiple of 8, expected attention standard.";
    Path run = temp.resolve("run");
    assertEquals(due, told(() -> Job.of(pipeline).in(run).run()));
    assertFalse(Files.exists(run.resolve("pipeline.yaml")), "nothing has run");
    Feasibility.deployable(pipeline.with("export.attention=standard"));
    Feasibility.deployable(pipeline.with("model.path=" + Fixture.named("llama").folder()));
  }

  /** The fixture has three layers, 0 to 2. */
  @Test
  void layersAreHeldAgainstTheModel() {
    Path model = Fixture.named("llama").folder();
    Pipeline pipeline =
        Pipeline.defaults(
            "NPO",
            List.of(
                "model.path=" + model,
                "export.variants=[q4f16]",
                "export.int4.eight_bit_layers=[1, 3]"));
    String rest = ": found layer 3, expected layers from 0 to 2, those of " + model + ".";
    String due = "export.int4.eight_bit_layers" + rest;
    assertEquals(due, told(() -> Feasibility.check(pipeline)));
    Path run = temp.resolve("run");
    assertEquals(due, told(() -> Job.of(pipeline).in(run).run()));
    assertEquals(due, told(() -> Job.of(pipeline).in(run).plan(Job.Options.ALL)));
    assertFalse(Files.exists(run.resolve("pipeline.yaml")), "nothing has run");
    Feasibility.deployable(pipeline.with("export.int4.eight_bit_layers=[1]"));

    GraphChoices choices = GraphChoices.read(Variant.INT4, "eight_bit_layers=3", "test");
    Path out = temp.resolve("out");
    assertEquals(
        "eight_bit_layers of q4f16" + rest,
        told(
            () ->
                OnnxExporter.export(
                    model, out, ExportOptions.of(List.of("fp32", "q4f16")).choices(choices))));
    assertEquals(
        "eight_bit_layers of int4" + rest,
        told(() -> RoundStage.run(model, Variant.INT4, false, choices, out)));
    assertFalse(Files.exists(out));
  }
}
