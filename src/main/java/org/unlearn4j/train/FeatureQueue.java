package org.unlearn4j.train;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.unlearn.FeatureLayer;

/**
 * The last retain features that steps have seen, by layer: further negatives for later steps. First
 * in, first out.
 */
final class FeatureQueue {
  private final int capacity;
  private final Map<FeatureLayer, Deque<float[]>> layers = new LinkedHashMap<>();

  /**
   * An empty queue.
   *
   * @param capacity vectors that it keeps of each layer
   */
  FeatureQueue(int capacity) {
    this.capacity = capacity;
  }

  /** Appends unit vectors {@code [rows][hidden]} of each layer and drops the oldest. */
  void push(Map<FeatureLayer, List<float[]>> features) {
    features.forEach(
        (layer, vectors) -> {
          Deque<float[]> queue = layers.computeIfAbsent(layer, l -> new ArrayDeque<>());
          queue.addAll(vectors);
          while (queue.size() > capacity) {
            queue.removeFirst();
          }
        });
  }

  /** What is in it, oldest first. */
  Map<FeatureLayer, List<float[]>> contents() {
    Map<FeatureLayer, List<float[]>> contents = new LinkedHashMap<>();
    layers.forEach((layer, queue) -> contents.put(layer, new ArrayList<>(queue)));
    return contents;
  }
}
