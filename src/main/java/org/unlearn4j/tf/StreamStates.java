package org.unlearn4j.tf;

import java.util.Arrays;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.lm.PaddedBatch;

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
