package org.unlearn4j.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtSession;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.unlearn4j.lm.Decoding;

/**
 * Decodes with a deployed graph: each round's keys and values go into the next one as the runtime
 * left them, or stay where they are where the graph allows that, and of its logits only those after
 * the last column are read. Prompts of which all logits would take much memory are fed a few
 * columns at a time.
 */
final class OrtDecoding implements AutoCloseable {
  /** Most bytes of logits that a pass may leave: 256 MiB. */
  static final long MOST = 1L << 28;

  private final Deployed deployed;
  private final int rows;
  private final long most;
  private final OrtLogits column;
  private final OnnxTensor columnTensor;
  private CacheBuffer buffer;

  /**
   * A decoder of some rows; the session stays the caller's.
   *
   * @param most bytes of logits that a pass may leave
   */
  OrtDecoding(Deployed deployed, int rows, long most) {
    this.deployed = deployed;
    this.rows = rows;
    this.most = most;
    this.column = deployed.logits(rows);
    this.columnTensor = deployed.part(column, 0, 1);
  }

  /** Runs until every row is finished. */
  void run(Decoding decoding) {
    OrtSession.Result past = null;
    OrtRuntime runtime = deployed.runtime();
    boolean cpu = runtime.settings().provider() == OrtSettings.Provider.CPU;
    if (deployed.grouped() && cpu && CacheBuffer.fits(deployed.cache(), rows, decoding.most())) {
      buffer = CacheBuffer.of(runtime.environment(), deployed.cache(), rows, decoding.most());
    }
    try {
      while (!decoding.done()) {
        OrtSession.Result before = past;
        past = null; // round closes it, whatever happens
        past = round(decoding, before);
      }
    } finally {
      closeIfOpen(past);
    }
  }

  /**
   * Runs until many rows are finished, see {@link Decoding#manyFinished}, or all.
   *
   * @param earlier what an earlier run left; null for nothing; is closed
   * @return what the last round left, which the caller closes; null of none
   */
  OrtSession.Result untilMany(Decoding decoding, OrtSession.Result earlier) {
    OrtSession.Result past = earlier;
    while (!decoding.manyFinished()) {
      past = round(decoding, past); // closes it, whatever happens
    }
    return past;
  }

  /** Feeds what is new; closes the past. */
  private OrtSession.Result round(Decoding d, OrtSession.Result earlier) {
    int fitting = (int) Math.max(1, most / ((long) rows * deployed.vocab() * Float.BYTES));
    int width = d.width(); // the next round's, once the last column is taken
    int widest = d.dividable() ? fitting : width;
    boolean single = deployed.grouped() && rows > 1; // behind a past
    OrtSession.Result past = earlier;
    if (d.restarts()) {
      closeIfOpen(past);
      past = null;
    }
    for (int to, from = 0; from < width; from = to) {
      to = Math.min(from + (single && from > 0 ? 1 : widest), width);
      OrtSession.Result next;
      try {
        next = pass(d, from, to, past);
      } finally {
        closeIfOpen(past);
      }
      past = next;
    }
    return past;
  }

  /** Columns {@code from} to {@code to}; takes the next tokens where these are the last ones. */
  private OrtSession.Result pass(Decoding d, int from, int to, OrtSession.Result past) {
    if (to - from == 1) {
      return pass(d, from, to, past, column, columnTensor);
    }
    try (OrtLogits wide = deployed.logits(rows)) {
      return pass(d, from, to, past, wide, deployed.part(wide, 0, to - from));
    }
  }

  private OrtSession.Result pass(
      Decoding d, int from, int to, OrtSession.Result past, OrtLogits logits, OnnxTensor tensor) {
    Deployed.Tokens tokens = Deployed.Tokens.of(d, rows);
    Map<String, OnnxTensor> given = new HashMap<>(Map.of("logits", tensor));
    if (buffer != null) {
      given.putAll(buffer.presents());
    }
    Set<String> grown = buffer == null ? deployed.cache().presents() : Set.of();
    try (OrtFeeds feeds =
        buffer == null
            ? deployed.feeds(tokens, from, to, past)
            : deployed.buffered(tokens, from, to, buffer)) {
      OrtSession.Result next = feeds.run(grown, given);
      if (to == d.width()) {
        accept(d, logits, to - from - 1, next);
      }
      return next;
    }
  }

  private void accept(Decoding d, OrtLogits logits, int at, OrtSession.Result next) {
    try {
      d.accept((row, into) -> logits.read(row, at, into), deployed.vocab());
    } catch (RuntimeException e) {
      next.close();
      throw e;
    }
  }

  private static void closeIfOpen(OrtSession.Result result) {
    if (result != null) {
      result.close();
    }
  }

  @Override
  public void close() {
    column.close();
    if (buffer != null) {
      buffer.close();
    }
  }
}
