package org.unlearn4j.nn;

import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * The vocabulary in which a decoder is written. One implementation emits TensorFlow operations
 * (trainable), another ONNX nodes (deployable), a third only collects parameters; the decoder does
 * not know which.
 *
 * <p>Words are composite, at the level at which people talk about decoders. Everything a word needs
 * besides tensors is a record. Inputs other than token ids (positions, attention mask, past keys
 * and values) belong to the emitter, because runtimes hand them over differently.
 *
 * <p>Shapes in this interface are logical; an implementation may keep {@code [batch, time]}
 * flattened.
 *
 * @param <T> a tensor of the graph being emitted
 */
public interface Emitter<T> {

  /**
   * Names what {@code body} emits: scopes nest, so that a node of either graph is found by its
   * place, for instance {@code model/layers.0/self_attn}.
   */
  <R> R within(String scope, Supplier<R> body);

  /**
   * Rows of {@code table} ({@code [size, width]}) picked by token ids: {@code [batch, time] ->
   * [batch, time, width]}.
   */
  T embedding(T ids, Parameter table);

  /** Rows of {@code table} picked by position: {@code [batch, time, width]}. */
  T positionEmbedding(Parameter table);

  /** {@code y = x W + b}: {@code [..., in] -> [..., out]}. */
  T linear(T x, Linear linear);

  /**
   * {@code x / sqrt(mean(x^2) + eps) * w} over the last axis; {@code w + 1} if the norm says so.
   */
  T rmsNorm(T x, Norm norm);

  /**
   * The RMS norm of each head by itself, one gain for all heads: {@code [batch, time, heads *
   * size]}, the same shape back.
   */
  T headNorm(T x, int heads, Norm norm);

  /** {@code (x - mean) / sqrt(var + eps) * w + b} over the last axis, biased variance. */
  T layerNorm(T x, Norm norm);

  /**
   * Rotary position embedding of each head: {@code [batch, time, heads * headDim]}, the same shape
   * back.
   */
  T rotary(T x, int heads, Rotary rotary);

  /**
   * Causal attention with grouped key/value heads, padding masked, past keys and values in front
   * where the emitter has a cache, and a sink beside the scores where {@code attention} has one.
   *
   * @param q {@code [batch, time, heads * headDim]}
   * @param k {@code [batch, time, kvHeads * headDim]}
   * @param v {@code [batch, time, kvHeads * headDim]}
   * @return {@code [batch, time, heads * headDim]}
   */
  T attention(T q, T k, T v, Attention attention);

  /**
   * The gated MLPs that a router picks for each token, summed with its weights: {@code [..., in] ->
   * [..., out]}. Each computes its own tokens only; a gradient goes through the weights, not
   * through the choice.
   */
  T experts(T x, Experts experts);

  T activation(T x, Activation f);

  /** Gate and up, as {@link ClampedGate} joins them: the same shape back. */
  T clampedGate(T gate, T up, ClampedGate form);

  T add(T a, T b);

  T multiply(T a, T b);

  T scale(T x, double factor);

  /** {@code cap * tanh(x / cap)}. */
  T softcap(T x, double cap);

  /**
   * One block: what {@code body} makes of the residual stream {@code x}. An emitter that keeps no
   * activations for the backward pass lets {@code body} emit it a second time.
   */
  default T block(T x, UnaryOperator<T> body) {
    return body.apply(x);
  }

  /**
   * The residual stream where it can be read: at the embeddings and after each block. An emitter
   * may disturb it there, as training with dropout does; others hand it on.
   */
  default T stream(T x) {
    return x;
  }

  /** Cuts the last axis into parts of the given sizes. */
  List<T> split(T x, int... sizes);

  /**
   * Cuts the features of each head into parts of the given sizes and puts the like parts of all
   * heads together: {@code [batch, time, heads * sum(sizes)]} to {@code [batch, time, heads *
   * sizes[i]]} each.
   */
  List<T> splitHeads(T x, int heads, int... sizes);
}
