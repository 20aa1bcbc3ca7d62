package org.unlearn4j.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The stage that asks again, otherwise, for what was forgotten.
 *
 * @param families which attacks
 * @param maxNewTokens longest answer
 * @param prompts the user's own attacks, JSON Lines
 * @param aliases other names of what was forgotten, JSON Lines
 * @param samples of each question; 0: none
 * @param push what is done to weights
 * @param lens whether the head reads layers
 * @param softPrompt vectors before the prompt
 * @param head a head that is learned
 * @param leakageMax limit of every family without one of its own
 * @param limits by family
 */
public record AttackSettings(
    List<AttackName> families,
    int maxNewTokens,
    Optional<Path> prompts,
    Optional<Path> aliases,
    int samples,
    double temperature,
    long seed,
    List<PushName> push,
    boolean lens,
    Optional<LearnSettings> softPrompt,
    Optional<LearnSettings> head,
    OptionalDouble leakageMax,
    Map<AttackName, Double> limits) {
  public AttackSettings {
    families = List.copyOf(families);
    push = List.copyOf(push);
    limits = Map.copyOf(limits);
  }

  /** Whether an attack learns from a few rows. */
  public boolean learns() {
    return softPrompt.isPresent() || head.isPresent();
  }

  /** Whether an attack needs the weights themselves, on TensorFlow. */
  public boolean needsWeights() {
    return lens || !push.isEmpty() || learns();
  }

  /** Keys of attacks that ask rows as they were taught. */
  public List<String> asTaught() {
    List<String> keys = new ArrayList<>();
    if (samples > 0) {
      keys.add("attack.samples");
    }
    if (!push.isEmpty()) {
      keys.add("attack.push");
    }
    if (lens) {
      keys.add("attack.lens");
    }
    softPrompt.ifPresent(s -> keys.add("attack.soft_prompt"));
    head.ifPresent(h -> keys.add("attack.head"));
    return keys;
  }

  /** Most that a family may leak above the retain-only model; empty where it is not judged. */
  public OptionalDouble limit(AttackName family) {
    Double own = limits.get(family);
    return own == null ? leakageMax : OptionalDouble.of(own);
  }
}
