package org.unlearn4j.onnx;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.unlearn4j.lm.Decoding;
import org.unlearn4j.lm.Generation;

/** Passes over batches that are padded on the left, nothing being in the cache. */
record LeftPadded(Deployed deployed) {

  /**
   * Runs one batch for its logits.
   *
   * @return to be closed by the caller
   */
  OrtLogits pass(Deployed.Tokens tokens) {
    OrtLogits logits = deployed.logits(tokens.rows());
    try (OrtFeeds feeds = deployed.feeds(tokens, 0, tokens.width(), null)) {
      feeds.run(Set.of(), Map.of("logits", deployed.part(logits, 0, tokens.width()))).close();
      return logits;
    } catch (RuntimeException e) {
      logits.close();
      throw e;
    }
  }

  /** Logits after the last token of each prompt, {@code [prompt][vocab]}. */
  float[][] last(List<int[]> prompts, int maxPositions) {
    Decoding d =
        new Decoding(prompts, Generation.greedy(1, Set.of()), maxPositions, (row, token) -> {});
    float[][] last = new float[prompts.size()][deployed.vocab()];
    try (OrtLogits logits = pass(Deployed.Tokens.of(d, last.length))) {
      for (int r = 0; r < last.length; r++) {
        logits.read(r, d.width() - 1, last[r]);
      }
    }
    return last;
  }
}
