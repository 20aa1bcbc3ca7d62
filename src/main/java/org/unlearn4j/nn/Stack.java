package org.unlearn4j.nn;

import java.util.ArrayList;
import java.util.List;

/**
 * What every family is: blocks one after another on a residual stream, from the embeddings to the
 * final norm. A family says what stands at the beginning, in a block and at the end.
 */
abstract class Stack implements Decoder {
  private final ModelConfig config;
  private final String root;
  private final String blocks;

  /**
   * A stack whose parameters are called {@code root.blocks.0. ...}.
   *
   * @param root for instance {@code model}
   * @param blocks for instance {@code layers}
   */
  Stack(ModelConfig config, String root, String blocks) {
    this.config = config;
    this.root = root;
    this.blocks = blocks;
  }

  /**
   * One of the blocks.
   *
   * @param index counted from 0
   * @param name of its parameters, for instance {@code model.layers.0}
   */
  record Layer(int index, String name) {
    /** The full name of something in this block. */
    String dot(String part) {
      return name + "." + part;
    }
  }

  /** Input of block 0, {@code [batch, time, hidden]}. */
  abstract <T> T embed(Emitter<T> e, T ids);

  /** The residual stream after a block, from that before it. */
  abstract <T> T block(Emitter<T> e, T x, Layer layer);

  /** What the head reads. */
  abstract <T> T finalNorm(Emitter<T> e, T x);

  /** The token table, {@code [vocab, hidden]}. */
  abstract Parameter table();

  @Override
  public final ModelConfig config() {
    return config;
  }

  @Override
  public final <T> Hidden<T> hidden(Emitter<T> e, T ids) {
    return e.within(
        root,
        () -> {
          T embeddings = e.stream(embed(e, ids));
          List<T> after = new ArrayList<>();
          T x = embeddings;
          for (int l = 0; l < config.layers(); l++) {
            int layer = l;
            x = e.block(x, in -> e.stream(block(e, in, layer)));
            after.add(x);
          }
          return new Hidden<>(embeddings, after, finalNorm(e, x));
        });
  }

  private <T> T block(Emitter<T> e, T x, int l) {
    String scope = blocks + "." + l;
    return e.within(scope, () -> block(e, x, new Layer(l, root + "." + scope)));
  }

  @Override
  public <T> T head(Emitter<T> e, T hidden) {
    return e.linear(hidden, output("lm_head", false));
  }

  /**
   * The head's matrix: the token table where it is tied, else one of its own, {@code [vocab,
   * hidden]}.
   */
  final Linear output(String name, boolean bias) {
    return config.tiedEmbeddings()
        ? Linear.tied(table())
        : Linear.of(name, config.hiddenSize(), config.vocabSize(), bias);
  }

  /** An MLP without a gate: {@code [..., hidden] -> [..., intermediate] -> [..., hidden]}. */
  final <T> T mlp(Emitter<T> e, T x, Linear up, Linear down) {
    return e.within(
        "mlp", () -> e.linear(e.activation(e.linear(x, up), config.activation()), down));
  }

  /** Queries or keys as they turn in a layer. */
  final <T> T turned(Emitter<T> e, T x, int heads, Layer l) {
    return config.rotaries().get(l.index()).map(r -> e.rotary(x, heads, r)).orElse(x);
  }

  /** Features of all query heads together. */
  final int queryWidth() {
    return config.heads() * config.headDim();
  }

  /** Features of all key heads together, and of all value heads. */
  final int keyWidth() {
    return config.kvHeads() * config.headDim();
  }
}
