package org.unlearn4j.config;

import static org.unlearn4j.config.Fallback.constant;
import static org.unlearn4j.config.Fallback.required;
import static org.unlearn4j.config.ObjectiveName.ALT_PO;
import static org.unlearn4j.config.ObjectiveName.CEU;
import static org.unlearn4j.config.ObjectiveName.CIRCUIT_BREAKER;
import static org.unlearn4j.config.ObjectiveName.DPO;
import static org.unlearn4j.config.ObjectiveName.FLAT;
import static org.unlearn4j.config.ObjectiveName.GRAD_ASCENT;
import static org.unlearn4j.config.ObjectiveName.GRAD_DIFF;
import static org.unlearn4j.config.ObjectiveName.IHL;
import static org.unlearn4j.config.ObjectiveName.NPO;
import static org.unlearn4j.config.ObjectiveName.PDU;
import static org.unlearn4j.config.ObjectiveName.RMU;
import static org.unlearn4j.config.ObjectiveName.SAT_IMP;
import static org.unlearn4j.config.ObjectiveName.SIM_NPO;
import static org.unlearn4j.config.ObjectiveName.UNDIAL;
import static org.unlearn4j.config.ObjectiveName.WGA;
import static org.unlearn4j.config.ValueType.choice;
import static org.unlearn4j.config.ValueType.integer;
import static org.unlearn4j.config.ValueType.nonNegative;
import static org.unlearn4j.config.ValueType.positive;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.unlearn4j.config.ObjectiveSettings.Divergence;
import org.unlearn4j.config.ObjectiveSettings.DualUpdate;

/**
 * The keys of {@code unlearn.objective} and, objective by objective, their defaults: which
 * objective has which key stands here alone.
 */
public final class ObjectiveKeys {
  private ObjectiveKeys() {}

  public static final Key<Double> GAMMA =
      key(
          "gamma",
          nonNegative(),
          each(1.0, Map.of(SIM_NPO, 0.125, SAT_IMP, 0.1)),
          "weight of the forget loss");
  public static final Key<Double> ALPHA =
      key(
          "alpha",
          nonNegative(),
          each(1.0, Map.of(GRAD_ASCENT, 0.0, CEU, 0.0, UNDIAL, 0.0, FLAT, 0.0)),
          "weight of the retain loss; PDU: first value of the dual variable");
  public static final Key<RetainName> RETAIN =
      key(
          "retain",
          choice(RetainName.class),
          each(
              RetainName.NLL,
              Map.of(
                  GRAD_ASCENT,
                  RetainName.NONE,
                  CEU,
                  RetainName.NONE,
                  FLAT,
                  RetainName.NONE,
                  RMU,
                  RetainName.EMBED_DIFF,
                  CIRCUIT_BREAKER,
                  RetainName.EMBED_DIFF)),
          "the retain loss");
  public static final Key<Double> BETA =
      key(
          "beta",
          positive(),
          only(Map.of(NPO, 0.1, SIM_NPO, 4.5, DPO, 0.1, ALT_PO, 0.1, UNDIAL, 10.0, WGA, 1.0)),
          "inverse temperature; UNDIAL: what the label's logit loses; WGA: power of p");
  public static final Key<Double> DELTA =
      key("delta", ValueType.number(), only(Map.of(SIM_NPO, 0.0)), "margin, nats a token");
  public static final Key<Double> BETA1 =
      key("beta1", nonNegative(), only(Map.of(SAT_IMP, 5.0)), "power of p");
  public static final Key<Double> BETA2 =
      key("beta2", nonNegative(), only(Map.of(SAT_IMP, 1.0)), "power of 1 - p");
  public static final Key<Integer> SKIP_TOKENS =
      key(
          "skip_tokens",
          integer(0),
          only(Map.of(CEU, 1)),
          "first answer tokens of a row that are left out");
  public static final Key<Divergence> DIVERGENCE =
      key(
          "divergence",
          choice(Divergence.class),
          only(Map.of(FLAT, Divergence.KL)),
          "between refusal and answer");
  public static final Key<Layer> LAYER =
      key("layer", ValueType.layer(), needed(RMU), "where activations are steered");
  public static final Key<Double> COEFFICIENT =
      key(
          "coefficient",
          positive(),
          only(Map.of(RMU, 2.0)),
          "length of the control vector; with `adaptive`, in lengths of the frozen activation");
  public static final Key<Boolean> ADAPTIVE =
      key(
          "adaptive",
          ValueType.flag(),
          only(Map.of(RMU, false)),
          "whether each token's target is as long as `coefficient` times its frozen activation");
  public static final Key<List<Layer>> LAYERS =
      key(
          "layers",
          ValueType.listOf(ValueType.layer(), "layers"),
          needed(CIRCUIT_BREAKER),
          "where activations are rerouted; the losses are means over them");
  public static final Key<Double> ORTHOGONALITY =
      key(
          "orthogonality",
          nonNegative(),
          only(Map.of(CIRCUIT_BREAKER, 0.0)),
          "weight of the loss that keeps rerouted rows at right angles to each other; 0: off");
  public static final Key<String> TRAINABLE =
      key(
          "trainable",
          ValueType.regex(),
          only(Map.of(RMU, ".*", CIRCUIT_BREAKER, ".*")),
          "names of the parameters that are trained");
  public static final Key<Double> EPSILON =
      key("epsilon", nonNegative(), needed(PDU), "the retain loss that is allowed");
  public static final Key<Double> DUAL_STEP =
      key("dual_step", positive(), only(Map.of(PDU, 1.0)), "step size of the dual variable");
  public static final Key<DualUpdate> DUAL_UPDATE =
      key(
          "dual_update",
          choice(DualUpdate.class),
          only(Map.of(PDU, DualUpdate.STEP)),
          "when the dual variable moves");
  public static final Key<Integer> DUAL_WARMUP =
      key(
          "dual_warmup_epochs",
          integer(0),
          only(Map.of(PDU, 5)),
          "epochs before the dual variable moves");

