package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OrtSession;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;
import org.unlearn4j.lm.Decoding;

/**
 * Decodes rows that leave the batch once they are finished: they end at very different lengths. Of
 * several continuations of each prompt, the prompt is computed once.
 */
final class ThinningDecoder implements AutoCloseable {
  private final Deployed deployed;
  private final CacheRows rows;

  ThinningDecoder(OrtRuntime runtime, Deployed deployed, ModelProto model, Path file) {
    this.deployed = deployed;
    this.rows = new CacheRows(runtime, deployed.cache(), model, file);
  }

  /** Runs until every row is finished. */
  void run(Decoding all) {
    goOn(all, null);
  }

  /**
   * The same of rows with common prompts.
   *
   * @param prompts each once
   * @param all each prompt's rows side by side, {@code each} of them
   */
  void run(Decoding prompts, Decoding all, int each) {
    OrtSession.Result once = prompts(prompts, all, each);
    goOn(all, rows.of(once, IntStream.range(0, all.rows()).map(r -> r / each).toArray()));
  }

  /**
   * Goes on.
   *
   * @param earlier what is cached of the rows; null of none; is closed
   */
  private void goOn(Decoding all, OrtSession.Result earlier) {
    OrtSession.Result past = earlier;
    try {
      while (!all.done()) {
        if (all.manyFinished()) {
          int[] stay = all.thinned();
          if (past != null && !all.restarts()) {
            OrtSession.Result before = past;
            past = null; // is closed, whatever happens
            past = rows.of(before, stay);
          }
        }
        try (OrtDecoding some = new OrtDecoding(deployed, all.rows(), OrtDecoding.MOST)) {
          OrtSession.Result before = past;
          past = null;
          past = some.untilMany(all, before);
        }
      }
    } finally {
      if (past != null) {
        past.close();
      }
    }
  }

  private OrtSession.Result prompts(Decoding prompts, Decoding all, int each) {
    int count = prompts.rows();
    try (OrtLogits logits = deployed.logits(count);
        OrtFeeds feeds =
            deployed.feeds(Deployed.Tokens.of(prompts, count), 0, prompts.width(), null)) {
      OrtSession.Result result =
          feeds.run(
              deployed.cache().presents(),
              Map.of("logits", deployed.part(logits, 0, prompts.width())));
      try {
        int last = prompts.width() - 1;
        all.accept((row, into) -> logits.read(row / each, last, into), deployed.vocab());
        return result;
      } catch (RuntimeException e) {
        result.close();
        throw e;
      }
    }
  }

  @Override
  public void close() {
    rows.close();
  }
}
