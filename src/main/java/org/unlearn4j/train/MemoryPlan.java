package org.unlearn4j.train;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.KeptActivations;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Segment;

/**
 * How much memory training takes on its device, in bytes. What lies in variables is exact. The rest
 * is the largest of three moments of a step: the losses (all activations and the labelled tokens'
 * logits), the backward pass through each block (activations below it, gradients above it), and the
 * update (all gradients).
 *
 * @param weights master weights
 * @param moments both of AdamW
 * @param accumulators of gradients, with several micro-batches a step
 * @param twin weights of the frozen model
 * @param step what a step allocates and gives back
 */
public record MemoryPlan(long weights, long moments, long accumulators, long twin, long step) {
  private static final int FLOAT = 4;
  private static final int BRAIN = 2;

  /**
   * Arrays as large as the frozen logits while a loss compares them: they, their softmax, its
   * logarithm, and the policy's logits of the same rows.
   */
  private static final int FROZEN_COPIES = 4;

  private static final double MIB = 1 << 20;

  /**
   * A micro-batch.
   *
   * @param rows of all segments
   * @param time tokens of a row, padding included
   * @param labelled tokens that reach the head
   * @param frozenRows rows that run through the frozen twin
   * @param frozenLabelled tokens of them that reach its head
   */
  public record Batch(long rows, int time, long labelled, long frozenRows, long frozenLabelled) {

    /** A batch in which every row has the same number of tokens. */
    public static Batch of(Objective objective, int rows, int time, int labelledPerRow) {
      long scored = (long) rows * objective.scored().size();
      long frozen = (long) rows * objective.frozen().size();
      long frozenScored = (long) rows * objective.frozenScored().size();
      return new Batch(
          (long) rows * objective.segments().size(),
          time,
          scored * labelledPerRow,
          frozen,
          frozenScored * labelledPerRow);
    }

    /** The largest that training rows can give. */
    public static Batch largest(Objective objective, int batchSize, TrainingData data) {
      long rows = 0;
      int time = 1;
      long labelled = 0;
      long frozenRows = 0;
      long frozenLabelled = 0;
      for (Segment s : objective.segments()) {
        List<TokenRow> own = data.of(s);
        long count = Math.min(batchSize, own.size());
        long most =
            own.stream()
                .map(TokenRow::labelled)
                .sorted(Comparator.reverseOrder())
                .limit(count)
                .mapToLong(Integer::longValue)
                .sum();
        time = Math.max(time, own.stream().mapToInt(TokenRow::length).max().orElse(1));
        rows += count;
        labelled += objective.scored().contains(s) ? most : 0;
        frozenRows += objective.frozen().contains(s) ? count : 0;
        frozenLabelled += objective.frozenScored().contains(s) ? most : 0;
      }
      return new Batch(rows, time, labelled, frozenRows, frozenLabelled);
    }

    long tokens() {
      return rows * time;
    }
  }

  /** All of it. */
  public long total() {
    return weights + moments + accumulators + twin + step;
  }

  /** The same where nothing is updated. */
  public MemoryPlan withoutMoments() {
    return new MemoryPlan(weights, 0, accumulators, twin, step);
  }

  /** Estimates. */
  public static MemoryPlan of(
      Decoder decoder,
      Objective objective,
      Computation computation,
      boolean accumulating,
      Batch batch) {
    boolean brain = computation.precision() == Precision.BF16;
    long parameters = size(decoder, p -> true);
    long trained = size(decoder, objective::trains);
    boolean twin = !objective.frozen().isEmpty();
    long matrices = size(decoder, p -> p.shape().size() == 2);
    // Weights as they will be deployed lie beside those they come from.
    long deployed = objective.quantization().isPresent() ? FLOAT * matrices : 0;
    long copies = brain ? BRAIN * matrices : 0;
    return new MemoryPlan(
        FLOAT * parameters,
        2 * FLOAT * trained,
        accumulating ? FLOAT * trained : 0,
        twin ? FLOAT * parameters : 0,
        deployed + copies * (twin ? 2 : 1) + step(decoder, objective, computation, batch));
  }

  private static long step(
      Decoder decoder, Objective objective, Computation computation, Batch batch) {
    boolean brain = computation.precision() == Precision.BF16;
    KeptActivations.Bytes kept =
        KeptActivations.of(decoder, computation.precision(), batch.time(), objective::trains);
    long tokens = batch.tokens();
    long hidden = (long) FLOAT * decoder.config().hiddenSize() * tokens;
    long vocab = decoder.config().vocabSize();
    long head = trainsHead(decoder, objective) ? vocab * decoder.config().hiddenSize() * FLOAT : 0;
    int layers = kept.blocks().size();
    boolean recompute = computation.recompute();
    // Logits and what the cross-entropy keeps of them, as wide.
    long logits = batch.labelled() * vocab * FLOAT;
    long narrow = brain ? batch.labelled() * vocab * BRAIN : 0;
    long frozenLogits = batch.frozenLabelled() * vocab * FLOAT * FROZEN_COPIES;
    long below = kept.ends() * tokens; // kept below and beside the block at hand
    for (long block : kept.blocks()) {
      below += recompute ? hidden : block * tokens;
    }
    long once = kept.widest() * tokens;
    // The losses: gradients of the head and of what the final norm reads are on their way.
    // The gradient of the head comes when only one of the two is left.
    long most = below + logits + narrow + frozenLogits + Math.max(logits, head) + 4 * hidden;
    long gradients = head;
    long perBlock = (size(decoder, objective::trains) * FLOAT - head) / Math.max(1, layers);
    for (int l = layers - 1; l >= 0; l--) {
      long own = recompute ? kept.blocks().get(l) * tokens : 0;
      most = Math.max(most, below + own + gradients + (recompute ? 0 : once));
      below -= recompute ? hidden : kept.blocks().get(l) * tokens;
      gradients += perBlock;
    }
    return Math.max(most, gradients);
  }

  /** Whether there is a gradient as large as the token table. */
  private static boolean trainsHead(Decoder decoder, Objective objective) {
    List<Integer> shape = List.of(decoder.config().vocabSize(), decoder.config().hiddenSize());
    List<Parameter> inBlocks = decoder.blockMatrices();
    return decoder.parameters().stream()
        .filter(p -> p.shape().equals(shape) && !inBlocks.contains(p))
        .anyMatch(objective::trains);
  }

  private static long size(Decoder decoder, Predicate<Parameter> which) {
    return decoder.parameters().stream().filter(which).mapToLong(Parameter::size).sum();
  }

  /** The plan in one line, in MiB. */
  public String line(String device, long available) {
    return String.format(
        Locale.ROOT,
        "%,.0f MiB on %s (weights %,.0f%s%s%s, step %,.0f), %,.0f MiB are free",
        total() / MIB,
        device,
        weights / MIB,
        part("moments", moments),
        part("accumulators", accumulators),
        part("frozen twin", twin),
        step / MIB,
        available / MIB);
  }

  private static String part(String name, long bytes) {
    return bytes == 0 ? "" : String.format(Locale.ROOT, ", %s %,.0f", name, bytes / MIB);
  }
}
