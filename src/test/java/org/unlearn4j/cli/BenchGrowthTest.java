package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.train.StepBenchmark;
import org.unlearn4j.train.StepGrowth;
import org.unlearn4j.unlearn.Objectives;

/** How costs grow, with costs that are given by a formula. */
class BenchGrowthTest {
  @TempDir Path temp;
  private final List<StepGrowth.Case> asked = new ArrayList<>();

  /** Rows times layers times the square of the tokens; and a vocabulary that hardly counts. */
  private StepGrowth.Cost cost(StepGrowth.Case of) {
    asked.add(of);
    StepBenchmark.Work w = of.work();
    double step = (double) w.rows() * w.config().layers() * w.tokens() * w.tokens();
    return new StepGrowth.Cost(
        of.batches() * step * 1e-3, (1L << 20) * w.rows() + w.config().vocabSize());
  }

  private List<StepGrowth.Curve> curves() {
    ModelConfig config =
        ModelConfig.of(
            new ObjectMapper()
                .createObjectNode()
                .put("model_type", "llama")
                .put("hidden_size", 8)
                .put("num_hidden_layers", 3)
                .put("num_attention_heads", 2)
                .put("num_key_value_heads", 1)
                .put("intermediate_size", 8)
                .put("vocab_size", 50)
                .put("max_position_embeddings", 16)
                .put("rms_norm_eps", 1e-5)
                .put("tie_word_embeddings", true));
    var unlearn = Pipeline.defaults("NPO", List.of()).unlearn();
    StepBenchmark.Work base =
        new StepBenchmark.Work(
            config,
            Objectives.of(unlearn, Decoder.of(config)),
            Computation.of(Precision.FP32, Device.CPU),
            2,
            16,
            1,
            3);
    return StepGrowth.of(base, c -> Objectives.of(unlearn, Decoder.of(c)), this::cost);
  }

  /** Only what an axis names grows, to 8 times its first size; of a set of rows, the batches. */
  @Test
  void oneSizeGrowsAtATime() {
    List<StepGrowth.Curve> ignored = curves();
    List<String> largest = new ArrayList<>();
    for (int axis = 0; axis < 5; axis++) {
      StepGrowth.Case c = asked.get(4 * axis + 3);
      ModelConfig m = c.work().config();
      largest.add(
          c.work().rows()
              + " "
              + c.work().tokens()
              + " "
              + m.layers()
              + " "
              + m.vocabSize()
              + " "
              + c.batches());
      assertEquals(Math.max(16, c.work().tokens()), m.maxPositions());
    }
    assertEquals(
        List.of("16 16 3 50 1", "2 128 3 50 1", "2 16 24 50 1", "2 16 3 400 1", "2 16 3 50 8"),
        largest);
  }

  /** The powers are those of the formula: 1, and 2 of the tokens. */
  @Test
  void powersAreMeasured() throws IOException {
    JsonNode found =
        new ObjectMapper().readTree(BenchCommand.Growth.write(curves(), temp).toJson());
    assertEquals(1, found.path("rows").path("time_power").doubleValue(), 1e-9);
    assertEquals(2, found.path("tokens").path("time_power").doubleValue(), 1e-9);
    assertEquals(1, found.path("layers").path("time_power").doubleValue(), 1e-9);
    assertEquals(0, found.path("vocabulary").path("time_power").doubleValue(), 1e-9);
    assertEquals(1, found.path("forget set").path("time_power").doubleValue(), 1e-9);
    assertEquals(0, found.path("forget set").path("memory_power").doubleValue(), 1e-9);
    assertEquals(1, found.path("rows").path("memory_power").doubleValue(), 0.01);
    assertEquals(16, found.path("tokens").path("from").intValue());
    // 2 rows, 3 layers, 16 tokens squared: 1.536, and 64 times that at 8 times the tokens.
    assertEquals(1.5, found.path("tokens").path("ms").get(0).doubleValue(), 1e-9);
    assertEquals(98.3, found.path("tokens").path("ms").get(3).doubleValue(), 1e-9);
  }

  /** Three doublings of the sizes; the tokens' time has doubled six times there. */
  @Test
  void picturesHaveLogarithmicAxes() throws IOException {
    StepGrowth.Curve tokens = curves().get(1); // after that of the rows
    assertEquals(4, tokens.timeDoublings().size());
    assertEquals(6, tokens.timeDoublings().get(3), 1e-9);
    BenchCommand.Growth.write(curves(), temp.resolve("there"));
    for (String name : List.of("growth-time.svg", "growth-memory.svg")) {
      String svg = Files.readString(temp.resolve("there").resolve(name));
      assertTrue(svg.startsWith("<?xml"), name);
      for (StepGrowth.Axis axis : StepGrowth.Axis.values()) {
        assertTrue(svg.contains(">" + axis.words() + "</text>"), name + ": " + axis);
      }
    }
  }
}
