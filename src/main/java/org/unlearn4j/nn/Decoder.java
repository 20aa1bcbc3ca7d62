package org.unlearn4j.nn;

import java.util.List;

/** A causal decoder, written once on the vocabulary of {@link Emitter}. */
public interface Decoder {

  ModelConfig config();

  /** Everything up to and including the final norm; {@code ids [batch, time]}. */
  <T> Hidden<T> hidden(Emitter<T> e, T ids);

  /**
   * The vocabulary projection: {@code [..., hidden] -> [..., vocab]}. Apply it only where logits
   * are needed.
   */
  <T> T head(Emitter<T> e, T hidden);

  /** Every parameter in the order in which the decoder first uses it; a tied one once. */
  default List<Parameter> parameters() {
    return walked().parameters();
  }

  /** Weights of the blocks' linear maps, in the order in which the decoder uses them. */
  default List<Parameter> blockMatrices() {
    return walked().blockMatrices();
  }

  /**
   * Linear maps with a weight of their own, in the order in which the decoder uses them: those of
   * the blocks and the head, without routers and without a head that is the token table.
   */
  default List<Linear> linears() {
    return walked().linears();
  }

  /** The blocks whose tokens are sent to experts, lowest first; none of a dense family. */
  default List<Routed> routed() {
    return walked().routed();
  }

  /** What reads from the residual stream, and what writes to it. */
  default StreamEnds streamEnds() {
    return StreamTracer.of(this);
  }

  private ParameterCollector walked() {
    ParameterCollector collector = new ParameterCollector();
    head(collector, hidden(collector, ParameterCollector.IDS).finalNorm());
    return collector;
  }

  /** The decoder that a configuration describes. */
  static Decoder of(ModelConfig config) {
    return Families.of(config);
  }
}
