package org.unlearn4j.config;

import java.util.Optional;
import org.unlearn4j.base.UserException;

/**
 * A place in the residual stream: {@code embeddings} (the input of block 0), a block number (the
 * stream after that block, counted from 0), or {@code last} (after the last block, before the final
 * norm).
 *
 * @param spelling as in the pipeline file
 */
public record Layer(String spelling) {
  public static final Layer EMBEDDINGS = new Layer("embeddings");
  public static final Layer LAST = new Layer("last");

  public Layer {
    boolean number = spelling.matches("0|[1-9][0-9]{0,5}");
    if (!number && !spelling.equals("embeddings") && !spelling.equals("last")) {
      throw new IllegalArgumentException("no layer: " + spelling);
    }
  }

  static Optional<Layer> parse(String spelling) {
    try {
      return Optional.of(new Layer(spelling));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /**
   * The layer at an index into a list of features that begins with the embeddings; {@link
   * #featureIndex} goes back.
   *
   * @param layers number of blocks of the model at hand
   */
  public static Layer at(int index, int layers) {
    if (index == 0) {
      return EMBEDDINGS;
    }
    return index == layers ? LAST : new Layer(String.valueOf(index - 1));
  }

  /**
   * The index into a list of features that begins with the embeddings: 0 for {@code embeddings},
   * {@code l + 1} for the stream after block l.
   *
   * @param layers number of blocks of the model at hand
   * @throws UserException if the model has no such block
   */
  public int featureIndex(int layers) {
    if (equals(EMBEDDINGS)) {
      return 0;
    }
    if (equals(LAST)) {
      return layers;
    }
    int block = Integer.parseInt(spelling);
    if (block >= layers) {
      throw new UserException(
          "pipeline: found layer "
              + block
              + ", expected embeddings, last or a block from 0 to "
              + (layers - 1)
              + " of this model.");
    }
    return block + 1;
  }

  @Override
  public String toString() {
    return spelling;
  }
}
