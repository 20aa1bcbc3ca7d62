package org.unlearn4j.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.FloatBuffer;
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
 */
record Deployed(
    OrtRuntime runtime,
    OrtSession session,
    KeyValueCache cache,
    int vocab,
    OnnxJavaType logitsType,
    boolean last) {

  /**
   * Opens a file.
   *
   * @throws UserException if ONNX Runtime refuses it, or it gives no logits
   */
  static Deployed open(OrtRuntime runtime, OnnxFile file, int vocab) {
    OrtSession session = runtime.open(file);
    try {
      return of(runtime, session, file.path(), vocab);
    } catch (OrtException e) {
      close(session, e);
      throw new IllegalStateException(e);
    } catch (RuntimeException | Error e) {
      close(session, e);
      throw e;
    }
  }

  private static Deployed of(OrtRuntime runtime, OrtSession session, Path file, int vocab)
      throws OrtException {
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
    return new Deployed(runtime, session, KeyValueCache.of(session, file), vocab, info.type, last);
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
    int seen = t.total - t.width + to;
    OrtFeeds feeds = new OrtFeeds(runtime, session);
    feeds.ints("input_ids", t.columns(t.ids, t.width, from, to), t.rows, to - from);
    feeds.ints("attention_mask", t.columns(t.mask, t.total, 0, seen), t.rows, seen);
    feeds.ints("position_ids", t.columns(t.positions, t.width, from, to), t.rows, to - from);
    feeds.flag(ForeignPorts.BRANCH, past != null);
    cache.feed(feeds, t.rows, past);
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

  /** Copies what a pass over columns {@code from} to {@code to} has left, row by row. */
  static void unpack(OrtSession.Result result, float[][][] logits, int from, int to) {
    OnnxTensor tensor = (OnnxTensor) result.get("logits").orElseThrow();
    int vocab = (int) tensor.getInfo().getShape()[2];
    FloatBuffer flat = tensor.getFloatBuffer();
    for (int r = 0; r < logits.length; r++) {
      for (int t = from; t < Math.min(to, logits[r].length); t++) {
        logits[r][t] = new float[vocab];
        flat.get((r * (to - from) + t - from) * vocab, logits[r][t]);
      }
    }
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
