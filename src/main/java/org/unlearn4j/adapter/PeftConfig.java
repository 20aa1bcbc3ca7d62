package org.unlearn4j.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Adapter;

/**
 * What {@code adapter_config.json} says, as PEFT's {@code LoraConfig} reads it (huggingface/peft,
 * {@code src/peft/tuners/lora/config.py}).
 */
final class PeftConfig {
  static final String NAME = "adapter_config.json";
  static final String ALL_LINEAR = "all-linear";

  /** Say nothing about what an adapter computes once it is trained. */
  private static final Set<String> SILENT =
      Set.of(
          "auto_mapping",
          "base_model_name_or_path",
          "corda_config",
          "ensure_weight_tying",
          "eva_config",
          "fan_in_fan_out",
          "inference_mode",
          "loftq_config",
          "lora_dropout",
          "lora_ga_config",
          "megatron_config",
          "megatron_core",
          "peft_version",
          "qalora_group_size",
          "revision",
          "runtime_config",
          "velora_config");

  private static final Set<String> READ =
      Set.of(
          "alpha_pattern",
          "bias",
          "exclude_modules",
          "init_lora_weights",
          "layers_pattern",
          "layers_to_transform",
          "lora_alpha",
          "peft_type",
          "r",
          "rank_pattern",
          "target_modules",
          "task_type",
          "use_rslora");

  /** What other keys ask for, in words. */
  private static final Map<String, String> REFUSED =
      Map.ofEntries(
          Map.entry("use_dora", "DoRA, whose magnitudes are no low-rank sum"),
          Map.entry("lora_bias", "biases of B"),
          Map.entry("modules_to_save", "whole modules beside the adapter"),
          Map.entry("trainable_token_indices", "rows of the token table"),
          Map.entry("target_parameters", "parameters that belong to no linear map"),
          Map.entry("layer_replication", "blocks that are used several times"),
          Map.entry("alora_invocation_tokens", "an adapter for some tokens only"),
          Map.entry("use_qalora", "QALoRA, whose A reads pooled inputs"),
          Map.entry("use_bdlora", "block-diagonal factors"),
          Map.entry("arrow_config", "a router among adapters"),
          Map.entry("kasa_config", "singular values between A and B"),
          Map.entry("monteclora_config", "factors that are drawn anew"));

  /** Ways to begin that leave the base's weights as they are. */
  private static final Set<String> BEGINNINGS =
      Set.of("true", "false", "gaussian", "eva", "orthogonal");

  private final JsonInput root;
  private final List<String> mistakes;
  private final Map<String, Integer> ranks = new LinkedHashMap<>();
  private final Map<String, Double> alphas = new LinkedHashMap<>();
  private int rank = 8; // PEFT's own defaults
  private double alpha = 8;
  private double dropout;
  private boolean stabilised;
  private Optional<Predicate<String>> targets = Optional.empty();

  /**
   * Reads what a folder says.
   *
   * @param mistakes gets a sentence for each thing that is wrong or that no low-rank sum can be
   * @throws UserException if there is no such file, or it is no JSON object
   */
  PeftConfig(Path folder, List<String> mistakes) {
    String expected = "the configuration of an adapter, as PEFT writes it";
    Path file = folder.resolve(NAME);
    this.root = new JsonInput(file, "", JsonInput.object(file, expected));
    this.mistakes = mistakes;
    check(this::kind);
    check(this::shape);
    check(this::beginning);
    check(() -> targets = targets());
    root.fields().forEach((key, value) -> check(() -> known(key, value)));
  }

  private void check(Runnable part) {
    try {
      part.run();
    } catch (UserException e) {
      mistakes.add(e.getMessage());
    }
  }

  private void kind() {
    JsonInput type = root.get("peft_type");
    if (!type.node().asText().equals("LORA")) {
      throw type.mistake("LORA");
    }
    JsonInput task = root.get("task_type");
    if (task.present() && !task.node().asText().equals("CAUSAL_LM")) {
      throw task.mistake("CAUSAL_LM");
    }
    JsonInput bias = root.get("bias");
    if (bias.present() && !Set.of("none", "all", "lora_only").contains(bias.node().asText())) {
      throw bias.mistake("none, all or lora_only");
    }
  }

  private void shape() {
    stabilised = root.get("use_rslora").node().asBoolean(false);
    if (root.get("r").present()) {
      rank = positive(root.get("r"));
    }
    if (root.get("lora_alpha").present()) {
      alpha = finite(root.get("lora_alpha"));
    }
    JsonInput p = root.get("lora_dropout");
    dropout = p.present() && p.node().isNumber() ? p.number() : 0;
    root.get("rank_pattern").fields().forEach((key, r) -> ranks.put(regex(r, key), positive(r)));
    root.get("alpha_pattern").fields().forEach((key, a) -> alphas.put(regex(a, key), finite(a)));
  }

