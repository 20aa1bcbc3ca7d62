package org.unlearn4j.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.op.Op;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepGraph;

/** A step graph with its optimiser: one call is one update. Owns the graph. */
public final class TrainingStep implements AutoCloseable {

  /**
   * What a step saw before its update.
   *
   * @param terms by name, unweighted, over the whole step
   * @param gradNorm global norm before clipping
   */
  public record Outcome(Map<String, Double> terms, double total, double gradNorm) {}

  private final StepGraph graph;
  private final AdamWSettings settings;
  private final AdamW adamW;
  private final int accumulate;

  /**
   * Adds the optimiser to a graph whose session is not open yet.
   *
   * @param accumulate micro-batches a step
   */
  public TrainingStep(StepGraph graph, AdamWSettings settings, int accumulate) {
    this.graph = graph;
    this.settings = settings;
    this.accumulate = accumulate;
    this.adamW =
        new AdamW(
            graph.runtime().ops(), graph.variables(), graph.gradients(), settings, accumulate > 1);
  }

  public StepGraph graph() {
    return graph;
  }

  AdamW optimiser() {
    return adamW;
  }

  /** Zeroes the moments; to be called once the parameters are assigned. */
  public void reset() {
    adamW.reset(graph.runtime().session());
  }

  /**
   * Runs the step's micro-batches and one update.
   *
   * @param t counts updates from 1
   * @param micro exactly as many micro-batches as the step accumulates, or fewer at the end of an
   *     epoch
   */
  public Outcome run(int t, List<StepBatch> micro, double learningRate, double clRegWeight) {
    if (micro.isEmpty() || micro.size() > accumulate) {
      throw new IllegalArgumentException(
          micro.size() + " micro-batches, expected 1 to " + accumulate);
    }
    Map<String, Double> terms = new LinkedHashMap<>();
    double total = 0;
    double norm = 0;
    for (int i = 0; i < micro.size(); i++) {
      boolean last = i == micro.size() - 1;
      try (Feeds feeds = new Feeds(graph.runtime().session())) {
        graph.feed(feeds, micro.get(i), clRegWeight);
        Session.Runner runner = feeds.runner().fetch(graph.total());
        graph.values().values().forEach(runner::fetch);
        if (last) {
          adamW.feed(feeds, t, learningRate, settings, i > 0);
          runner.fetch(adamW.norm());
        }
        for (Op op : last ? adamW.update() : adamW.accumulate(i)) {
          runner.addTarget(op);
        }
        try (Result result = runner.run()) {
          total += scalar(result, 0);
          int at = 1;
          for (String name : graph.values().keySet()) {
            terms.merge(name, scalar(result, at++), Double::sum);
          }
          norm = last ? scalar(result, at) : norm;
        }
      }
    }
    return new Outcome(terms, total, norm);
  }

  private static double scalar(Result result, int i) {
    return ((TFloat32) result.get(i)).getFloat();
  }

  @Override
  public void close() {
    graph.close();
  }
}
