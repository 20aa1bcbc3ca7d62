package org.unlearn4j.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import org.unlearn4j.lm.Decoding;

/**
 * Decodes with a deployed graph: each round's keys and values go into the next one as the runtime
 * left them.
 */
final class OrtDecoding {
  private final OrtRuntime runtime;
  private final OrtSession session;
  private final KeyValueCache cache;

  /** A decoder; the session stays the caller's. */
  OrtDecoding(OrtRuntime runtime, OrtSession session, KeyValueCache cache) {
    this.runtime = runtime;
    this.session = session;
    this.cache = cache;
  }

  /** Runs until every row is finished. */
  void run(Decoding decoding, int rows) {
    OrtSession.Result past = null;
    try {
      while (!decoding.done()) {
        OrtSession.Result next = step(decoding, rows, past);
        closeIfOpen(past);
        past = next;
        accept(decoding, next);
      }
    } finally {
      closeIfOpen(past);
    }
  }

  private OrtSession.Result step(Decoding d, int rows, OrtSession.Result past) {
    try (OrtFeeds feeds = new OrtFeeds(runtime, session)) {
      feeds.ints("input_ids", d.ids(), rows, d.width());
      feeds.ints("attention_mask", d.mask(), rows, d.total());
      feeds.ints("position_ids", d.positions(), rows, d.width());
      cache.feed(feeds, rows, past);
      return feeds.run(cache.withLogits());
    }
  }

  /** Hands over the logits after the last column of each row. */
  static void accept(Decoding decoding, OrtSession.Result result) {
    OnnxTensor logits = (OnnxTensor) result.get("logits").orElseThrow();
    decoding.accept(last(logits), (int) logits.getInfo().getShape()[2]);
  }

  /** The logits after the last column of each row. */
  static Decoding.LastLogits last(OnnxTensor logits) {
    long[] shape = logits.getInfo().getShape();
    int time = (int) shape[1];
    int vocab = (int) shape[2];
    FloatBuffer flat = logits.getFloatBuffer();
    return (row, into) -> flat.get(((row + 1) * time - 1) * vocab, into);
  }

  private static void closeIfOpen(OrtSession.Result result) {
    if (result != null) {
      result.close();
    }
  }
}
