package org.unlearn4j.tf;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.lm.PaddedBatch;
import org.unlearn4j.lm.Routes;

/** Hidden states of a batch: where its answers are, and where they are predicted from. */
record StreamStates(ForwardGraph graph, TfRuntime runtime, Precision precision) {

  /** Means over each row's labelled positions, {@code [layers + 2][rows][hidden]}. */
  float[][][] pooled(PaddedBatch b) {
    try (Feeds feeds = new Feeds(runtime)) {
      feeds.ints(graph.labelPositions, b.labelPositions(), b.labels().length);
      feeds.ints(graph.labelRows, b.labelRows(), b.labels().length);
      feeds.ints(graph.rows, new int[] {b.rows()});
      return fetched(feeds, b, graph.features, b.rows());
    }
  }

  /**
   * Chosen layers at the position before each labelled token, {@code [layers][labelled][hidden]}.
   */
  float[][][] predicting(PaddedBatch b, List<Integer> layers) {
    try (Feeds feeds = new Feeds(runtime)) {
      feeds.ints(graph.labelPositions, b.predictedFrom(), b.labels().length);
      List<Operand<TFloat32>> wanted = layers.stream().map(graph.states::get).toList();
      return fetched(feeds, b, wanted, b.labels().length);
    }
  }

  /**
   * Negative log-likelihoods of labelled tokens where the final norm and the head read vectors
   * given in place of the last block's.
   *
   * @param vectors {@code [labelled][hidden]}
   */
  float[] read(PaddedBatch b, float[][] vectors) {
    int labelled = vectors.length;
    int hidden = vectors[0].length;
    float[] flat = new float[labelled * hidden];
    for (int v = 0; v < labelled; v++) {
      System.arraycopy(vectors[v], 0, flat, v * hidden, hidden);
    }
    try (Feeds feeds = new Feeds(runtime)) {
      feeds.floats(graph.lastBlock, flat, labelled, hidden);
      feeds.ints(graph.predictedFrom, IntStream.range(0, labelled).toArray(), labelled);
      feeds.ints(graph.labels, b.labels(), labelled);
      try (Result r = runtime.run("lens", precision, feeds.fetch(graph.head.nll()))) {
        return TfTensors.floats(r, 0);
      }
    }
  }

  /** Which experts each token goes through. */
  Routes routes(PaddedBatch b, List<Routes.Layer> layers) {
    try (Feeds feeds = new Feeds(runtime)) {
      graph.feed(feeds, b);
      graph.routes.forEach(feeds::fetch);
      try (Result r = runtime.run("routes", precision, feeds)) {
        int tokens = b.rows() * b.time();
        int width = layers.stream().mapToInt(Routes.Layer::chosen).sum();
        int[] flat = new int[tokens * width];
        int column = 0;
        for (int l = 0; l < layers.size(); l++) {
          int chosen = layers.get(l).chosen();
          int[] own = TfTensors.ints(r, l);
          for (int t = 0; t < tokens; t++) {
            System.arraycopy(own, t * chosen, flat, t * width + column, chosen);
          }
          column += chosen;
        }
        return Routes.of(layers, b, flat);
      }
    }
  }

  private float[][][] fetched(
      Feeds feeds, PaddedBatch b, List<Operand<TFloat32>> wanted, int vectors) {
    graph.feed(feeds, b);
    wanted.forEach(feeds::fetch);
    try (Result r = runtime.run("features", precision, feeds)) {
      float[][][] states = new float[wanted.size()][vectors][];
      for (int l = 0; l < states.length; l++) {
        float[] flat = TfTensors.floats(r, l);
        int hidden = flat.length / vectors;
        for (int v = 0; v < vectors; v++) {
          states[l][v] = Arrays.copyOfRange(flat, v * hidden, (v + 1) * hidden);
        }
      }
      return states;
    }
  }
}
