package org.unlearn4j.unlearn;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.PaddedBatch;
import org.unlearn4j.tf.Dimensions;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.TfInputs;

/** The step graph's placeholders, and how a {@link StepBatch} fills them. */
final class StepInputs {
  /**
   * Of one segment.
   *
   * @param rows scalar
   * @param predictedFrom flat index of the position before each labelled token, {@code [labelled]}
   * @param labels {@code [labelled]}
   * @param labelPositions flat index of each labelled token's own position, {@code [labelled]}
   * @param labelRows row within the segment, {@code [labelled]}
   * @param referenceNll {@code [rows]}
   * @param stepRowTokens labelled tokens of each row of the whole step, {@code [rows of the step]}
   */
  record PerSegment(
      Placeholder<TInt32> rows,
      Placeholder<TInt32> predictedFrom,
      Placeholder<TInt32> labels,
      Placeholder<TInt32> labelPositions,
      Placeholder<TInt32> labelRows,
      Placeholder<TFloat32> referenceNll,
      Placeholder<TFloat32> stepRowTokens) {}

  private final TfInputs rows;
  private final Placeholder<TFloat32> alpha;
  private final Placeholder<TFloat32> lambda;
  private final Placeholder<TFloat32> forgetting;
  private final Placeholder<TInt64> viewSeed;
  private final Placeholder<TBool> quantized;
  private final Placeholder<TFloat32> floors;
  private final Map<FeatureLayer, Placeholder<TFloat32>> queues = new LinkedHashMap<>();
  private final Map<Segment, PerSegment> segments = new EnumMap<>(Segment.class);
  private final LanguageModel.Shape shape;

  StepInputs(Ops tf, Objective objective, LanguageModel.Shape shape) {
    this.shape = shape;
    rows =
        new TfInputs(
            ints(tf, "input_ids", -1, -1),
            ints(tf, "position_ids", -1, -1),
            ints(tf, "attention_mask", -1, -1),
            List.of());
    alpha = objective.retain().isPresent() ? floats(tf, "alpha") : null;
    lambda = objective.regulariser().isPresent() ? floats(tf, "lambda") : null;
    forgetting = objective.apart() ? floats(tf, "forgetting") : null;
    boolean views = objective.regulariser().filter(r -> r.features().viewDropout() > 0).isPresent();
    boolean adapters =
        objective
            .learning()
            .adaptation()
            .filter(a -> a.adapter().shape().dropout() > 0)
            .isPresent();
    viewSeed =
        views || adapters
            ? tf.withName("view_seed").placeholder(TInt64.class, Placeholder.shape(Shape.of(2)))
            : null;
    quantized =
        objective.quantization().isPresent()
            ? tf.withName("quantized").placeholder(TBool.class, Placeholder.shape(Shape.scalar()))
            : null;
    floors = objective.floor().isPresent() ? floats(tf, "floors", -1) : null;
    objective
        .regulariser()
        .map(Regulariser::features)
        .filter(Features::queued)
        .ifPresent(
            f ->
                f.layers()
                    .forEach(
                        l ->
                            queues.put(
                                l,
                                floats(tf.withSubScope("queue"), "" + l, -1, shape.hiddenSize()))));
    for (Segment s : objective.segments()) {
      Ops in = tf.withSubScope(s.key());
      segments.put(
          s,
          new PerSegment(
              ints(in, "rows"),
              ints(in, "predicted_from", -1),
              ints(in, "labels", -1),
              ints(in, "label_positions", -1),
              ints(in, "label_rows", -1),
              floats(in, "reference_nll", -1),
              floats(in, "step_row_tokens", -1)));
    }
  }

  /** The batch's rows, {@code [batch, time]}, all segments. */
  TfInputs rows() {
    return rows;
  }

  Placeholder<TFloat32> alpha() {
    return alpha;
  }

  Placeholder<TFloat32> lambda() {
    return lambda;
  }

  /** Factor of the forget part; only where a step runs its parts one by one. */
  Placeholder<TFloat32> forgetting() {
    return forgetting;
  }

  /** What is dropped is drawn from it, {@code [2]}; only where something is. */
  Placeholder<TInt64> viewSeed() {
    return viewSeed;
  }

  /** Whether this step reads the deployed weights; only where the objective knows them. */
  Placeholder<TBool> quantized() {
    return quantized;
  }

  /**
   * Of the labelled forget tokens, {@code [labelled]}, nats; only where the objective has floors.
   */
  Placeholder<TFloat32> floors() {
    return floors;
  }

