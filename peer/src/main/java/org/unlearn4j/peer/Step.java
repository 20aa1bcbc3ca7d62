package org.unlearn4j.peer;

import static org.bytedeco.pytorch.global.torch.cross_entropy_loss;
import static org.bytedeco.pytorch.global.torch.grad;
import static org.bytedeco.pytorch.global.torch.softplus;

import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;

/**
 * The product's training step at its defaults: NPO (Zhang et al. 2024) of the forget rows, with one
 * number a row of the reference model, and the mean loss of the retain rows' tokens.
 */
final class Step {
  private static final double BETA = 0.1;
  private static final double LEARNING_RATE = 1e-5;
  private static final int NO_REDUCTION = 0;
  private static final long NOTHING_IGNORED = -100;

  private final Task task;
  private final Forward forward;
  private final FusedAdamW optimizer;
  private final TensorVector learned;
  private final long[] ids;
  private final long[] labels;

  /** Of these weights, with the rows of the product's benchmark: forget rows, then retain rows. */
  Step(Task task, Weights weights) {
    this.task = task;
    forward = new Forward(task, weights);
    optimizer = new FusedAdamW(weights.all());
    learned = weights.vector();
    int t = task.tokens();
    Random random = new Random(0);
    ids = random.ints(2L * task.rows() * t, 0, task.vocab()).asLongStream().toArray();
    labels = new long[2 * task.rows() * (t - 1)];
    for (int r = 0; r < 2 * task.rows(); r++) {
      System.arraycopy(ids, r * t + 1, labels, r * (t - 1), t - 1);
    }
  }

  /**
   * One update.
   *
   * @return the loss before it
   */
  double run() {
    try (PointerScope scope = new PointerScope()) {
      Tensor loss = loss();
      TensorVector gradients = grad(new TensorVector(loss), learned);
      optimizer.update(gradients, LEARNING_RATE);
      return loss.item_double();
    }
  }

  private Tensor loss() {
    int r = task.rows();
    Tensor logits = forward.logits(Tensor.create(ids, 2L * r, task.tokens()));
    Tensor each =
        cross_entropy_loss(
                logits,
                Tensor.create(labels),
                new TensorOptional(),
                NO_REDUCTION,
                NOTHING_IGNORED,
                0)
            .view(2L * r, task.tokens() - 1);
    // What the product's benchmark takes for the reference: no token is likelier than another.
    double reference = task.tokens() * Math.log(task.vocab());
    Tensor margin = each.narrow(0, 0, r).sum(1).sub(new Scalar(reference));
    Tensor forget = softplus(margin.mul(new Scalar(-BETA))).mean().mul(new Scalar(2 / BETA));
    return forget.add(each.narrow(0, r, r).mean());
  }
}