  private static int positive(JsonInput value) {
    if (!value.node().canConvertToInt() || value.integer() < 1) {
      throw value.mistake("a whole number of at least 1");
    }
    return value.integer();
  }

  private static double finite(JsonInput value) {
    if (!value.node().isNumber() || !Double.isFinite(value.number())) {
      throw value.mistake("a finite number");
    }
    return value.number();
  }

  private static String regex(JsonInput place, String regex) {
    return PeftNames.regex(regex, () -> place.mistake("a name that is a regular expression"));
  }

  private void beginning() {
    JsonInput begin = root.get("init_lora_weights");
    if (begin.present() && !BEGINNINGS.contains(begin.node().asText())) {
      throw begin.mistake(
          "one of true, false, gaussian, eva, orthogonal: others change the base's own weights"
              + " (PEFT writes such an adapter for the base as it is with"
              + " path_initial_model_for_weight_conversion)");
    }
  }

  private void known(String key, JsonInput value) {
    if (SILENT.contains(key) || READ.contains(key) || nothing(value.node())) {
      return;
    }
    String asked = REFUSED.get(key);
    throw value.mistake(
        asked == null
            ? "no such key, which may change what the adapter computes"
            : "nothing there: it asks for " + asked);
  }

  private static boolean nothing(JsonNode value) {
    return value.isNull()
        || (value.isBoolean() && !value.booleanValue())
        || (value.isContainerNode() && value.isEmpty());
  }

  private Optional<Predicate<String>> targets() {
    JsonInput given = root.get("target_modules");
    if (!given.present() || given.node().asText().equalsIgnoreCase(ALL_LINEAR)) {
      return Optional.empty();
    }
    Predicate<String> excluded =
        root.get("exclude_modules").present()
            ? PeftNames.matching(root.get("exclude_modules"))
            : name -> false;
    Predicate<String> matching = PeftNames.matching(given);
    JsonInput layers = root.get("layers_to_transform");
    if (!layers.present() || nothing(layers.node())) {
      return Optional.of(matching.and(excluded.negate()));
    }
    if (given.node().isTextual()) {
      throw layers.mistake("nothing, since target_modules is a regular expression");
    }
    List<String> exact = new ArrayList<>();
    given.elements().forEach(e -> exact.add(e.text()));
    Predicate<String> within = PeftNames.within(layers, root.get("layers_pattern"));
    return Optional.of(
        name ->
            (exact.contains(name) || (matching.test(name) && within.test(name)))
                && !excluded.test(name));
  }

  /** The file. */
  Path file() {
    return root.file();
  }

  /** Whether it is said to be an adapter of all linear maps of the blocks. */
  boolean allLinear() {
    return root.get("target_modules").node().asText().equalsIgnoreCase(ALL_LINEAR);
  }

  /** Which modules it names; empty: it leaves that to the tensors, or to {@link #allLinear}. */
  Optional<Predicate<String>> named() {
    return targets;
  }

  /** Whether biases may have values of their own. */
  boolean biases() {
    String bias = root.get("bias").node().asText("none");
    return !bias.isEmpty() && !bias.equals("none");
  }

  /** Rank and scale of a module, by its name in the base model. */
  Adapter.Shape shape(String module) {
    return new Adapter.Shape(
        PeftNames.first(ranks, module).orElse(rank),
        PeftNames.first(alphas, module).orElse(alpha),
        stabilised,
        dropout);
  }

  /**
   * What to write for an adapter.
   *
   * @param modules as {@code target_modules} names them
   * @param bias {@code none}, {@code lora_only} or {@code all}
   */
  static ObjectNode of(
      Adapter adapter, List<String> modules, String bias, boolean inOut, String base) {
    Adapter.Shape shape = adapter.shape();
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.putObject("alpha_pattern");
    json.putNull("auto_mapping").put("base_model_name_or_path", base).put("bias", bias);
    json.put("fan_in_fan_out", inOut).put("inference_mode", true).put("init_lora_weights", true);
    json.putNull("layers_pattern").putNull("layers_to_transform");
    if (shape.alpha() == Math.rint(shape.alpha()) && Math.abs(shape.alpha()) < 1 << 30) {
      json.put("lora_alpha", (int) shape.alpha());
    } else {
      json.put("lora_alpha", shape.alpha());
    }
    json.put("lora_dropout", shape.dropout()).putNull("modules_to_save").put("peft_type", "LORA");
    json.put("r", shape.rank()).putObject("rank_pattern");
    ArrayNode targets = json.putNull("revision").putArray("target_modules");
    modules.forEach(targets::add);
    json.put("task_type", "CAUSAL_LM").put("use_dora", false);
    return json.put("use_rslora", shape.rankStabilised());
  }
}