  Placeholder<TFloat32> queue(FeatureLayer layer) {
    return queues.get(layer);
  }

  PerSegment of(Segment segment) {
    PerSegment inputs = segments.get(segment);
    if (inputs == null) {
      throw new IllegalArgumentException("no term declared that it reads segment " + segment);
    }
    return inputs;
  }

  /** Where labelled tokens are, by segment, in the batch's order. */
  Map<Segment, ForwardPass.Tokens> tokens() {
    Map<Segment, ForwardPass.Tokens> tokens = new EnumMap<>(Segment.class);
    segments.forEach(
        (s, in) ->
            tokens.put(s, new ForwardPass.Tokens(in.predictedFrom, in.labelPositions, in.labels)));
    return tokens;
  }

  /** First row of a segment in the batch, scalar. */
  Operand<TInt32> firstRow(Ops tf, Segment segment) {
    Operand<TInt32> first = tf.constant(0);
    for (Map.Entry<Segment, PerSegment> e : segments.entrySet()) {
      if (e.getKey().compareTo(segment) < 0) {
        first = tf.math.add(first, e.getValue().rows());
      }
    }
    return first;
  }

  /** Width of the batch, scalar. */
  Operand<TInt32> time(Ops tf) {
    return Dimensions.size(tf, rows.ids(), 1);
  }

  /** What a micro-batch will be fed as; needs no session. */
  CollatedBatch collate(StepBatch batch) {
    CollatedBatch collated = CollatedBatch.of(batch, segments.keySet());
    collated.all().requireFits(shape);
    return collated;
  }

  void feed(Feeds feeds, CollatedBatch batch, StepControl control) {
    PaddedBatch all = batch.all();
    feeds.ints(rows.ids(), all.ids(), all.rows(), all.time());
    feeds.ints(rows.mask(), all.mask(), all.rows(), all.time());
    feeds.ints(rows.positions(), all.positions(), all.rows(), all.time());
    if (alpha != null) {
      feeds.scalar(alpha, (float) control.alpha());
    }
    if (lambda != null) {
      feeds.scalar(lambda, (float) control.lambda());
    }
    if (forgetting != null) {
      feeds.scalar(forgetting, (float) control.forgetting());
    }
    if (viewSeed != null) {
      feeds.longs(viewSeed, control.viewSeed().pair(), 2);
    }
    if (quantized != null) {
      feeds.flag(quantized, control.quantized());
    }
    if (floors != null) {
      float[] given = batch.floors();
      if (given.length != batch.parts().get(Segment.FORGET).labels().length) {
        throw new IllegalArgumentException(
            given.length + " floors, expected one for each labelled forget token");
      }
      feeds.floats(floors, given, given.length);
    }
    queues.forEach((l, q) -> feedQueue(feeds, q, batch.queue().getOrDefault(l, List.of())));
    segments.forEach((s, in) -> feed(feeds, in, batch.parts().get(s)));
  }

  private static void feed(Feeds feeds, PerSegment in, CollatedBatch.Part part) {
    int n = part.labels().length;
    feeds.scalar(in.rows, part.rows());
    feeds.ints(in.predictedFrom, part.predictedFrom(), n);
    feeds.ints(in.labels, part.labels(), n);
    feeds.ints(in.labelPositions, part.labelPositions(), n);
    feeds.ints(in.labelRows, part.labelRows(), n);
    feeds.floats(in.referenceNll, part.referenceNll(), part.referenceNll().length);
    feeds.floats(in.stepRowTokens, part.stepRowTokens(), part.stepRowTokens().length);
  }

  private void feedQueue(Feeds feeds, Placeholder<TFloat32> to, List<float[]> vectors) {
    int hidden = shape.hiddenSize();
    float[] flat = new float[vectors.size() * hidden];
    for (int i = 0; i < vectors.size(); i++) {
      System.arraycopy(vectors.get(i), 0, flat, i * hidden, hidden);
    }
    feeds.floats(to, flat, vectors.size(), hidden);
  }

  private static Placeholder<TInt32> ints(Ops tf, String name, long... shape) {
    return tf.withName(name).placeholder(TInt32.class, Placeholder.shape(Shape.of(shape)));
  }

  private static Placeholder<TFloat32> floats(Ops tf, String name, long... shape) {
    return tf.withName(name).placeholder(TFloat32.class, Placeholder.shape(Shape.of(shape)));
  }
}
