package org.unlearn4j.train;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.unlearn4j.base.Lanes;
import org.unlearn4j.lm.PaddedBatch;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.OwnHead;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.LabelledHead;
import org.unlearn4j.tf.ModelWeights;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.SoftVectors;
import org.unlearn4j.tf.TensorFlowEmitter;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.tf.TfInputs;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.TfTensor;
import org.unlearn4j.tf.TfTensors;
import org.unlearn4j.tf.Variables;

/**
 * One parameter learns from a few rows by AdamW while all others stay as they are: vectors before
 * each row (a soft prompt), or the head. What is lowered is the mean negative log-likelihood of the
 * labelled tokens of all rows together.
 */
public final class FewRows implements AutoCloseable {
  private final TfRuntime runtime;
  private final Variables held;
  private final Parameter learned;
  private final TensorFlowModel model;
  private final Placeholder<TInt32> ids;
  private final Placeholder<TInt32> mask;
  private final Placeholder<TInt32> positions;
  private final Placeholder<TInt32> predictedFrom;
  private final Placeholder<TInt32> labels;

  /** What the head reads, {@code [batch * time, hidden]}. */
  private final Operand<TFloat32> last;

  /** The same where labelled tokens are predicted from, {@code [labelled, hidden]}. */
  private final Operand<TFloat32> read;

  private final boolean headAlone;
  private final Operand<TFloat32> loss;
  private final Operand<TFloat32> gradient;
  private final AdamW rule;
  private final List<Op> update;

  private FewRows(
      TfRuntime runtime,
      Decoder decoder,
      Variables variables,
      Optional<SoftVectors> prompt,
      Parameter learned) {
    this.runtime = runtime;
    this.held = prompt.map(SoftVectors::variables).orElse(variables);
    this.learned = learned;
    ModelWeights weights = new ModelWeights(variables, Optional.empty(), prompt);
    model = TensorFlowModel.within(runtime, decoder, weights, Precision.FP32);
    Ops tf = runtime.ops().withSubScope("learning");
    ids = ints(tf, "input_ids", -1, -1);
    mask = ints(tf, "attention_mask", -1, -1);
    positions = ints(tf, "position_ids", -1, -1);
    predictedFrom = ints(tf, "predicted_from", -1);
    labels = ints(tf, "labels", -1);
    TensorFlowEmitter e =
        weights.emitter(tf, new TfInputs(ids, positions, mask, List.of()), Precision.FP32);
    TfTensor norm = decoder.hidden(e, e.ids()).finalNorm();
    last = norm.f32(tf);
    read = tf.gather(last, predictedFrom, tf.constant(0));
    headAlone = prompt.isEmpty();
    LabelledHead head =
        LabelledHead.emit(tf.withSubScope("labelled"), decoder, e, norm, predictedFrom, labels);
    loss = tf.math.mean(head.nll(), tf.constant(0));
    gradient = gradient(runtime, loss, held.read(learned));
    rule = new AdamW(runtime, held, List.of(learned));
    update = rule.update(learned, gradient, List.of());
  }

  @SuppressWarnings("unchecked") // that of a float32 parameter
  private static Operand<TFloat32> gradient(
      TfRuntime runtime, Operand<TFloat32> loss, Operand<TFloat32> of) {
    Output<?>[] dx =
        runtime
            .graph()
            .addGradients(
                "learned_gradient",
                new Output<?>[] {loss.asOutput()},
                new Output<?>[] {of.asOutput()},
                null);
    return (Operand<TFloat32>) dx[0];
  }

  /**
   * Vectors that are put before every row.
   *
   * @param start their first values, {@code [vectors * hidden]}
   * @param computation where; in float32 whatever its precision
   */
  public static FewRows softPrompt(
      Decoder decoder, WeightSource weights, float[] start, Computation computation) {
    TfRuntime runtime = new TfRuntime(computation);
    try {
      int hidden = decoder.parameters().get(0).dim(1); // the token table, looked up first
      Variables variables = new Variables(runtime, "", decoder.parameters());
      SoftVectors prompt = SoftVectors.of(runtime, start.length / hidden, hidden);
      FewRows made =
          new FewRows(runtime, decoder, variables, Optional.of(prompt), prompt.parameter());
      variables.assign(weights);
      made.assign(start);
      return made;
    } catch (RuntimeException | Error e) {
      runtime.close();
      throw e;
    }
  }

