package org.unlearn4j.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * {@code gamma * forget + alpha * retain}.
 *
 * @param name which forget loss; everything else about it follows from that
 * @param values of the keys that it has ({@link ObjectiveKeys}), in their order
 */
public record ObjectiveSettings(ObjectiveName name, Map<Key<?>, Object> values) {
  public ObjectiveSettings {
    values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /**
   * What a key of this objective says.
   *
   * @throws IllegalStateException if the objective has no such key
   */
  public <T> T get(Key<T> key) {
    @SuppressWarnings("unchecked") // the schema binds a value's type to the key's
    T value = (T) values.get(key);
    if (value == null) {
      throw new IllegalStateException(name + " has no " + key.path());
    }
    return value;
  }

  /** Weight of the forget term. */
  public double gamma() {
    return get(ObjectiveKeys.GAMMA);
  }

  /** Weight of the retain term; PDU's first value of the dual variable. */
  public double alpha() {
    return get(ObjectiveKeys.ALPHA);
  }

  /** The retain term. */
  public RetainName retain() {
    return get(ObjectiveKeys.RETAIN);
  }

  /** True where a retain term is in the total. */
  public boolean retains() {
    return retain() != RetainName.NONE && (alpha() > 0 || name == ObjectiveName.PDU);
  }

  /** Where forgetting of a row ends. */
  public Floor floor() {
    return values.containsKey(ObjectiveKeys.FLOOR) ? get(ObjectiveKeys.FLOOR) : Floor.NONE;
  }

  /** Whether it is trained on other answers of the data's own, {@code data.alternates}. */
  public boolean ownAnswers() {
    return ObjectiveKeys.OWN_ANSWERS.contains(name);
  }

  /** Between refusal and answer; empty for an objective that reads none. */
  public Optional<Divergence> divergence() {
    return values.containsKey(ObjectiveKeys.DIVERGENCE)
        ? Optional.of(get(ObjectiveKeys.DIVERGENCE))
        : Optional.empty();
  }

  /** FLAT's f-divergences. */
  public enum Divergence implements Spelled {
    KL("kl"),
    TOTAL_VARIATION("tv"),
    JENSEN_SHANNON("js"),
    PEARSON("pearson");

    private final String spelling;

    Divergence(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }

  /** When PDU's dual variable moves. */
  public enum DualUpdate implements Spelled {
    STEP("step"),
    EPOCH("epoch");

    private final String spelling;

    DualUpdate(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }
}
