package org.unlearn4j.unlearn;

import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Hidden;

/**
 * A place in the residual stream: {@code embeddings} (-1) or the block after which it is read,
 * counted from 0. {@code last} is the last block, before the final norm.
 */
public record FeatureLayer(int block) {
  public static final FeatureLayer EMBEDDINGS = new FeatureLayer(-1);

  /**
   * Reads a layer's name.
   *
   * @param key the setting it was given for
   * @throws UserException if a model of {@code layers} blocks has no such layer
   */
  public static FeatureLayer named(String key, String name, int layers) {
    if (name.equals("embeddings")) {
      return EMBEDDINGS;
    }
    if (name.equals("last")) {
      return new FeatureLayer(layers - 1);
    }
    if (name.matches("[0-9]{1,4}") && Integer.parseInt(name) < layers) {
      return new FeatureLayer(Integer.parseInt(name));
    }
    throw new UserException(
        key
            + ": found "
            + name
            + ", expected embeddings, last or 0 to "
            + (layers - 1)
            + " for a model of "
            + layers
            + " layers.");
  }

  <T> T of(Hidden<T> hidden) {
    return block < 0 ? hidden.embeddings() : hidden.blocks().get(block);
  }

  @Override
  public String toString() {
    return block < 0 ? "embeddings" : Integer.toString(block);
  }
}
