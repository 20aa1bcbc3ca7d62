package org.unlearn4j.unlearn;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.PaddedBatch;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.tf.Feeds;

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
   * @param stepRows scalar
   * @param stepTokens scalar
   */
  record PerSegment(
      Placeholder<TInt32> rows,
      Placeholder<TInt32> predictedFrom,
      Placeholder<TInt32> labels,
      Placeholder<TInt32> labelPositions,
      Placeholder<TInt32> labelRows,
      Placeholder<TFloat32> referenceNll,
      Placeholder<TFloat32> stepRows,
      Placeholder<TFloat32> stepTokens) {}

  final Placeholder<TInt32> ids;
  final Placeholder<TInt32> mask;
  final Placeholder<TInt32> positions;
  final Placeholder<TFloat32> queue;
  final Placeholder<TFloat32> clRegWeight;
  private final Map<Segment, PerSegment> segments = new EnumMap<>(Segment.class);
  private final LanguageModel.Shape shape;

  StepInputs(Ops tf, Set<Segment> used, LanguageModel.Shape shape) {
    this.shape = shape;
    ids = ints(tf, "input_ids", -1, -1);
    mask = ints(tf, "attention_mask", -1, -1);
    positions = ints(tf, "position_ids", -1, -1);
    queue = floats(tf, "queue", -1, shape.hiddenSize());
    clRegWeight = floats(tf, "clreg_weight");
    for (Segment s : used) {
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
              floats(in, "step_rows"),
              floats(in, "step_tokens")));
    }
  }

  PerSegment of(Segment segment) {
    PerSegment inputs = segments.get(segment);
    if (inputs == null) {
      throw new IllegalArgumentException("no term declared that it reads segment " + segment);
    }
    return inputs;
  }

  Set<Segment> segments() {
    return segments.keySet();
  }

  void feed(Feeds feeds, StepBatch batch, double weightOfClReg) {
    PaddedBatch all = PaddedBatch.of(batch.all());
    all.requireFits(shape);
    feeds.ints(ids, all.ids(), all.rows(), all.time());
    feeds.ints(mask, all.mask(), all.rows(), all.time());
    feeds.ints(positions, all.positions(), all.rows(), all.time());
    feeds.floats(clRegWeight, new float[] {(float) weightOfClReg});
    feedQueue(feeds, batch.queue());
    int firstRow = 0;
    for (Segment s : Segment.values()) {
      List<TokenRow> rows = batch.of(s);
      if (segments.containsKey(s)) {
        feedSegment(feeds, batch, s, PaddedBatch.of(rows, all.time()), firstRow * all.time());
      }
      firstRow += rows.size();
    }
  }

  private void feedSegment(Feeds feeds, StepBatch batch, Segment s, PaddedBatch rows, int offset) {
    PerSegment in = segments.get(s);
    int n = rows.labels().length;
    feeds.scalar(in.rows, rows.rows());
    feeds.ints(in.predictedFrom, shifted(rows.predictedFrom(), offset), n);
    feeds.ints(in.labels, rows.labels(), n);
    feeds.ints(in.labelPositions, shifted(rows.labelPositions(), offset), n);
    feeds.ints(in.labelRows, rows.labelRows(), n);
    double[] reference = batch.referenceNll().getOrDefault(s, new double[0]);
    float[] narrow = new float[reference.length];
    for (int i = 0; i < narrow.length; i++) {
      narrow[i] = (float) reference[i];
    }
    feeds.floats(in.referenceNll, narrow, narrow.length);
    feeds.floats(in.stepRows, new float[] {batch.totals().rows().get(s)});
    feeds.floats(in.stepTokens, new float[] {batch.totals().tokens().get(s)});
  }

  private void feedQueue(Feeds feeds, List<float[]> vectors) {
    int hidden = shape.hiddenSize();
    float[] flat = new float[vectors.size() * hidden];
    for (int i = 0; i < vectors.size(); i++) {
      System.arraycopy(vectors.get(i), 0, flat, i * hidden, hidden);
    }
    feeds.floats(queue, flat, vectors.size(), hidden);
  }

  private static int[] shifted(int[] values, int by) {
    int[] result = values.clone();
    for (int i = 0; i < result.length; i++) {
      result[i] += by;
    }
    return result;
  }

  private static Placeholder<TInt32> ints(Ops tf, String name, long... shape) {
    return tf.withName(name).placeholder(TInt32.class, Placeholder.shape(Shape.of(shape)));
  }

  private static Placeholder<TFloat32> floats(Ops tf, String name, long... shape) {
    return tf.withName(name).placeholder(TFloat32.class, Placeholder.shape(Shape.of(shape)));
  }
}
