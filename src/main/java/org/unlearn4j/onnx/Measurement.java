package org.unlearn4j.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.unlearn4j.lm.PaddedBatch;
import org.unlearn4j.lm.PromptBatch;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;
import org.unlearn4j.nn.ModelConfig;

/** The two measuring graphs of a deployed file, open. Safe for several threads. */
final class Measurement implements AutoCloseable {
  /** Logits that the head holds at a time: its few values of that size stay in the cache. */
  private static final int CHUNK = 1 << 18;

  private final OrtRuntime runtime;
  private final OrtSession body;
  private final OrtSession head;
  private final KeyValueCache cache;
  private final int hidden;
  private final int step;

  /**
   * Sizes.
   *
   * @param hidden features of a token
   * @param step tokens that the head sees at a time
   */
  record Sizes(int hidden, int step) {
    static Sizes of(ModelConfig config) {
      return new Sizes(config.hiddenSize(), Math.max(1, CHUNK / config.vocabSize()));
    }
  }

  /** Opens both graphs. */
  Measurement(
      OrtRuntime runtime, MeasuringGraphs graphs, Path file, KeyValueCache cache, Sizes sizes) {
    this.runtime = runtime;
    this.cache = cache;
    this.hidden = sizes.hidden;
    this.step = sizes.step;
    this.body = runtime.open(graphs.body(), file);
    try {
      this.head = runtime.open(graphs.head(), file);
    } catch (RuntimeException e) {
      close(body);
      throw e;
    }
  }

  /** Scores of all labels of a batch. */
  LabelScores score(PaddedBatch b) {
    try (OrtFeeds feeds = forward(b)) {
      noFeatures(feeds, b.rows(), b.time());
      return labels(feeds, b.predictedFrom(), b.labels());
    }
  }

  /** Scores of rows that were laid out by their prompts. */
  List<TokenScores> score(List<TokenRow> rows, PromptBatch b) {
    TokenScores[] scores = new TokenScores[rows.size()];
    try (OrtSession.Result prompts = b.prompts() == 0 ? null : keysAndValues(b)) {
      for (PromptBatch.Part part : b.parts()) {
        int[] labelled = IntStream.of(part.rows()).map(r -> rows.get(r).labelled()).toArray();
        List<TokenScores> byRow = score(part, b.width(), prompts).byRow(part.labels(), labelled);
        for (int i = 0; i < labelled.length; i++) {
          scores[part.rows()[i]] = byRow.get(i);
        }
      }
    }
    return List.of(scores);
  }

  /** What the prompts leave in the cache. */
  private OrtSession.Result keysAndValues(PromptBatch b) {
    try (OrtFeeds feeds = new OrtFeeds(runtime, body)) {
      rows(feeds, b.prompts(), b.width(), b.ids(), b.positions());
      feeds.ints("attention_mask", b.mask(), b.prompts(), b.width());
      past(feeds, b.prompts(), IntStream.range(0, b.prompts()).toArray(), null);
      noFeatures(feeds, b.prompts(), b.width());
      feeds.ints(MeasuringGraphs.POSITIONS, new int[] {0}, 1);
      return feeds.run(cache.presents());
    }
  }

  private LabelScores score(PromptBatch.Part part, int width, OrtSession.Result prompts) {
    if (part.labels().length == 0) {
      return new LabelScores(0);
    }
    int n = part.rows().length;
    try (OrtFeeds feeds = new OrtFeeds(runtime, body)) {
      rows(feeds, n, part.time(), part.ids(), part.positions());
      feeds.ints("attention_mask", part.mask(), n, width + part.time());
      past(feeds, n, part.prompt(), prompts);
      noFeatures(feeds, n, part.time());
      return labels(feeds, part.predictedFrom(), part.labels());
    }
  }