  /** Objectives whose loss is a sum over forget rows or their labelled tokens. */
  private static final List<ObjectiveName> BY_ROW =
      List.of(
          GRAD_ASCENT, GRAD_DIFF, NPO, SIM_NPO, DPO, UNDIAL, CEU, WGA, SAT_IMP, IHL, FLAT, ALT_PO);

  /** Objectives that prefer another answer to the same question. */
  static final Set<ObjectiveName> ANSWERING = Set.of(DPO, FLAT, ALT_PO);

  /** Objectives whose other answers are the data's own, not refusals. */
  static final Set<ObjectiveName> OWN_ANSWERS = Set.of(ALT_PO);

  public static final Key<Floor> FLOOR =
      key(
          "floor",
          ValueType.floor(),
          only(same(BY_ROW, Floor.NONE)),
          "nats at which the forget loss lets go of a token (docs/reference/methods.md)");
  public static final Key<Double> FLOOR_FACTOR =
      key(
          "floor_factor",
          positive(),
          only(same(BY_ROW, 1.0)),
          "with `floor`, what measured floors are multiplied by");
  public static final Key<Double> PULL =
      key(
          "pull",
          nonNegative(),
          only(same(BY_ROW, 1.0)),
          "with `floor`, weight of the loss that pulls tokens below it back up; 0: none does");

  static final List<Key<?>> ALL =
      List.of(
          GAMMA,
          ALPHA,
          RETAIN,
          BETA,
          DELTA,
          BETA1,
          BETA2,
          SKIP_TOKENS,
          DIVERGENCE,
          LAYER,
          COEFFICIENT,
          ADAPTIVE,
          LAYERS,
          ORTHOGONALITY,
          TRAINABLE,
          EPSILON,
          DUAL_STEP,
          DUAL_UPDATE,
          DUAL_WARMUP,
          FLOOR,
          FLOOR_FACTOR,
          PULL);

  /** The names of the keys that {@code objective} has. */
  static List<String> namesOf(ObjectiveName objective) {
    return ALL.stream()
        .filter(k -> k.fallback().under(objective).isPresent())
        .map(Key::name)
        .toList();
  }

  private static <T> Key<T> key(String name, ValueType<T> type, Fallback<T> fallback, String doc) {
    return new Key<>("unlearn.objective." + name, type, fallback, doc);
  }

  /** Every objective has the key. */
  private static <T> Fallback<T> each(T common, Map<ObjectiveName, T> special) {
    Map<ObjectiveName, Fallback<T>> all = new EnumMap<>(ObjectiveName.class);
    for (ObjectiveName name : ObjectiveName.values()) {
      all.put(name, constant(special.getOrDefault(name, common)));
    }
    return new Fallback.PerObjective<>(all);
  }

  /** Only the objectives of the map have the key. */
  private static <T> Fallback<T> only(Map<ObjectiveName, T> defaults) {
    Map<ObjectiveName, Fallback<T>> some = new EnumMap<>(ObjectiveName.class);
    defaults.forEach((name, value) -> some.put(name, constant(value)));
    return new Fallback.PerObjective<>(some);
  }

  private static <T> Map<ObjectiveName, T> same(List<ObjectiveName> objectives, T value) {
    return objectives.stream().collect(Collectors.toMap(Function.identity(), o -> value));
  }

  /** One objective has the key, and it must be given. */
  private static <T> Fallback<T> needed(ObjectiveName name) {
    return new Fallback.PerObjective<>(Map.of(name, required()));
  }
}
