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
   * @param ids {@code [rows * width]}, as mask and positions
   * @return to be closed by the caller
   */
  OrtLogits pass(int rows, int width, int[] ids, int[] mask, int[] positions) {
    OrtLogits logits = deployed.logits(rows);
    try (OrtFeeds feeds = deployed.feeds()) {
      feeds.ints("input_ids", ids, rows, width);
      feeds.ints("attention_mask", mask, rows, width);
      feeds.ints("position_ids", positions, rows, width);
      deployed.cache().feed(feeds, rows, null);
      feeds
          .run(Set.of(), Map.of("logits", logits.part(deployed.runtime().environment(), 0, width)))
          .close();
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
    try (OrtLogits logits = pass(last.length, d.width(), d.ids(), d.mask(), d.positions())) {
      for (int r = 0; r < last.length; r++) {
        logits.read(r, d.width() - 1, last[r]);
      }
    }
    return last;
  }
}
