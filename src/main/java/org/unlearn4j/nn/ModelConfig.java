package org.unlearn4j.nn;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;

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
 * @param rotary null for families with learned positions
 * @param initializerRange standard deviation of fresh matrices
 * @param eosTokenIds ids that end a text; may be empty
 * @param json the file as it was read, for keys that only one family knows and for writing it back
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
    Rotary rotary,
    double initializerRange,
    List<Integer> eosTokenIds,
    ObjectNode json) {

  public ModelConfig {
    eosTokenIds = List.copyOf(eosTokenIds);
  }

  /**
   * Reads {@code config.json} in the current or the older spelling.
   *
   * @param file the file, or the folder that holds it
   * @throws org.unlearn4j.base.UserException if it is missing, not JSON, or lacks or contradicts
   *     what is needed; all such mistakes at once
   */
  public static ModelConfig read(Path file) {
    return ModelConfigReader.read(file);
  }

  /**
   * The same of JSON at hand.
   *
   * @throws org.unlearn4j.base.UserException as {@link #read}
   */
  public static ModelConfig of(ObjectNode json) {
    return ModelConfigReader.read(Path.of("config.json"), json);
  }
}
