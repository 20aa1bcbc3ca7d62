package org.unlearn4j.peer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * A decoder's parameters, with the names of Hugging Face and the values of the product's benchmark:
 * the losses of both can be compared. What is made here lives as long as the process.
 */
final class Weights {
  /** The product's, which fills a large model from one table. */
  private static final int TABLE = 1_000_003;

  private static final double STANDARD_DEVIATION = 0.02;

  /**
   * A block's.
   *
   * @param q {@code [heads * headDim, hidden]}
   * @param k {@code [kvHeads * headDim, hidden]}
   * @param v {@code [kvHeads * headDim, hidden]}
   * @param o {@code [hidden, heads * headDim]}
   * @param gate {@code [ffn, hidden]}
   * @param up {@code [ffn, hidden]}
   * @param down {@code [hidden, ffn]}
   * @param norm {@code [hidden]}, before the attention
   * @param mlpNorm {@code [hidden]}, before the MLP
   */
  record Block(
      Tensor norm,
      Tensor q,
      Tensor k,
      Tensor v,
      Tensor o,
      Tensor mlpNorm,
      Tensor gate,
      Tensor up,
      Tensor down) {}

  private final float[] table = new float[TABLE];
  private final List<Tensor> all = new ArrayList<>();
  private final List<Block> blocks = new ArrayList<>();
  private final Tensor embedding;
  private final Tensor norm;

  /** Makes and fills them. */
  Weights(Task task) {
    Random random = new Random(0);
    for (int i = 0; i < TABLE; i++) {
      table[i] = (float) (random.nextGaussian() * STANDARD_DEVIATION);
    }
    int d = task.hidden();
    int kv = task.kvHeads() * task.headDim();
    embedding = matrix("model.embed_tokens", task.vocab(), d);
    for (int l = 0; l < task.layers(); l++) {
      String at = "model.layers." + l + ".";
      blocks.add(
          new Block(
              ones(d),
              matrix(at + "self_attn.q_proj", d, d),
              matrix(at + "self_attn.k_proj", kv, d),
              matrix(at + "self_attn.v_proj", kv, d),
              matrix(at + "self_attn.o_proj", d, d),
              ones(d),
              matrix(at + "mlp.gate_proj", task.ffn(), d),
              matrix(at + "mlp.up_proj", task.ffn(), d),
              matrix(at + "mlp.down_proj", d, task.ffn())));
    }
    norm = ones(d);
  }

  private Tensor matrix(String name, int out, int in) {
    float[] values = new float[Math.multiplyExact(out, in)];
    int at = (int) (Math.abs((long) (name + ".weight").hashCode()) % TABLE);
    for (int i = 0; i < values.length; at = 0) {
      int n = Math.min(values.length - i, TABLE - at);
      System.arraycopy(table, at, values, i, n);
      i += n;
    }
    return parameter(Tensor.create(values, out, in));
  }

  private Tensor ones(int size) {
    float[] values = new float[size];
    Arrays.fill(values, 1);
    return parameter(Tensor.create(values, size));
  }

  private Tensor parameter(Tensor values) {
    values.set_requires_grad(true);
    all.add(values);
    return values;
  }

  /** The table for both ends, {@code [vocab, hidden]}. */
  Tensor embedding() {
    return embedding;
  }

  /** The last norm's gain, {@code [hidden]}. */
  Tensor norm() {
    return norm;
  }

  /** The blocks, from the first. */
  List<Block> blocks() {
    return blocks;
  }

  /** Everything that learns. */
  List<Tensor> all() {
    return all;
  }

  /** How many numbers learn. */
  long count() {
    return all.stream().mapToLong(Tensor::numel).sum();
  }

  /** Everything that learns, as LibTorch wants it. */
  TensorVector vector() {
    return new TensorVector(all.toArray(Tensor[]::new));
  }
}
