package org.unlearn4j.tf;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import java.util.function.UnaryOperator;
import org.unlearn4j.nn.Activation;
import org.unlearn4j.nn.Attention;
import org.unlearn4j.nn.ClampedGate;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Emitter;
import org.unlearn4j.nn.Experts;
import org.unlearn4j.nn.Hidden;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.Norm;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.Rotary;

/**
 * What {@link TensorFlowEmitter}'s operations keep of each token for the backward pass: walks a
 * decoder and counts, in bytes a token, every array that a gradient reads. A word of the vocabulary
 * that changes there changes here.
 */
public final class KeptActivations implements Emitter<KeptActivations.Value> {
  private static final int FLOAT = 4;
  private static final int BRAIN = 2;

  /** An activation of a token: its width, in which formats it is there and in which it is kept. */
  static final class Value {
    private final int width;
    private final boolean brain;
    private boolean kept;
    private boolean keptBrain;

    Value(int width, boolean brain) {
      this.width = width;
      this.brain = brain;
    }
  }

  /**
   * Bytes a token.
   *
   * @param blocks of each block, its input included
   * @param ends of embeddings and final norm
   * @param widest the most that one operation makes of a token
   * @param sorted gradients of a token's rows, sorted by expert, before and behind the sorting; 0
   *     without experts
   * @param products of the blocks' linear maps
   */
  public record Bytes(
      List<Long> blocks, long ends, long widest, long sorted, List<Product> products) {
    public Bytes {
      blocks = List.copyOf(blocks);
      products = List.copyOf(products);
    }
  }

  /**
   * A product of rows with a matrix {@code [in, out]}.
   *
   * @param share of a batch's tokens that are among the rows
   */
  public record Product(double share, int in, int out) {

    /** Numbers in the rows, the matrix and the result. */
    public long elements(long tokens) {
      long rows = Math.round(share * tokens);
      return rows * (in + out) + (long) in * out;
    }
  }

  private final boolean brain;
  private final int time;
  private final Predicate<Parameter> trained;
  private final ToIntFunction<Parameter> ranks;
  private final List<Long> blocks = new ArrayList<>();
  private final Set<Product> products = new LinkedHashSet<>();
  private double share = 1; // of the tokens that go through the linear maps at hand
  private long bytes;
  private long widest;
  private long sorted;

  private KeptActivations(
      Precision precision, int time, Predicate<Parameter> trained, ToIntFunction<Parameter> ranks) {
    this.brain = precision == Precision.BF16;
    this.time = time;
    this.trained = trained;
    this.ranks = ranks;
  }

  /**
   * Counts.
   *
   * @param time tokens of a row, padding included: attention keeps a weight for each pair
   * @param trained parameters that get a gradient
   * @param ranks of the adapters beside the linear maps, by weight; 0 for those without
   */
  public static Bytes of(
      Decoder decoder,
      Precision precision,
      int time,
      Predicate<Parameter> trained,
      ToIntFunction<Parameter> ranks) {
    KeptActivations e = new KeptActivations(precision, time, trained, ranks);
    Hidden<Value> hidden = decoder.hidden(e, e.value(0));
    long inBlocks = e.blocks.stream().mapToLong(Long::longValue).sum();
    e.use(hidden.finalNorm()); // the head gathers what it reads
    return new Bytes(
        e.blocks,
        e.bytes - inBlocks,
        Math.max(e.widest, e.sorted),
        e.sorted,
        List.copyOf(e.products));
  }

  private Value value(int width) {
    return made(width, false);
  }

  private Value made(int width, boolean inBrain) {
    widest = Math.max(widest, (long) width * (inBrain ? BRAIN : FLOAT));
    return new Value(width, inBrain);
  }

  private void keep(long values, int each) {
    bytes += values * each;
  }

  /** A gradient reads it in float32. */
  private void use(Value x) {
    if (!x.kept) {
      x.kept = true;
      keep(x.width, FLOAT);
    }
  }

  /** A gradient reads it in bfloat16. */
  private void useBrain(Value x) {
    if (!x.keptBrain) {
      x.keptBrain = true;
      keep(x.width, BRAIN);
    }
  }

  @Override
  public <R> R within(String scope, Supplier<R> body) {
    return body.get();
  }

  @Override
  public Value block(Value x, UnaryOperator<Value> body) {
    long before = bytes;
    use(x);
    Value y = body.apply(x);
    blocks.add(bytes - before);
    return y;
  }

