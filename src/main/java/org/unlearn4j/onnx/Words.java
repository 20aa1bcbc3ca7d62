package org.unlearn4j.onnx;

import java.util.List;
import org.unlearn4j.nn.Attention;
import org.unlearn4j.nn.Rotary;

/** The words of a decoder that operator sets spell differently; all values are float32. */
interface Words {

  /** {@code x / sqrt(mean(x^2) + eps) * gain} over the last axis. */
  Value rmsNorm(String label, Value x, Value gain, double epsilon);

  /** Exact, or with the tanh approximation. */
  Value gelu(Value x, boolean tanh);

  /**
   * Turns the first features of each head.
   *
   * @param x {@code [batch, time, heads * headDim]}
   * @param tables cosines and sines, {@code [rows, rotated / 2]} each
   * @param positions rows of the tables, {@code [batch, time]}
   */
  Value rotary(Value x, int heads, Rotary rotary, List<Value> tables, Value positions);

  /**
   * Attention with a cache.
   *
   * @param qkv queries, keys and values, {@code [batch, time, features]} each
   * @param mask {@code [batch, 1, time, total]}, to be added to the scores
   * @param past keys and values so far, {@code [batch, kvHeads, past, headDim]} each
   * @param present the names and shapes of what the cache becomes
   * @return {@code [batch, time, heads * headDim]}
   */
  Value attention(Attention a, List<Value> qkv, Value mask, List<Value> past, List<Value> present);

  /** The words of an operator set. */
  static Words of(GraphBuilder g, int opset) {
    return opset == GraphForm.OLDER ? new SpelledOutWords(g) : new OperatorWords(g);
  }
}