  /**
   * The head: a copy of its own where it is tied to the token table, which stays as it is.
   *
   * @param weights of the parameters of {@code model}
   */
  public static FewRows head(OwnHead model, WeightSource weights, Computation computation) {
    TfRuntime runtime = new TfRuntime(computation);
    try {
      Variables variables = new Variables(runtime, "", model.parameters());
      FewRows made =
          new FewRows(runtime, model.decoder(), variables, Optional.empty(), model.head());
      variables.assign(weights);
      made.forget();
      return made;
    } catch (RuntimeException | Error e) {
      runtime.close();
      throw e;
    }
  }

  /** Gives what learns other values, and forgets all steps. */
  void assign(float[] values) {
    held.assign(Map.of(learned, values));
    forget();
  }

  private void forget() {
    Variables.zero(rule.state());
  }

  /**
   * Learns, from where it is.
   *
   * @param batches rows of one step each, taken in turn; with as many ids in front as there are
   *     vectors
   * @param rate of AdamW; what learns moves by as much at most in a step
   * @return the loss before the first step, and after the last one, of all rows
   * @throws org.unlearn4j.base.UserException if a row does not fit the model
   * @throws org.unlearn4j.base.StopRequest.Stopped if the process was asked to stop
   */
  public Lowered learn(List<List<TokenRow>> batches, int steps, double rate) {
    double before = loss(batches);
    // What the head reads stays as it is while nothing but the head learns.
    List<float[]> below =
        headAlone && steps > 0 ? batches.stream().map(b -> fetched(b, read)).toList() : List.of();
    for (int t = 1; t <= steps; t++) {
      Lanes.check();
      int batch = (t - 1) % batches.size();
      List<TokenRow> rows = batches.get(batch);
      try (Feeds feeds = headAlone ? feeds(rows, below.get(batch)) : feeds(rows)) {
        rule.feed(feeds, t, rate);
        update.forEach(feeds::target);
        runtime.run("a step on a few rows", feeds).close();
      }
    }
    return new Lowered(before, steps == 0 ? before : loss(batches));
  }

  /**
   * What learning came to.
   *
   * @param before mean negative log-likelihood of a labelled token
   * @param after the same
   */
  public record Lowered(double before, double after) {}

  private double loss(List<List<TokenRow>> batches) {
    double sum = 0;
    int tokens = 0;
    for (List<TokenRow> rows : batches) {
      int own = rows.stream().mapToInt(TokenRow::labelled).sum();
      sum += own * (double) fetched(rows, loss)[0];
      tokens += own;
    }
    return sum / tokens;
  }

  /** The gradient of what is lowered at one batch, flattened as the values are. */
  float[] gradient(List<TokenRow> rows) {
    return fetched(rows, gradient);
  }

  private float[] fetched(List<TokenRow> rows, Operand<TFloat32> what) {
    try (Feeds feeds = feeds(rows);
        Result r = runtime.run("of a few rows", feeds.fetch(what))) {
      return TfTensors.floats(r, 0);
    }
  }

  private Feeds feeds(List<TokenRow> rows) {
    PaddedBatch b = PaddedBatch.of(rows);
    b.requireFits(model.shape());
    Feeds feeds = new Feeds(runtime);
    feeds.ints(ids, b.ids(), b.rows(), b.time());
    feeds.ints(mask, b.mask(), b.rows(), b.time());
    feeds.ints(positions, b.positions(), b.rows(), b.time());
    feeds.ints(predictedFrom, b.predictedFrom(), b.labels().length);
    feeds.ints(labels, b.labels(), b.labels().length);
    return feeds;
  }

  /** The same where what the head reads is known. */
  private Feeds feeds(List<TokenRow> rows, float[] states) {
    int[] own = PaddedBatch.of(rows).labels();
    Feeds feeds = new Feeds(runtime);
    feeds.floats(last, states, own.length, states.length / own.length);
    feeds.ints(predictedFrom, IntStream.range(0, own.length).toArray(), own.length);
    feeds.ints(labels, own, own.length);
    return feeds;
  }

  /** The model as it is now; its rows have as many ids in front as there are vectors. */
  public TensorFlowModel model() {
    return model;
  }

  private static Placeholder<TInt32> ints(Ops tf, String name, long... shape) {
    return tf.withName(name).placeholder(TInt32.class, Placeholder.shape(Shape.of(shape)));
  }

  @Override
  public void close() {
    runtime.close();
  }
}