  @Override
  public Value embedding(Value ids, Parameter table) {
    return value(table.dim(1));
  }

  @Override
  public Value positionEmbedding(Parameter table) {
    return value(table.dim(1));
  }

  @Override
  public Value linear(Value x, Linear linear) {
    int rank = ranks.applyAsInt(linear.weight());
    if (rank > 0 || trained.test(linear.weight())) {
      if (brain) {
        useBrain(x);
      } else {
        use(x);
      }
    }
    keep(rank, brain ? BRAIN : FLOAT); // what B's gradient reads
    products.add(new Product(share, x.width, linear.out()));
    return made(linear.out(), brain);
  }

  @Override
  public Value rmsNorm(Value x, Norm norm) {
    use(x);
    if (trained.test(norm.weight())) {
      keep(x.width, FLOAT); // before the gain
    }
    return value(x.width);
  }

  @Override
  public Value headNorm(Value x, int heads, Norm norm) {
    return rmsNorm(x, norm);
  }

  @Override
  public Value layerNorm(Value x, Norm norm) {
    keep(x.width, FLOAT); // centred
    if (trained.test(norm.weight())) {
      keep(x.width, FLOAT);
    }
    return value(x.width);
  }

  @Override
  public Value rotary(Value x, int heads, Rotary rotary) {
    return value(x.width);
  }

  @Override
  public Value attention(Value q, Value k, Value v, Attention a) {
    int each = brain ? BRAIN : FLOAT;
    keep(q.width + k.width + v.width, each); // with heads in front of time
    long weights = (long) a.heads() * time;
    widest = Math.max(widest, weights * FLOAT);
    keep(weights, FLOAT);
    if (brain) {
      keep(weights, BRAIN);
    }
    if (a.softcap().isPresent()) {
      keep(weights, FLOAT);
    }
    if (a.sinks().isPresent()) {
      keep(weights + a.heads(), FLOAT); // the softmax with the sink's column, then without it
    }
    return made(q.width, brain);
  }

  /** A token keeps what the experts it goes through keep, and the router's probabilities. */
  @Override
  public Value experts(Value x, Experts experts) {
    use(x);
    keep(experts.all().size() + 6L * experts.chosen(), FLOAT); // probabilities, and a few a pair
    sorted = Math.max(sorted, 2L * experts.chosen() * x.width * FLOAT);
    share = (double) experts.chosen() / experts.all().size();
    for (Experts.Expert e : experts.all().subList(0, experts.chosen())) {
      Value own = value(x.width);
      use(experts.emit(this, own, e)); // before the router's weight
    }
    share = 1;
    return value(experts.out());
  }

  @Override
  public Value activation(Value x, Activation f) {
    if (f == Activation.SILU && x.brain) {
      useBrain(x);
      keep(x.width, BRAIN);
      return made(x.width, true);
    }
    switch (f) {
      case SILU -> {
        use(x);
        keep(x.width, FLOAT);
      }
      case RELU -> keep(x.width, FLOAT);
      case GELU -> keep(3L * x.width, FLOAT);
      case GELU_TANH -> {
        use(x);
        keep(5L * x.width, FLOAT);
      }
    }
    return value(x.width);
  }

  @Override
  public Value clampedGate(Value gate, Value up, ClampedGate form) {
    keep(4L * gate.width, FLOAT); // bounded gate, sigmoid, their product, up and one
    keep(3L * gate.width, 1); // which of gate and up are out of bounds: asked before they go
    return value(gate.width);
  }

  @Override
  public Value add(Value a, Value b) {
    return value(a.width);
  }

  @Override
  public Value multiply(Value a, Value b) {
    if (a.brain && b.brain) {
      useBrain(a);
      useBrain(b);
      return made(a.width, true);
    }
    use(a);
    use(b);
    return value(a.width);
  }

  @Override
  public Value scale(Value x, double factor) {
    return value(x.width);
  }

  @Override
  public Value softcap(Value x, double cap) {
    keep(x.width, FLOAT);
    return value(x.width);
  }

  @Override
  public List<Value> split(Value x, int... sizes) {
    return Arrays.stream(sizes).mapToObj(size -> made(size, x.brain)).toList();
  }

  @Override
  public List<Value> splitHeads(Value x, int heads, int... sizes) {
    return Arrays.stream(sizes).mapToObj(size -> made(heads * size, x.brain)).toList();
  }
}
