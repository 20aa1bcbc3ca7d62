package org.unlearn4j.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.tensorflow.Result;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.tf.TfTensors;
import org.unlearn4j.unlearn.FeatureLayer;
import org.unlearn4j.unlearn.StepGraph;

/** What a step saw, summed over its micro-batches. */
final class Seen {
  private final StepGraph graph;
  private final Map<String, Double> terms = new LinkedHashMap<>();
  private final Map<FeatureLayer, List<float[]>> features = new LinkedHashMap<>();
  private double total;

  Seen(StepGraph graph) {
    this.graph = graph;
  }

  void add(Seen other) {
    total += other.total;
    other.terms.forEach((name, value) -> terms.merge(name, value, Double::sum));
    other.features.forEach((layer, rows) -> of(layer).addAll(rows));
  }

  /**
   * Adds the losses: the total and those terms that the batch is there for.
   *
   * @return how many values those were
   */
  int add(Result result, Predicate<String> which) {
    total += scalar(result, 0);
    int at = 1;
    for (String name : graph.values().keySet()) {
      double value = scalar(result, at++);
      if (which.test(name)) {
        terms.merge(name, value, Double::sum);
      }
    }
    return at;
  }

  /** Adds the features for a queue, from a place among the values on. */
  void features(Result result, int from) {
    int at = from;
    for (FeatureLayer layer : graph.queueFeatures().keySet()) {
      of(layer).addAll(rows(TfTensors.floats(result, at++)));
    }
  }

  private List<float[]> of(FeatureLayer layer) {
    return features.computeIfAbsent(layer, l -> new ArrayList<>());
  }

  private List<float[]> rows(float[] flat) {
    int hidden = graph.decoder().config().hiddenSize();
    List<float[]> rows = new ArrayList<>();
    for (int from = 0; from < flat.length; from += hidden) {
      rows.add(Arrays.copyOfRange(flat, from, from + hidden));
    }
    return rows;
  }

  /**
   * All of it.
   *
   * @param norm of the step's gradient
   */
  TrainingStep.Outcome outcome(double norm) {
    return new TrainingStep.Outcome(terms, total, norm, features);
  }

  static double scalar(Result result, int i) {
    return ((TFloat32) result.get(i)).getFloat();
  }
}
