package org.unlearn4j.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Keys of the block {@code attack} and of the limits in it. */
final class AttackKeys {
  private static final String BLOCK = "attack";
  private static final String LIMITS = BLOCK + ".limits";

  private static final Key<List<AttackName>> FAMILIES =
      key(
          "families",
          ValueType.listOf(ValueType.choice(AttackName.asking(), AttackName::spelling), "families"),
          Fallback.constant(AttackName.usual()),
          "which attacks; docs/reference/attacks.md says what each asks");
  private static final Key<Integer> MAX_NEW_TOKENS =
      key(
          "max_new_tokens",
          ValueType.integer(1),
          Fallback.constant(32),
          "most tokens of an answer");
  private static final Key<Path> PROMPTS =
      key(
          "prompts",
          ValueType.path("a JSON Lines file of prompts and keywords"),
          Fallback.absent("none"),
          "attacks of one's own, each a line `{\"prompt\": \"...\", \"keywords\": [\"...\"]}`");
  private static final Key<Path> ALIASES =
      key(
          "aliases",
          ValueType.path("a JSON Lines file of names and aliases"),
          Fallback.absent("the last word of a name"),
          "other names of what is forgotten, each a line `{\"name\": \"...\", \"aliases\":"
              + " [\"...\"]}`");
  private static final Key<Integer> SAMPLES =
      key(
          "samples",
          ValueType.integer(0),
          Fallback.constant(0),
          "sampled answers of each question, of which the best counts; 0: none");
  private static final Key<Double> TEMPERATURE =
      key("temperature", ValueType.positive(), Fallback.constant(1.0), "of sampled answers");
  private static final Key<Long> SEED =
      key("seed", ValueType.anyInteger(), Fallback.constant(0L), "of sampled answers");
  private static final Key<List<PushName>> PUSH =
      key(
          "push",
          ValueType.listOf(ValueType.choice(PushName.class), "pushes"),
          Fallback.absent("none"),
          "what is done to the weights before the question is asked as it was taught");
  private static final Key<Boolean> LENS =
      key(
          "lens",
          ValueType.flag(),
          Fallback.constant(false),
          "whether the head reads the answer off each layer");
  private static final Key<Double> LEAKAGE_MAX =
      key(
          "leakage_max",
          ValueType.nonNegative(),
          Fallback.absent("shown, not judged"),
          "most that each family may bring out above the retain-only model");

  private AttackKeys() {}

  private static <T> Key<T> key(String name, ValueType<T> type, Fallback<T> fallback, String doc) {
    return new Key<>(BLOCK + "." + name, type, fallback, doc);
  }

  private static Key<Double> limit(AttackName family) {
    return new Key<>(
        LIMITS + "." + family.spelling(),
        ValueType.nonNegative(),
        Fallback.absent("that of `leakage_max`"),
        family.meaning());
  }

  static List<Key<?>> keys() {
    List<Key<?>> all =
        new ArrayList<>(
            List.of(FAMILIES, MAX_NEW_TOKENS, PROMPTS, ALIASES, SAMPLES, TEMPERATURE, SEED));
    all.add(PUSH);
    all.add(LENS);
    all.add(LEAKAGE_MAX);
    all.addAll(LearnKeys.SOFT_PROMPT.keys());
    all.addAll(LearnKeys.HEAD.keys());
    Arrays.stream(AttackName.values()).map(AttackKeys::limit).forEach(all::add);
    return all;
  }

  /** What must hold between these keys and others. */
  static void check(Settings s, RowKeys.Rule rule) {
    if (!s.hasSection(BLOCK)) {
      return;
    }
    boolean yardstick = s.find(Schema.REFERENCE).isPresent();
    String model = "a model.reference, the retain-only model that leakage is measured against";
    if (s.find(LEAKAGE_MAX).isPresent() && !yardstick) {
      rule.broken(LEAKAGE_MAX, "a limit without model.reference", model);
    }
    List<AttackName> made = new ArrayList<>(s.find(FAMILIES).orElse(List.of()));
    int asking = made.size();
    Stream.of(AttackName.SOFT_PROMPT, AttackName.HEAD)
        .filter(a -> s.hasSection(BLOCK + "." + a.spelling()))
        .forEach(made::add);
    for (AttackName family : AttackName.values()) {
      if (s.find(limit(family)).isPresent() && !yardstick) {
        rule.broken(limit(family), "a limit without model.reference", model);
      }
      if (s.find(limit(family)).isPresent() && !made.contains(family)) {
        rule.broken(
            limit(family),
            "a limit of an attack that is not made",
            "one of " + made.stream().map(AttackName::spelling).toList());
      }
    }
    boolean back = s.find(PUSH).filter(p -> p.contains(PushName.MERGE_BACK)).isPresent();
    if (back && s.find(Schema.MODEL).isEmpty()) {
      rule.broken(PUSH, "merge_back without model.path", "such a model, which weights go back to");
    }
    boolean weights =
        s.find(PUSH).isPresent() || s.find(LENS).orElse(false) || made.size() > asking;
    if (weights
        && s.find(ExportKeys.ADAPTER)
            .filter(a -> a == ExportSettings.Adapter.SEPARATE)
            .isPresent()) {
      rule.broken(
          ExportKeys.ADAPTER,
          "separate beside attack.push, lens, soft_prompt or head",
          "merged (a base and an adapter have no weights of their own to attack)");
    }
  }

  static List<Section> sections() {
    return List.of(
        new Section(
            BLOCK,
            true,
            "asks for what was forgotten in other ways and measures what leaks; left out: no such"
                + " stage"),
        LearnKeys.SOFT_PROMPT.section(),
        LearnKeys.HEAD.section(),
        new Section(LIMITS, true, "in place of `leakage_max`, by family"));
  }

  static Optional<AttackSettings> read(Settings s) {
    if (!s.hasSection(BLOCK)) {
      return Optional.empty();
    }
    Map<AttackName, Double> limits = new EnumMap<>(AttackName.class);
    for (AttackName family : AttackName.values()) {
      s.find(limit(family)).ifPresent(v -> limits.put(family, v));
    }
    return Optional.of(
        new AttackSettings(
            s.get(FAMILIES),
            s.get(MAX_NEW_TOKENS),
            s.find(PROMPTS),
            s.find(ALIASES),
            s.get(SAMPLES),
            s.get(TEMPERATURE),
            s.get(SEED),
            s.find(PUSH).orElse(List.of()),
            s.get(LENS),
            LearnKeys.SOFT_PROMPT.read(s),
            LearnKeys.HEAD.read(s),
            s.findNumber(LEAKAGE_MAX),
            limits));
  }
}
