package org.unlearn4j.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.Decoding;
import org.unlearn4j.lm.PaddedBatch;

/**
 * A deployed file, open, and what one must know to run it.
 *
 * @param logitsType number format of its logits
 * @param last whether they are those of the last position only
 * @param grouped whether {@link GroupedAttention} attends: behind a past it takes one column of
 *     several rows at a time, and past and present may be one buffer
 */
record Deployed(
    OrtRuntime runtime,
    OrtSession session,
    KeyValueCache cache,
    int vocab,
    OnnxJavaType logitsType,
    boolean last,
    boolean grouped) {

  /**
   * Opens a file.
   *
   * @throws UserException if ONNX Runtime refuses it, or it gives no logits
   */
  static Deployed open(OrtRuntime runtime, OnnxFile file, int vocab) {
    OrtSession session = runtime.open(file);
    try {
      return of(runtime, session, file, vocab);
    } catch (OrtException e) {
      close(session, e);
      throw new IllegalStateException(e);
    } catch (RuntimeException | Error e) {
      close(session, e);
      throw e;
    }
  }

  private static Deployed of(OrtRuntime runtime, OrtSession session, OnnxFile from, int vocab)
      throws OrtException {
    Path file = from.path();
    NodeInfo logits = session.getOutputInfo().get("logits");
    if (logits == null) {
      String found = "outputs " + session.getOutputNames();
      throw UserException.at(file, "", found, "logits among them");
    }
    if (!(logits.getInfo() instanceof TensorInfo info)) {
      throw UserException.at(file, "logits", String.valueOf(logits.getInfo()), "a tensor");
    }
    long[] shape = info.getShape();
    boolean last = shape.length == 3 && shape[1] == 1;
    return new Deployed(
        runtime,
        session,
        KeyValueCache.of(session, file),
        vocab,
        info.type,
        last,
        GroupedAttention.in(from.model().getGraph()));
  }

  private static void close(OrtSession session, Throwable failure) {
    try {
      session.close();
    } catch (OrtException e) {
      failure.addSuppressed(e);
    }
  }

  /**
   * Tokens of rows side by side, and what lies in front of them.
   *
   * @param width columns of tokens
   * @param ids {@code [rows * width]}
   * @param total columns of past and present tokens together
   * @param mask {@code [rows * total]}
   * @param positions {@code [rows * width]}
   */
  @SuppressWarnings("ArrayRecordComponent") // feeds a run, never shared
  record Tokens(int rows, int width, int[] ids, int total, int[] mask, int[] positions) {
    static Tokens of(PaddedBatch b) {
      return new Tokens(b.rows(), b.time(), b.ids(), b.time(), b.mask(), b.positions());
    }

    static Tokens of(Decoding d, int rows) {
      return new Tokens(rows, d.width(), d.ids(), d.total(), d.mask(), d.positions());
    }

    /** Columns of a matrix of these rows. */
    private int[] columns(int[] flat, int columns, int from, int to) {
      int[] part = new int[rows * (to - from)];
      for (int r = 0; r < rows; r++) {
        System.arraycopy(flat, r * columns + from, part, r * (to - from), to - from);
      }
      return part;
    }
  }

  /**
   * Feeds columns {@code from} to {@code to} of tokens.
   *
   * @param past what runs over all columns before them have left; null where there are none
   */
  OrtFeeds feeds(Tokens t, int from, int to, OrtSession.Result past) {
    OrtFeeds feeds = tokens(t, from, to);
    feeds.flag(ForeignPorts.BRANCH, past != null);
    cache.feed(feeds, t.rows, past);
    return feeds;
  }

  /** The same where the past is in a buffer that the run writes to. */
  OrtFeeds buffered(Tokens t, int from, int to, CacheBuffer past) {
    OrtFeeds feeds = tokens(t, from, to);
    past.feed(feeds);
    return feeds;
  }

  private OrtFeeds tokens(Tokens t, int from, int to) {
    int seen = t.total - t.width + to;
    OrtFeeds feeds = new OrtFeeds(runtime, session);
    feeds.ints("input_ids", t.columns(t.ids, t.width, from, to), t.rows, to - from);
    feeds.ints("attention_mask", t.columns(t.mask, t.total, 0, seen), t.rows, seen);
    feeds.ints("position_ids", t.columns(t.positions, t.width, from, to), t.rows, to - from);
    return feeds;
  }

  /** Columns {@code from} to {@code to} of a batch, those before them in {@code past}. */
  OrtSession.Result pass(
      PaddedBatch b, int from, int to, OrtSession.Result past, Set<String> outputs) {
    try (OrtFeeds feeds = feeds(Tokens.of(b), from, to, past)) {
      return feeds.run(outputs);
    }
  }

  /** The same with logits in memory of ours. */
  OrtSession.Result pass(
      PaddedBatch b,
      int from,
      int to,
      OrtSession.Result past,
      Set<String> outputs,
      OrtLogits logits) {
    try (OrtFeeds feeds = feeds(Tokens.of(b), from, to, past)) {
      return feeds.run(outputs, Map.of("logits", part(logits, from, to)));
    }
  }

  /**
   * What follows a first pass over a batch: at once, or column by column where the file's attention
   * takes no more of several rows.
   *
   * @param first stays the caller's
   */
  void rest(PaddedBatch b, int from, OrtSession.Result first, OrtLogits logits) {
    int step = grouped && b.rows() > 1 ? 1 : b.time() - from;
    OrtSession.Result past = first;
    for (int at = from; at < b.time(); at += step) {
      Set<String> outputs = at + step < b.time() ? cache.presents() : Set.of();
      OrtSession.Result next;
      try {
        next = pass(b, at, at + step, past, outputs, logits);
      } finally {
        if (past != first) {
          past.close();
        }
      }
      past = next;
    }
    past.close();
  }

  /** Room for logits of some rows, outside the heap. */
  OrtLogits logits(int rows) {
    return new OrtLogits(rows, vocab, logitsType);
  }

  /** The tensor for some of their columns, or for the last of these. */
  OnnxTensor part(OrtLogits logits, int from, int to) {
    return logits.part(runtime.environment(), last ? to - 1 : from, to);
  }

  /**
   * Insists that there are logits of all positions.
   *
   * @throws UserException naming the file if there are not
   */
  void requireAll(Path file) {
    if (last) {
      throw UserException.at(
          file,
          "output logits",
          "those of the last position only",
          "those of all positions (export.logits: all)");
    }
  }
}
