package org.unlearn4j.inspect;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.Tree;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.train.MemoryPlan;
import org.unlearn4j.unlearn.Adaptations;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.weights.DType;

/**
 * What it would take to unlearn a model that nobody has downloaded yet: {@link MemoryPlan} of a
 * step of NPO with CLReg for each way to save memory, from a configuration alone.
 *
 * @param rows forget rows of a micro-batch; as many retain rows
 * @param tokens of a row, half of them labelled
 * @param memory that a device has, in bytes
 */
public record UnlearningPlans(Decoder decoder, int rows, int tokens, long memory) {
  /** The rank at which adapters are planned. */
  public static final int RANK = 16;

  /** The program with TensorFlow loaded, on top of every plan. */
  public static final long PROGRAM = 800L << 20;

  /** By as much a plan may be wrong. */
  public static final double MARGIN = 0.15;

  private static final double GIB = 1L << 30;

  /**
   * A way to unlearn.
   *
   * @param settings that differ from the defaults, as in a pipeline file
   * @param bytes of the plan and of the program
   */
  public record Way(List<String> settings, long bytes) {
    /** Its settings in a line. */
    public String name() {
      return settings.isEmpty() ? "the whole model" : String.join(" ", settings);
    }
  }

  /** The format of the checkpoint, by its configuration; float32 where that does not say. */
  DType stored() {
    String name = decoder.config().json().path("torch_dtype").asText("");
    String other = decoder.config().json().path("dtype").asText(name);
    for (DType d : DType.values()) {
      if (d.torchName().equals(other)) {
        return d;
      }
    }
    return DType.F32;
  }

  /** All ways, the one that changes least first. */
  public List<Way> ways() {
    List<Way> ways = new ArrayList<>();
    for (String adapter : List.of("", "unlearn.adapter.rank=" + RANK)) {
      for (String precision : List.of("", "model.precision=bf16")) {
        for (String recompute : List.of("", "unlearn.recompute=true")) {
          List<String> settings = new ArrayList<>(List.of(adapter, precision, recompute));
          settings.removeIf(String::isEmpty);
          ways.add(new Way(settings, PROGRAM + plan(settings).total()));
        }
      }
    }
    return ways;
  }

  private MemoryPlan plan(List<String> settings) {
    List<String> sets = new ArrayList<>(List.of("unlearn.clreg.weight=0.1"));
    sets.addAll(settings);
    Pipeline pipeline = Pipeline.defaults("NPO", sets);
    UnlearnSettings unlearn = pipeline.unlearn();
    Objective objective =
        Objectives.forTraining(unlearn, decoder, Adaptations.stored(decoder, stored()));
    Precision precision =
        settings.contains("model.precision=bf16") ? Precision.BF16 : Precision.FP32;
    return MemoryPlan.of(
        decoder,
        objective,
        new Computation(precision, Device.CPU, unlearn.loop().recompute()),
        false,
        MemoryPlan.Batch.of(objective, rows, tokens, Math.max(1, tokens / 2)));
  }

  /** Whether a way fits: {@code yes}, {@code no}, or {@code perhaps} within the plan's error. */
  public String fits(Way way) {
    if (way.bytes <= memory * (1 - MARGIN)) {
      return "yes";
    }
    return way.bytes <= memory * (1 + MARGIN) ? "perhaps" : "no";
  }

  /** All of it, for a user. */
  public Tree tree() {
    ModelConfig config = decoder.config();
    Map<String, Object> ways = new LinkedHashMap<>();
    for (Way way : ways()) {
      ways.put(way.name(), tenths(way.bytes) + " GiB, fits: " + fits(way));
    }
    return new Tree()
        .put("model_type", config.json().path("model_type").asText(""))
        .put("parameters", decoder.parameters().stream().mapToLong(p -> p.size()).sum())
        .put("stored", stored().torchName())
        .put("step", rows + " forget and " + rows + " retain rows of " + tokens + " tokens")
        .put("memory_gib", tenths(memory))
        .put("ways", ways);
  }

  private static double tenths(long bytes) {
    return Math.round(bytes / GIB * 10) / 10.0;
  }
}
