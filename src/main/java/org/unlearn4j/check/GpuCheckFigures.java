package org.unlearn4j.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/** What follows from the parts of a check together. */
final class GpuCheckFigures {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Where the step is held against PyTorch's: the shape and precision that is to be reached. */
  private static final String GOAL = "1b.bf16";

  /** Of PyTorch's memory, at most. */
  private static final double GOAL_MEMORY = 0.9;

  private final JsonNode parts;

  /**
   * Figures.
   *
   * @param parts of the JSON, as far as there are any
   */
  GpuCheckFigures(JsonNode parts) {
    this.parts = parts;
  }

  private JsonNode part(String name) {
    return StreamSupport.stream(parts.spliterator(), false)
        .filter(p -> p.path("part").asText().equals(name))
        .findFirst()
        .orElse(JSON.missingNode());
  }

  private JsonNode result(String name) {
    return part(name).path("result");
  }

  /**
   * PyTorch's step beside ours; what one side did not measure is left out.
   *
   * <ul>
   *   <li>{@code torch_ms_by_ours}: above 1 PyTorch needs longer
   *   <li>{@code memory_by_torchs}: what the driver says each process took of the card. Pools are
   *       in it, and TensorFlow's doubles when it grows
   *   <li>{@code tensors_by_torchs}: what the largest moment of a step holds, weights and moments
   *       included, without what a pool has on top
   * </ul>
   *
   * @param theirs PyTorch's part, with its result
   * @param what shape and precision, for instance {@code 5m.bf16}
   */
  Map<String, Double> beside(JsonNode theirs, String what) {
    JsonNode torch = theirs.path("result");
    JsonNode bench = result("bench." + what);
    JsonNode memory = result("memory." + what);
    double tensors =
        memory.path("variables").asDouble(Double.NaN)
            + memory.path("step_measured").asDouble(Double.NaN);
    Map<String, Double> figures = new LinkedHashMap<>();
    ratio(figures, "torch_ms_by_ours", number(torch, "step_ms"), number(bench, "step_ms"));
    ratio(
        figures,
        "memory_by_torchs",
        number(bench, "device_memory_mb"),
        number(torch, "device_memory_mb"));
    ratio(figures, "tensors_by_torchs", tensors, number(torch, "allocated_mb"));
    return figures;
  }

  private static double number(JsonNode node, String key) {
    return node.path(key).asDouble(Double.NaN);
  }

  private static void ratio(Map<String, Double> figures, String name, double a, double b) {
    if (a > 0 && b > 0) {
      figures.put(name, Math.round(a / b * 1000) / 1000.0);
    }
  }

  /**
   * The goals, each with what was found: {@code reached} is true, false, or {@code unknown} where
   * the parts that would tell were not done.
   */
  ObjectNode toReach() {
    ObjectNode goals = JSON.createObjectNode();
    JsonNode all = part("fixtures.fp32");
    JsonNode fixtures = all.isMissingNode() ? part("llama.fp32") : all;
    goal(goals, "fixtures", "within 2e-4 in float32", fixtures.path("outcome"), null);
    JsonNode whole = part("fable").path("beside_the_cpu");
    JsonNode beside = whole.isMissingNode() ? part("fable.rest").path("beside_the_cpu") : whole;
    JsonNode training = beside.path("same_training");
    goal(
        goals,
        "fable_measured",
        "metrics of the same weights are the CPU's",
        beside.path("same_weights").path("outcome"),
        beside.path("same_weights").path("largest"));
    JsonNode largest = training.path("largest");
    goal(
        goals,
        "fable_trained",
        "metrics are no further from those of a training on the CPU than another seed's are",
        largest.isNumber()
            ? outcome(largest.doubleValue() <= training.path("largest_of_another_seed").asDouble())
            : largest,
        largest);
    JsonNode torch = part("torch." + GOAL);
    JsonNode speed = torch.path("torch_ms_by_ours");
    JsonNode memory = torch.path("tensors_by_torchs");
    goal(
        goals,
        "step",
        GOAL + " not slower than PyTorch's",
        speed.isNumber() ? outcome(speed.doubleValue() >= 1) : speed,
        speed);
    goal(
        goals,
        "memory",
        GOAL + " below 90 % of PyTorch's",
        memory.isNumber() ? outcome(memory.doubleValue() < GOAL_MEMORY) : memory,
        memory);
    JsonNode utilisation = result("bench." + GOAL).path("utilisation");
    goal(
        goals,
        "utilisation",
        GOAL + " reported, of the measured matrix peak (torchtitan, 8 B on H100s: 0.33 to 0.39)",
        utilisation.isNumber() ? outcome(true) : utilisation,
        utilisation);
    return goals;
  }

  private static JsonNode outcome(boolean pass) {
    return JSON.getNodeFactory().textNode(pass ? "pass" : "fail");
  }

  private static void goal(
      ObjectNode goals, String id, String goal, JsonNode outcome, JsonNode found) {
    ObjectNode own = goals.putObject(id).put("goal", goal);
    if (List.of("pass", "fail").contains(outcome.asText())) {
      own.put("reached", outcome.asText().equals("pass"));
    } else {
      own.put("reached", "unknown");
    }
    if (found != null && !found.isMissingNode()) {
      own.set("found", found);
    }
  }
}
