package org.unlearn4j.inspect;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.Tree;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.ModelSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.Spread;
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
 * @param devices that share the training; 1 for one alone
 * @param sets overrides that hold for every way, each {@code a.b=c}
 */
public record UnlearningPlans(
    Decoder decoder, int rows, int tokens, long memory, int devices, List<String> sets) {
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
   * @param bytes of the plan and of the program, on one device
   * @param each the same of the fullest of several, by what each of them has, where that is allowed
   */
  public record Way(List<String> settings, long bytes, Map<Spread.Form, Long> each) {
    /** Its settings in a line. */
    public String name() {
      return UnlearningPlans.name(settings);
    }
  }

  private static String name(List<String> settings) {
    return settings.isEmpty() ? "the whole model" : String.join(" ", settings);
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

  /**
   * All ways, the one that changes least first.
   *
   * @throws UserException if an override is none, or does not go with a way
   */
  public List<Way> ways() {
    return settings().stream().map(this::way).toList();
  }

  private static List<List<String>> settings() {
    List<List<String>> all = new ArrayList<>();
    for (String adapter : List.of("", "unlearn.adapter.rank=" + RANK)) {
      for (String precision : List.of("", "model.precision=bf16")) {
        for (String recompute : List.of("", "unlearn.recompute=true")) {
          List<String> settings = new ArrayList<>(List.of(adapter, precision, recompute));
          settings.removeIf(String::isEmpty);
          all.add(settings);
        }
      }
    }
    return all;
  }

  private Way way(List<String> settings) {
    return new Way(settings, PROGRAM + plan(settings, rows).total(), each(settings));
  }

  /** On the fullest of several devices: replicas divide the rows and the moments, stages blocks. */
  private Map<Spread.Form, Long> each(List<String> settings) {
    Map<Spread.Form, Long> each = new EnumMap<>(Spread.Form.class);
    if (devices > 1) {
      for (Spread.Form form : Spread.Form.values()) {
        int some = form == Spread.Form.REPLICAS ? (rows + devices - 1) / devices : rows;
        if (refusal(settings, form).isEmpty()) {
          Spread spread = Spread.cpus(form, devices);
          each.put(form, PROGRAM + plan(settings, some).onEach(spread, decoder).total());
        }
      }
    }
    return each;
  }

  /** What a pipeline with these settings would be told on several devices. */
  private Optional<String> refusal(List<String> settings, Spread.Form form) {
    try {
      Pipeline ignored =
          pipeline(
              settings, List.of("model.device=[cpu:0, cpu:1]", "model.spread=" + spelling(form)));
      return Optional.empty();
    } catch (UserException e) {
      return Optional.of(e.getMessage());
    }
  }

  private static String spelling(Spread.Form form) {
    return form.name().toLowerCase(Locale.ROOT);
  }

  private Pipeline pipeline(List<String> settings, List<String> more) {
    List<String> all = new ArrayList<>(List.of("unlearn.clreg.weight=0.1"));
    all.addAll(settings);
    all.addAll(sets);
    all.addAll(more);
    return Pipeline.defaults("NPO", all);
  }

  private MemoryPlan plan(List<String> settings, int some) {
    Pipeline pipeline = pipeline(settings, List.of());
    UnlearnSettings unlearn = pipeline.unlearn();
    Objective objective =
        Objectives.forTraining(unlearn, decoder, Adaptations.stored(decoder, stored()));
    Precision precision =
        pipeline.model().precision() == ModelSettings.Precision.BF16
            ? Precision.BF16
            : Precision.FP32;
    return MemoryPlan.of(
        decoder,
        objective,
        new Computation(precision, Device.GPU, unlearn.loop().recompute()),
        unlearn.loop().optimizer().form(),
        unlearn.loop().accumulate() > 1,
        MemoryPlan.Batch.of(objective, some, tokens, Math.max(1, tokens / 2))
            .withRetainRows(objective, unlearn.retainRows()));
  }

  /**
   * Whether so many bytes fit a device: {@code yes}, {@code no}, or {@code perhaps} within the
   * plan's error.
   */
  public String fits(long bytes) {
    if (bytes <= memory * (1 - MARGIN)) {
      return "yes";
    }
    return bytes <= memory * (1 + MARGIN) ? "perhaps" : "no";
  }

  private String told(long bytes) {
    return tenths(bytes) + " GiB, fits: " + fits(bytes);
  }

  /** A way on one device and, where there are several, on each of them. */
  private Object told(Way way) {
    if (devices == 1) {
      return told(way.bytes);
    }
    Tree tree = new Tree().put("one_device", told(way.bytes));
    for (Spread.Form form : Spread.Form.values()) {
      Long bytes = way.each.get(form);
      tree.put(
          spelling(form),
          bytes == null ? refused(refusal(way.settings, form).orElse("")) : told(bytes));
    }
    return tree.entries();
  }

  private static String refused(String sentences) {
    return "refused: " + sentences.replace('\n', ' ');
  }

  /** The ways with what they need; of one that the overrides forbid, why. */
  private Map<String, Object> told() {
    Map<String, Object> ways = new LinkedHashMap<>();
    List<UserException> refused = new ArrayList<>();
    for (List<String> settings : settings()) {
      try {
        ways.put(name(settings), told(way(settings)));
      } catch (UserException e) {
        refused.add(e);
        ways.put(name(settings), refused(e.getMessage()));
      }
    }
    if (refused.size() == ways.size()) {
      throw refused.get(0);
    }
    return ways;
  }

  /** What a list of devices means, whatever they are. */
  private Tree several() {
    double part = Spread.cpus(Spread.Form.STAGES, devices).largestPart(decoder.parameters());
    return new Tree()
        .put("count", devices)
        .put("replicas", "each has all weights, 1/" + devices + " of rows and moments (ZeRO-1)")
        .put(
            "stages",
            String.format(
                Locale.ROOT,
                "each has blocks with their moments, and all rows; the fullest %.3f of the values",
                part));
  }

  /** All of it, for a user. */
  public Tree tree() {
    ModelConfig config = decoder.config();
    return new Tree()
        .put("model_type", config.json().path("model_type").asText(""))
        .put("parameters", decoder.parameters().stream().mapToLong(p -> p.size()).sum())
        .put("stored", stored().torchName())
        .put("step", rows + " forget and " + rows + " retain rows of " + tokens + " tokens")
        .put("settings", sets.isEmpty() ? Optional.empty() : Optional.of(String.join(" ", sets)))
        .put("memory_gib", tenths(memory))
        .put("devices", devices > 1 ? Optional.of(several()) : Optional.empty())
        .put("ways", told());
  }

  private static double tenths(long bytes) {
    return Math.round(bytes / GIB * 10) / 10.0;
  }
}
