package org.unlearn4j.train;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.KeptActivations;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.Spread;
import org.unlearn4j.unlearn.Adaptation;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.weights.DType;

/**
 * How much memory training takes on its device, in bytes. What lies in variables is exact. The rest
 * is the largest of three moments of a step: the losses (all activations and the labelled tokens'
 * logits), the backward pass through each block (activations below it, gradients above it), and the
 * update (all gradients).
 *
 * @param weights master weights
 * @param moments what the optimiser remembers
 * @param accumulators of gradients, with several micro-batches a step or parts that are taken one
 *     by one; and what a robust objective and a rule that combines gradients keep
 * @param twin weights of the frozen model
 * @param step what a step allocates and gives back
 */
public record MemoryPlan(long weights, long moments, long accumulators, long twin, long step) {
  private static final int FLOAT = 4;
  private static final int BRAIN = 2;

  /**
   * Arrays as large as the logits that a loss reads, beside those: its target or the frozen ones,
   * and softmaxes and their logarithms on the way to a gradient.
   */
  private static final int READING = 3;

  private static final double MIB = 1 << 20;

  /**
   * A micro-batch.
   *
   * @param rows of all segments
   * @param time tokens of a row, padding included
   * @param labelled tokens that reach the head
   * @param read those of them whose logits a loss reads
   */
  public record Batch(long rows, int time, long labelled, long read) {

    /** A batch in which every row has the same number of tokens. */
    public static Batch of(Objective objective, int rows, int time, int labelledPerRow) {
      long each = (long) rows * labelledPerRow;
      return new Batch(
          (long) rows * objective.segments().size(),
          time,
          each * objective.scored().size(),
          each * objective.logits().size());
    }

    /** The same with more than one retain row beside each forget row. */
    public Batch withRetainRows(Objective objective, int each) {
      long more = objective.segments().contains(Segment.RETAIN) ? each - 1 : 0;
      long own = rows / objective.segments().size();
      long scored =
          objective.scored().contains(Segment.RETAIN) ? labelled / objective.scored().size() : 0;
      long reading =
          objective.logits().contains(Segment.RETAIN) ? read / objective.logits().size() : 0;
      return new Batch(rows + more * own, time, labelled + more * scored, read + more * reading);
    }