  /** Runs the body, then the head on the positions that predict labels, chunk by chunk. */
  private LabelScores labels(OrtFeeds feeds, int[] predictedFrom, int[] labels) {
    int n = labels.length;
    LabelScores scores = new LabelScores(n);
    feeds.ints(MeasuringGraphs.POSITIONS, predictedFrom, n);
    FloatBuffer values = OrtFeeds.floats(Math.multiplyExact(n, hidden));
    try (OnnxTensor rows = runtime.tensor(values, n, hidden)) {
      feeds.run(Set.of(), Map.of(MeasuringGraphs.ROWS, rows)).close();
      for (int from = 0; from < n; from += step) {
        int to = Math.min(from + step, n);
        scoreRows(values.slice(from * hidden, (to - from) * hidden), labels, from, to, scores);
      }
    }
    return scores;
  }

  private void scoreRows(FloatBuffer rows, int[] labels, int from, int to, LabelScores scores) {
    int n = to - from;
    try (OrtFeeds feeds = new OrtFeeds(runtime, head)) {
      feeds.lent(DecoderGraph.FINAL_NORM, rows, n, hidden);
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
  float[] pooled(PaddedBatch b) {
    int[] labelled = new int[b.rows()];
    for (int row : b.labelRows()) {
      labelled[row]++;
    }
    FloatBuffer weights = OrtFeeds.floats(b.rows() * b.time());
    for (int i = 0; i < b.labels().length; i++) {
      weights.put(b.labelPositions()[i], 1f / labelled[b.labelRows()[i]]);
    }
    try (OrtFeeds feeds = forward(b)) {
      feeds.ints(MeasuringGraphs.POSITIONS, new int[] {0}, 1);
      feeds.lent(MeasuringGraphs.WEIGHTS, weights, b.rows(), 1, b.time());
      try (OrtSession.Result result = feeds.run(Set.of(MeasuringGraphs.POOLED))) {
        FloatBuffer values = tensor(result, MeasuringGraphs.POOLED).getFloatBuffer();
        float[] flat = new float[values.remaining()];
        values.get(flat);
        return flat;
      }
    }
  }

  /** Which experts each token goes through, {@code [row * time, blocks * chosen]}. */
  int[] routes(PaddedBatch b) {
    try (OrtFeeds feeds = forward(b)) {
      noFeatures(feeds, b.rows(), b.time());
      feeds.ints(MeasuringGraphs.POSITIONS, new int[] {0}, 1);
      try (OrtSession.Result result = feeds.run(Set.of(MeasuringGraphs.ROUTES))) {
        LongBuffer values = tensor(result, MeasuringGraphs.ROUTES).getLongBuffer();
        int[] flat = new int[values.remaining()];
        for (int i = 0; i < flat.length; i++) {
          flat[i] = Math.toIntExact(values.get(i));
        }
        return flat;
      }
    }
  }

  /** A batch of which each row is whole. */
  private OrtFeeds forward(PaddedBatch b) {
    OrtFeeds feeds = new OrtFeeds(runtime, body);
    rows(feeds, b.rows(), b.time(), b.ids(), b.positions());
    feeds.ints("attention_mask", b.mask(), b.rows(), b.time());
    past(feeds, b.rows(), new int[b.rows()], null);
    return feeds;
  }

  private static void rows(OrtFeeds feeds, int rows, int time, int[] ids, int[] positions) {
    feeds.ints("input_ids", ids, rows, time);
    feeds.ints("position_ids", positions, rows, time);
  }

  /** Weights of nothing, for features that nobody asks for. */
  private static void noFeatures(OrtFeeds feeds, int rows, int time) {
    feeds.lent(MeasuringGraphs.WEIGHTS, OrtFeeds.floats(rows * time), rows, 1, time);
  }

  private void past(OrtFeeds feeds, int rows, int[] prompt, OrtSession.Result prompts) {
    feeds.ints(MeasuringGraphs.PROMPT, prompt, rows);
    cache.feed(feeds, rows, prompts);
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
