package org.unlearn4j.nn;

import java.util.List;

/**
 * Hidden states of one forward pass, each {@code [batch, time, hidden]}.
 *
 * @param embeddings input of block 0
 * @param blocks the residual stream after each block; the last one is before the final norm
 * @param finalNorm what the head reads
 */
public record Hidden<T>(T embeddings, List<T> blocks, T finalNorm) {
  public Hidden {
    blocks = List.copyOf(blocks);
  }
}