    /** The largest that training rows can give. */
    public static Batch largest(Objective objective, int batchSize, TrainingData data) {
      long rows = 0;
      int time = 1;
      long labelled = 0;
      long read = 0;
      for (Segment s : objective.segments()) {
        List<TokenRow> own = data.of(s);
        long each = s == Segment.RETAIN ? data.retainRows() : 1;
        long count = Math.min(batchSize * each, own.size());
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
        read += objective.logits().contains(s) ? most : 0;
      }
      return new Batch(rows, time, labelled, read);
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

  /**
   * What the fullest of several devices has. Replicas share moments and accumulators; {@code step}
   * is of the rows of one already. Of stages each has its blocks' part of everything.
   */
  public MemoryPlan onEach(Spread spread, Decoder decoder) {
    int n = spread.count();
    double part = spread.largestPart(decoder.parameters());
    return spread.form() == Spread.Form.REPLICAS
        ? new MemoryPlan(weights, (moments + n - 1) / n, (accumulators + n - 1) / n, twin, step)
        : new MemoryPlan(
            Math.round(weights * part),
            Math.round(moments * part),
            Math.round(accumulators * part),
            Math.round(twin * part),
            Math.round(step * part));
  }

  /** Estimates, of AdamW. */
  public static MemoryPlan of(
      Decoder decoder,
      Objective objective,
      Computation computation,
      boolean accumulating,
      Batch batch) {
    return of(decoder, objective, computation, OptimizerSettings.Form.ADAMW, accumulating, batch);
  }

  /** Estimates. */
  public static MemoryPlan of(
      Decoder decoder,
      Objective objective,
      Computation computation,
      OptimizerSettings.Form optimizer,
      boolean accumulating,
      Batch batch) {
    long parameters = size(decoder, p -> true);
    Optional<Adaptation> adaptation = objective.learning().adaptation();
    long trained = learned(decoder, objective);
    boolean twin = !objective.frozen().isEmpty() && adaptation.isEmpty();
    return new MemoryPlan(
        adaptation.map(a -> weights(decoder, a)).orElse(FLOAT * parameters),
        moments(optimizer, objective.learning().parameters(decoder)),
        FLOAT * trained * arrays(objective, accumulating),
        twin ? FLOAT * parameters : 0,
        step(decoder, objective, computation, batch));
  }

  /** Kept beside the moments, each as large as what learns. */
  private static int arrays(Objective objective, boolean accumulating) {
    int gradients = accumulating || objective.apart() ? 1 : 0;
    int attacked = objective.robust() ? 2 : 0;
    int combined = objective.combine().map(c -> c.averages() ? 2 : 1).orElse(0);
    return gradients + attacked + combined;
  }

  private static long moments(OptimizerSettings.Form optimizer, List<Parameter> learned) {
    return switch (optimizer) {
      case ADAMW -> 2 * FLOAT * size(learned);
      case ADAMW8BIT -> AdamW8bit.bytes(learned);
      case ADAFACTOR -> FLOAT * Adafactor.remembered(learned);
    };
  }

  private static long step(
      Decoder decoder, Objective objective, Computation computation, Batch batch) {
    boolean brain = computation.precision() == Precision.BF16;
    KeptActivations.Bytes kept =
        KeptActivations.of(
            decoder,
            computation.precision(),
            batch.time(),
            objective::trains,
            objective.learning()::rank);
    long tokens = batch.tokens();
    long hidden = (long) FLOAT * decoder.config().hiddenSize() * tokens;
    long vocab = decoder.config().vocabSize();
    long head = trainsHead(decoder, objective) ? vocab * decoder.config().hiddenSize() * FLOAT : 0;
    int layers = kept.blocks().size();
    boolean recompute = computation.recompute();
    long copies = copies(decoder, objective, computation);
    boolean twins = !objective.frozen().isEmpty() && objective.learning().adaptation().isEmpty();
    long matrices = size(decoder, p -> p.shape().size() == 2);
    long twinCopies = brain && twins ? BRAIN * matrices : 0;
    long below = kept.ends() * tokens; // kept below and beside the block at hand
    for (long block : kept.blocks()) {
      below += recompute ? hidden : block * tokens;
    }
    // Where the processor knows no bfloat16, factors and result in float32, of two products: a
    // map's
    // input and its weight have their gradients at once.
    boolean widens = computation.widensProducts();
    long widened =
        2L * FLOAT * kept.products().stream().mapToLong(p -> p.elements(tokens)).max().orElse(0);
    long once = (recompute ? kept.sorted() : kept.widest()) * tokens;
    // The losses: logits that the cross-entropy, its gradient, and theirs, take the place of; then
    // either what a loss makes that reads logits itself, or the gradient of the head is on its way.
    int arrays = READING + (objective.scored().size() > 1 ? 1 : 0); // one of many is copied out
    long logits = batch.labelled() * vocab * (FLOAT + (brain ? BRAIN : 0));
    long reading = arrays * batch.read() * vocab * FLOAT;
    long most = below + copies + twinCopies + logits + Math.max(reading, head) + 4 * hidden;
    if (widens) {
      var product = new KeptActivations.Product(1, decoder.config().hiddenSize(), (int) vocab);
      long products = (head > 0 ? 2L : 1L) * FLOAT * product.elements(batch.labelled());
      long brains = BRAIN * batch.labelled() * vocab;
      most = Math.max(most, below + copies + twinCopies + brains + products + 4 * hidden);
    }
    long gradients = head;
    long perBlock = (learned(decoder, objective) * FLOAT - head) / Math.max(1, layers);
    for (int l = layers - 1; l >= 0; l--) {
      long own = recompute ? kept.blocks().get(l) * tokens : 0;
      long left = copies * (l + 1) / layers;
      most = Math.max(most, below + left + own + gradients + once + (widens ? widened : 0));
      below -= recompute ? hidden : kept.blocks().get(l) * tokens;
      gradients += perBlock;
    }
    // A table that is the head too has a gradient from either end before they are added.
    return Math.max(most, gradients + (decoder.config().tiedEmbeddings() ? head : 0));
  }

  /** What lies in variables of a model that adapters learn beside, the adapters included. */
  private static long weights(Decoder decoder, Adaptation a) {
    long base = decoder.parameters().stream().mapToLong(p -> p.size() * a.format(p).bytes()).sum();
    long own = size(a.adapter().parameters());
    long start = a.shifted() ? own - size(a.adapter().biases()) : 0;
    long avoided = a.orthogonality().map(o -> size(o.directions(a.adapter()))).orElse(0L);
    return base + FLOAT * (own + start + avoided);
  }

  /**
   * Weights in another form than the one in which they lie there, each until its gradient is there:
   * as they will be deployed, in bfloat16, or widened. Blocks that are computed again widen theirs
   * again, so that of those there are only the head's.
   */
  private static long copies(Decoder decoder, Objective objective, Computation computation) {
    boolean brain = computation.precision() == Precision.BF16;
    Optional<Adaptation> adaptation = objective.learning().adaptation();
    Set<Parameter> inBlocks = new HashSet<>(decoder.blockMatrices());
    long copies = 0;
    for (Parameter p : decoder.parameters()) {
      if (p.shape().size() != 2) {
        continue;
      }
      DType stored = adaptation.map(a -> a.format(p)).orElse(DType.F32);
      boolean again = computation.recompute() && inBlocks.contains(p);
      boolean table =
          !inBlocks.contains(p) && !decoder.config().tiedEmbeddings() && isFirst(decoder, p);
      if (objective.quantization().isPresent()) {
        copies += FLOAT * p.size();
      }
      if (brain) {
        copies += stored == DType.BF16 || table ? 0 : BRAIN * p.size();
      } else if (stored != DType.F32 && !again && !table) {
        copies += FLOAT * p.size();
      }
    }
    return copies;
  }

  /** The table that tokens are looked up in. */
  private static boolean isFirst(Decoder decoder, Parameter p) {
    return decoder.parameters().get(0).equals(p);
  }

  private static long learned(Decoder decoder, Objective objective) {
    return size(objective.learning().parameters(decoder));
  }

  private static long size(List<Parameter> parameters) {
    return parameters.stream().mapToLong(Parameter::size).sum();
  }

  /** Whether there is a gradient as large as the token table. */
  private static boolean trainsHead(Decoder decoder, Objective objective) {
    List<Integer> shape = List.of(decoder.config().vocabSize(), decoder.config().hiddenSize());
    Set<Parameter> inBlocks = new HashSet<>(decoder.blockMatrices());
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
