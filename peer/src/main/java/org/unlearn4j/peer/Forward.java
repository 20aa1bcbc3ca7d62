package org.unlearn4j.peer;

import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.linear;
import static org.bytedeco.pytorch.global.torch.rms_norm;
import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;
import static org.bytedeco.pytorch.global.torch.silu;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;

/** Logits of a decoder of Llama's form (Touvron et al. 2023), written as one would for LibTorch. */
final class Forward {
  private static final double EPSILON = 1e-5;
  private static final double THETA = 10_000;

  private final Task task;
  private final Weights weights;
  private final Tensor cos;
  private final Tensor sin;

  /** Of these weights. */
  Forward(Task task, Weights weights) {
    this.task = task;
    this.weights = weights;
    int half = task.headDim() / 2;
    float[] c = new float[task.tokens() * task.headDim()];
    float[] s = new float[c.length];
    for (int i = 0; i < c.length; i++) {
      int t = i / task.headDim();
      double angle = t * Math.pow(THETA, -(double) (i % half) / half);
      c[i] = (float) Math.cos(angle);
      // The halves change places, the second with the other sign: that stands in the table.
      s[i] = (float) (i % task.headDim() < half ? -Math.sin(angle) : Math.sin(angle));
    }
    cos = Tensor.create(c, task.tokens(), task.headDim());
    sin = Tensor.create(s, task.tokens(), task.headDim());
  }

  /**
   * Runs it.
   *
   * @param ids {@code [rows, tokens]}
   * @return logits at all tokens that have a successor, {@code [rows * (tokens - 1), vocab]}
   */
  Tensor logits(Tensor ids) {
    Tensor x = embedding(weights.embedding(), ids);
    for (Weights.Block b : weights.blocks()) {
      x = x.add(attention(b, norm(x, b.norm())));
      x = x.add(mlp(b, norm(x, b.mlpNorm())));
    }
    Tensor scored = norm(x.narrow(1, 0, task.tokens() - 1), weights.norm());
    return linear(scored.reshape(-1, task.hidden()), weights.embedding());
  }

  private Tensor norm(Tensor x, Tensor gain) {
    return rms_norm(
        x, new long[] {task.hidden()}, new TensorOptional(gain), new DoubleOptional(EPSILON));
  }

  private Tensor attention(Weights.Block b, Tensor x) {
    Tensor q = turned(heads(linear(x, b.q()), task.heads()));
    Tensor k = turned(heads(linear(x, b.k()), task.kvHeads()));
    Tensor v = heads(linear(x, b.v()), task.kvHeads());
    Tensor mixed =
        scaled_dot_product_attention(
            q,
            k,
            v,
            new TensorOptional(),
            0,
            true,
            new DoubleOptional(),
            task.kvHeads() < task.heads());
    return linear(mixed.transpose(1, 2).reshape(-1, task.tokens(), task.hidden()), b.o());
  }

  /** {@code [rows, tokens, n * headDim]} as {@code [rows, n, tokens, headDim]}. */
  private Tensor heads(Tensor x, int n) {
    return x.view(-1, task.tokens(), n, task.headDim()).transpose(1, 2);
  }

  /** Rotary positions (Su et al. 2021) of {@code [rows, n, tokens, headDim]}. */
  private Tensor turned(Tensor x) {
    int half = task.headDim() / 2;
    Tensor swapped = cat(new TensorVector(x.narrow(3, half, half), x.narrow(3, 0, half)), 3);
    return x.mul(cos).add(swapped.mul(sin));
  }

  private static Tensor mlp(Weights.Block b, Tensor x) {
    return linear(silu(linear(x, b.gate())).mul(linear(x, b.up())), b.down());
  }
}
