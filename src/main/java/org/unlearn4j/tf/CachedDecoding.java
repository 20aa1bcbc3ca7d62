package org.unlearn4j.tf;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
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
  void run(Decoding decoding) {
    run(decoding, List.of());
  }

  /**
   * Decodes several continuations of each prompt, each prompt being computed once.
   *
   * @param prompts each once
   * @param all each prompt's rows side by side, {@code each} of them
   */
  void run(Decoding prompts, Decoding all, int each) {
    if (all.done()) {
      return;
    }
    try (Feeds several = new Feeds(runtime)) {
      List<Tensor> past = new ArrayList<>();
      try (Result first = pass(prompts, emptyPast(several, prompts.rows()), graph.nextLogits)) {
        accept(all, TfTensors.floats(first, 0), each);
        if (!all.restarts()) {
          int[] prompt = IntStream.range(0, all.rows()).map(r -> r / each).toArray();
          for (int i = 1; i < first.size(); i++) {
            past.add(several.owned(rows(first.get(i), prompt)));
          }
        }
      }
      run(all, past);
    }
  }

  /**
   * Goes on. Finished rows are left behind when they are many, see {@link Decoding#manyFinished}:
   * rows end at very different lengths.
   *
   * @param earlier keys and values of every row, which the caller closes; unused where decoding
   *     starts from an empty cache
   */
  private void run(Decoding decoding, List<Tensor> earlier) {
    Result previous = null;
    try (Feeds start = new Feeds(runtime)) {
      List<Tensor> past = earlier;
      while (!decoding.done()) {
        if (decoding.manyFinished()) {
          int[] stay = decoding.thinned();
          if (!decoding.restarts()) {
            past = past.stream().map(t -> (Tensor) start.owned(rows(t, stay))).toList();
          }
        }
        if (decoding.restarts()) {
          past = emptyPast(start, decoding.rows());
        }
        Operand<?> next = decoding.greedy() ? graph.next : graph.nextLogits;
        Result result = pass(decoding, past, next);
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
  private Result pass(Decoding decoding, List<Tensor> past, Operand<?> next) {
    int rows = decoding.rows();
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

  /**
   * Rows of a tensor.
   *
   * @param numbers of its rows, each as often as it is wanted
   */
  private static TFloat32 rows(Tensor tensor, int[] numbers) {
    float[] values = TfTensors.floats(tensor);
    long[] shape = tensor.shape().asArray();
    int row = (int) (values.length / shape[0]);
    float[] all = new float[Math.multiplyExact(numbers.length, row)];
    for (int i = 0; i < numbers.length; i++) {
      System.arraycopy(values, numbers[i] * row, all, i * row, row);
    }
    shape[0] = numbers.length;
    return TfTensors.floats(all, shape);
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
          feeds.owned(TFloat32.tensorOf(Shape.of(rows, config.kvHeads(), 0, config.headDim()))));
    }
    return past;
  }

  private static void closeIfOpen(Result result) {
    if (result != null) {
      result.close();
    }
  }
}
