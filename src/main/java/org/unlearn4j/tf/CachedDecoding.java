package org.unlearn4j.tf;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.lm.Decoding;
import org.unlearn4j.nn.ModelConfig;

/** Decodes with the key-value cache: what a round leaves is the next one's past. */
record CachedDecoding(
    ForwardGraph graph, TfRuntime runtime, Precision precision, ModelConfig config) {

  /** Runs until every row is finished. */
  void run(Decoding decoding, int rows) {
    run(decoding, rows, List.of());
  }

  /**
   * Decodes several continuations of each prompt, each prompt being computed once.
   *
   * @param prompts each once
   * @param all each prompt's rows side by side, {@code each} of them
   */
  void run(Decoding prompts, int count, Decoding all, int each) {
    if (all.done()) {
      return;
    }
    try (Feeds several = new Feeds(runtime)) {
      List<Tensor> past = new ArrayList<>();
      try (Result first =
          pass(prompts, count, emptyPast(several, count), graph.nextLogits)) {
        accept(all, TfTensors.floats(first, 0), each);
        if (!all.restarts()) {
          for (int i = 1; i < first.size(); i++) {
            past.add(several.owned(repeated(first.get(i), each)));
          }
        }
      }
      run(all, count * each, past);
    }
  }

  /**
   * Goes on.
   *
   * @param earlier keys and values of every row, which the caller closes; unused where decoding
   *     starts from an empty cache
   */
  private void run(Decoding decoding, int rows, List<Tensor> earlier) {
    Result previous = null;
    try (Feeds start = new Feeds(runtime)) {
      List<Tensor> past = earlier;
      while (!decoding.done()) {
        if (decoding.restarts()) {
          past = emptyPast(start, rows);
        }
        Operand<?> next = decoding.greedy() ? graph.next : graph.nextLogits;
        Result result = pass(decoding, rows, past, next);
        closeIfOpen(previous);
        previous = result;
        if (decoding.greedy()) {
          decoding.accept(TfTensors.ints(result, 0));
        } else {
          accept(decoding, TfTensors.floats(result, 0), 1);
        }
        past = new ArrayList<>();
        for (int i = 1; i < result.size(); i++) {
          past.add(result.get(i));
        }
      }
    } finally {
      closeIfOpen(previous);
    }
  }

  /** What is asked of what comes next, and all keys and values. */
  private Result pass(Decoding decoding, int rows, List<Tensor> past, Operand<?> next) {
    try (Feeds feeds = new Feeds(runtime)) {
      feeds.ints(graph.ids, decoding.ids(), rows, decoding.width());
      feeds.ints(graph.positions, decoding.positions(), rows, decoding.width());
      feeds.ints(graph.cachedMask, decoding.mask(), rows, decoding.total());
      feedPast(feeds, past);
      feeds.fetch(next);
      graph.present.forEach(kv -> feeds.fetch(kv.key()).fetch(kv.value()));
      return runtime.run("generation", precision, feeds);
    }
  }

  /** Hands over logits, those of {@code each} rows from one row. */
  private void accept(Decoding decoding, float[] logits, int each) {
    int vocab = config.vocabSize();
    decoding.accept(
        (row, into) -> System.arraycopy(logits, row / each * vocab, into, 0, vocab), vocab);
  }

  /** Every row so often, side by side. */
  private static Tensor repeated(Tensor tensor, int each) {
    float[] values = TfTensors.floats(tensor);
    long[] shape = tensor.shape().asArray();
    int row = (int) (values.length / shape[0]);
    float[] all = new float[Math.multiplyExact(values.length, each)];
    for (int i = 0; i < shape[0] * each; i++) {
      System.arraycopy(values, i / each * row, all, i * row, row);
    }
    long[] wider = Arrays.copyOf(shape, shape.length);
    wider[0] *= each;
    return TfTensors.floats(all, wider);
  }

  /** Feeds keys and values, layer by layer. */
  void feedPast(Feeds feeds, List<Tensor> past) {
    for (int l = 0; l < config.layers(); l++) {
      feeds.borrowed(graph.past.get(l).key(), past.get(2 * l));
      feeds.borrowed(graph.past.get(l).value(), past.get(2 * l + 1));
    }
  }

  /** Keys and values of no token. */
  List<Tensor> emptyPast(Feeds feeds, int rows) {
    List<Tensor> past = new ArrayList<>();
    for (int i = 0; i < 2 * config.layers(); i++) {
      past.add(
          feeds.owned(
              TFloat32.tensorOf(
                  Shape.of(rows, config.kvHeads(), 0, config.headDim()))));
    }
    return past;
  }

  private static void closeIfOpen(Result result) {
    if (result != null) {
      result.close();
    }
  }
}
