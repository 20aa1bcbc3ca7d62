package org.unlearn4j.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import org.unlearn4j.lm.PaddedBatch;

/** The two measuring graphs of a deployed file, open. */
final class Measurement implements AutoCloseable {
  /** Logits that the head holds at a time: 64 MiB an intermediate value. */
  static final int CHUNK = 1 << 24;

  private final OrtRuntime runtime;
  private final OrtSession body;
  private final OrtSession head;
  private final int chunk;

  /**
   * Opens both graphs.
   *
   * @param chunk logits that the head holds at a time
   */
  Measurement(OrtRuntime runtime, MeasuringGraphs graphs, Path file, int chunk) {
    this.runtime = runtime;
    this.chunk = chunk;
    this.body = runtime.open(graphs.body(), file);
    try {
      this.head = runtime.open(graphs.head(), file);
    } catch (RuntimeException e) {
      close(body);
      throw e;
    }
  }

  /** Scores of all labels of a batch. */
  LabelScores score(PaddedBatch b, int vocab, KeyValueCache cache) {
    FloatBuffer none = FloatBuffer.allocate(b.rows() * b.time());
    LabelScores scores = new LabelScores(b.labels().length);
    try (OrtFeeds feeds = forward(b, cache, b.predictedFrom(), none);
        OrtSession.Result result = feeds.run(Set.of(MeasuringGraphs.ROWS))) {
      OnnxTensor rows = tensor(result, MeasuringGraphs.ROWS);
      int hidden = (int) rows.getInfo().getShape()[1];
      FloatBuffer values = rows.getFloatBuffer();
      int step = Math.max(1, chunk / vocab);
      for (int from = 0; from < b.labels().length; from += step) {
        int to = Math.min(from + step, b.labels().length);
        scoreRows(values.slice(from * hidden, (to - from) * hidden), b.labels(), from, to, scores);
      }
    }
    return scores;
  }

  private void scoreRows(FloatBuffer rows, int[] labels, int from, int to, LabelScores scores) {
    int n = to - from;
    int hidden = rows.remaining() / n;
    try (OrtFeeds feeds = new OrtFeeds(runtime, head)) {
      feeds.floats(DecoderGraph.FINAL_NORM, rows, n, hidden);
      feeds.ints(MeasuringGraphs.LABELS, Arrays.copyOfRange(labels, from, to), n, 1);
      try (OrtSession.Result r = feeds.run(head.getOutputNames())) {
        tensor(r, MeasuringGraphs.LOG_PROB).getFloatBuffer().get(scores.logProbs, from, n);
        tensor(r, MeasuringGraphs.MEAN).getFloatBuffer().get(scores.mean, from, n);
        tensor(r, MeasuringGraphs.VARIANCE).getFloatBuffer().get(scores.variance, from, n);
        LongBuffer argmax = tensor(r, MeasuringGraphs.ARGMAX).getLongBuffer();
        for (int i = 0; i < n; i++) {
          scores.argmax[from + i] = (int) argmax.get(i);
        }
      }
    }
  }

  /** Hidden states averaged over each row's labelled positions, {@code [row, layer, hidden]}. */
  float[] pooled(PaddedBatch b, KeyValueCache cache) {
    int[] labelled = new int[b.rows()];
    for (int row : b.labelRows()) {
      labelled[row]++;
    }
    FloatBuffer weights = FloatBuffer.allocate(b.rows() * b.time());
    for (int i = 0; i < b.labels().length; i++) {
      weights.put(b.labelPositions()[i], 1f / labelled[b.labelRows()[i]]);
    }
    try (OrtFeeds feeds = forward(b, cache, new int[] {0}, weights);
        OrtSession.Result result = feeds.run(Set.of(MeasuringGraphs.POOLED))) {
      FloatBuffer values = tensor(result, MeasuringGraphs.POOLED).getFloatBuffer();
      float[] flat = new float[values.remaining()];
      values.get(flat);
      return flat;
    }
  }

  private OrtFeeds forward(
      PaddedBatch b, KeyValueCache cache, int[] positions, FloatBuffer weights) {
    OrtFeeds feeds = new OrtFeeds(runtime, body);
    feeds.ints("input_ids", b.ids(), b.rows(), b.time());
    feeds.ints("attention_mask", b.mask(), b.rows(), b.time());
    feeds.ints("position_ids", b.positions(), b.rows(), b.time());
    feeds.ints(MeasuringGraphs.POSITIONS, positions, positions.length);
    feeds.floats(MeasuringGraphs.WEIGHTS, weights, b.rows(), 1, b.time());
    cache.feed(feeds, b.rows(), null);
    return feeds;
  }

  private static OnnxTensor tensor(OrtSession.Result result, String name) {
    return (OnnxTensor) result.get(name).orElseThrow();
  }

  @Override
  public void close() {
    close(body);
    close(head);
  }

  private static void close(OrtSession session) {
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }
}
