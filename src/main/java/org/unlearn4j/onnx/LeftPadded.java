package org.unlearn4j.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtSession;
import java.util.List;
import java.util.Set;
import org.unlearn4j.lm.Decoding;
import org.unlearn4j.lm.Generation;

/**
 * Passes over batches that are padded on the left, nothing being in the cache.
 *
 * @param session on the deployed file
 */
record LeftPadded(OrtRuntime runtime, OrtSession session, KeyValueCache cache) {

  /**
   * Runs one batch for its logits.
   *
   * @param ids {@code [rows * width]}, as mask and positions
   */
  OrtSession.Result pass(int rows, int width, int[] ids, int[] mask, int[] positions) {
    try (OrtFeeds feeds = new OrtFeeds(runtime, session)) {
      feeds.ints("input_ids", ids, rows, width);
      feeds.ints("attention_mask", mask, rows, width);
      feeds.ints("position_ids", positions, rows, width);
      cache.feed(feeds, rows, null);
      return feeds.run(Set.of("logits"));
    }
  }

  /** Logits after the last token of each prompt, {@code [prompt][vocab]}. */
  float[][] last(List<int[]> prompts, int maxPositions, int vocab) {
    Decoding d =
        new Decoding(prompts, Generation.greedy(1, Set.of()), maxPositions, (row, token) -> {});
    float[][] last = new float[prompts.size()][vocab];
    try (OrtSession.Result result =
        pass(last.length, d.width(), d.ids(), d.mask(), d.positions())) {
      Decoding.LastLogits logits =
          OrtDecoding.last((OnnxTensor) result.get("logits").orElseThrow());
      for (int r = 0; r < last.length; r++) {
        logits.read(r, last[r]);
      }
    }
    return last;
  }
}
