package org.unlearn4j.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.unlearn4j.eval.Metric;

/** What a part found, short enough for one line; the JSON on the disk has all of it. */
final class CheckLine {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int LONGEST_TEXT = 400;

  private CheckLine() {}

  /**
   * A digest of a part: what became of it and its figures, without its long tables.
   *
   * @param part as it stands in the JSON
   */
  static ObjectNode of(JsonNode part) {
    ObjectNode line = JSON.createObjectNode();
    for (String key :
        List.of(
            "part",
            "outcome",
            "seconds",
            "estimate_s",
            "left_s",
            "exit_code",
            "why",
            "gate",
            "of")) {
      copy(part, key, line);
    }
    copy(part, "torch_ms_by_ours", line);
    copy(part, "tensors_by_torchs", line);
    String stderr = part.path("stderr").asText();
    if (!stderr.isEmpty()) {
      line.put("stderr", stderr.substring(Math.max(0, stderr.length() - LONGEST_TEXT)));
    }
    JsonNode result = part.path("result");
    if (result.path("checks").isArray()) {
      worst(result, line.putObject("result"));
    } else if (result.has("gpu")) {
      machine(result, line.putObject("result"));
    } else {
      copy(part, "result", line);
    }
    part.path("stages").forEach(stage -> stage(stage, line.withArray("/stages")));
    JsonNode beside = part.path("beside_the_cpu");
    if (beside.isObject()) {
      ObjectNode own = line.putObject("beside_the_cpu");
      copy(beside.path("same_weights"), "largest", own.putObject("same_weights"));
      ObjectNode training = own.putObject("same_training");
      copy(beside.path("same_training"), "largest", training);
      copy(beside.path("same_training"), "largest_of_another_seed", training);
    }
    return line;
  }

  private static void copy(JsonNode from, String key, ObjectNode to) {
    if (from.has(key)) {
      to.set(key, from.get(key));
    }
  }

  /** Of many numbers the one that uses most of what it is allowed. */
  private static void worst(JsonNode result, ObjectNode to) {
    copy(result, "verdict", to);
    copy(result, "precision", to);
    copy(result, "device", to);
    to.put("checks", result.path("checks").size());
    JsonNode worst = JSON.missingNode();
    double share = -1;
    for (JsonNode check : result.path("checks")) {
      double own = check.path("worst").asDouble() / check.path("allowed").asDouble();
      if (!(own <= share)) { // NaN is worse than any number
        worst = check;
        share = Double.isNaN(own) ? Double.POSITIVE_INFINITY : own;
      }
    }
    if (worst.isObject()) {
      to.set("worst", worst);
    }
  }

  private static void machine(JsonNode result, ObjectNode to) {
    copy(result, "unlearn4j", to);
    copy(result.path("machine"), "cpus", to);
    copy(result.path("machine"), "memory_mb", to);
    copy(result, "gpu", to);
  }

  private static void stage(JsonNode stage, ArrayNode to) {
    ObjectNode own = to.addObject();
    for (String key : List.of("stage", "outcome", "seconds", "exit_code", "why")) {
      copy(stage, key, own);
    }
    JsonNode verdict = stage.path("result");
    copy(verdict, "verdict", own);
    if (verdict.path("gates").isArray()) {
      own.put("gates", verdict.path("gates").size());
      for (JsonNode gate : verdict.path("gates")) {
        if (!gate.path("pass").asBoolean()) {
          own.withArray("/failed")
              .add(gate.path("runtime").asText() + " " + gate.path("name").asText());
        }
      }
    }
    JsonNode metrics = stage.at("/evaluations/unlearned.tf/metrics");
    copy(metrics, Metric.MODEL_UTILITY.key(), own);
    copy(metrics, Metric.FORGET_QUALITY.key(), own);
  }
}
