package org.unlearn4j.nn;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.unlearn4j.base.UserException;

/**
 * A decoder's configuration, whatever spelling its {@code config.json} uses.
 *
 * @param modelType Hugging Face's {@code model_type}
 * @param intermediateSize width of the MLP
 * @param kvHeads key/value heads; equal to {@code heads} without grouping
 * @param headDim features a head; may differ from {@code hiddenSize / heads}
 * @param maxPositions longest sequence
 * @param normEpsilon of every norm
 * @param tiedEmbeddings the head reads the token table
 * @param rotaries of each layer: how queries and keys turn; empty where they do not
 * @param windows of each layer: how many positions it sees, itself included; empty for all
 * @param initializerRange standard deviation of fresh matrices
 * @param eosTokenIds ids that end a text; may be empty
 * @param unsupported sentences about settings that this project has no words for; a decoder exists
 *     only where there are none
 * @param json the keys of the text model, for those that only one family knows, and for writing it
 *     alone
 * @param whole the file as it was read, for writing it back: {@code json} itself, or that of a
 *     multimodal model around it
 */
public record ModelConfig(
    String modelType,
    int vocabSize,
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    int kvHeads,
    int headDim,
    int maxPositions,
    double normEpsilon,
    Activation activation,
    boolean attentionBias,
    boolean mlpBias,
    boolean tiedEmbeddings,
    List<Optional<Rotary>> rotaries,
    List<OptionalInt> windows,
    double initializerRange,
    List<Integer> eosTokenIds,
    List<String> unsupported,
    ObjectNode json,
    ObjectNode whole) {

  public ModelConfig {
    rotaries = List.copyOf(rotaries);
    windows = List.copyOf(windows);
    eosTokenIds = List.copyOf(eosTokenIds);
    unsupported = List.copyOf(unsupported);
  }

  /**
   * Reads {@code config.json} in the current or the older spelling.
   *
   * @param file the file, or the folder that holds it
   * @throws UserException if it is missing, not JSON, of an unknown family, or lacks or contradicts
   *     what is needed; all such mistakes at once
   */
  public static ModelConfig read(Path file) {
    return ModelConfigReader.read(file);
  }

  /**
   * The same of JSON at hand.
   *
   * @throws UserException as {@link #read}
   */
  public static ModelConfig of(ObjectNode json) {
    return ModelConfigReader.read(Path.of("config.json"), json);
  }

  /** Whether positions are told by turning; if not, they are rows of a table. */
  public boolean rotates() {
    return rotaries.stream().anyMatch(Optional::isPresent);
  }

  /**
   * The length beyond which a sequence turns by other frequencies ({@link Rotary.Longer}), so that
   * what is cached of it has to be computed again; empty where none does.
   */
  public OptionalInt cacheLimit() {
    return rotaries.stream()
        .flatMap(Optional::stream)
        .flatMap(r -> r.longer().stream())
        .mapToInt(Rotary.Longer::after)
        .findFirst();
  }

  /**
   * A number that only one family knows.
   *
   * @param absent what it is where the key is missing; a key that is null means that there is none
   * @throws UserException if it is something else
   */
  OptionalDouble number(String key, double absent) {
    JsonNode value = json.path(key);
    if (value.isMissingNode()) {
      return OptionalDouble.of(absent);
    }
    if (!value.isNumber() && !value.isNull()) {
      throw new UserException(
          "config.json, " + key + ": found " + value + ", expected a number or null.");
    }
    return value.isNull() ? OptionalDouble.empty() : OptionalDouble.of(value.doubleValue());
  }

  /**
   * A positive integer that only one family knows.
   *
   * @param absent what it is where there is none of the keys
   * @throws UserException if it is something else
   */
  int count(int absent, String... keys) {
    for (String key : keys) {
      JsonNode value = json.path(key);
      if (json.hasNonNull(key) && (!value.isInt() || value.intValue() <= 0)) {
        throw new UserException(
            "config.json, " + key + ": found " + value + ", expected a positive integer.");
      }
      if (json.hasNonNull(key)) {
        return value.intValue();
      }
    }
    return absent;
  }

  /** A switch that only one family knows. */
  boolean flag(String key, boolean absent) {
    return json.path(key).asBoolean(absent);
  }
}
