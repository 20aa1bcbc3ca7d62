package org.unlearn4j.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;
import org.tensorflow.Result;
import org.tensorflow.op.Op;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.PeakMemory;
import org.unlearn4j.tf.TfTensors;
import org.unlearn4j.unlearn.CollatedBatch;
import org.unlearn4j.unlearn.FeatureLayer;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/** A step graph with its optimiser: one call is one update. Owns the graph. */
public final class TrainingStep implements AutoCloseable {

  /**
   * What a step saw before its update.
   *
   * @param terms by name, unweighted, over the whole step
   * @param gradNorm global norm before clipping
   * @param features retain features for a queue, unit vectors {@code [rows][hidden]} by layer;
   *     empty where there is none
   */
  public record Outcome(
      Map<String, Double> terms,
      double total,
      double gradNorm,
      Map<FeatureLayer, List<float[]>> features) {}

  private final StepGraph graph;
  private final AdamWSettings settings;
  private final AdamW adamW;
  private final int accumulate;

  /**
   * Adds the optimiser to a graph whose session is not open yet. The graph is this step's from here
   * on: it is closed with it, or at once where the optimiser cannot be built.
   *
   * @param accumulate micro-batches a step
   */
  public TrainingStep(StepGraph graph, AdamWSettings settings, int accumulate) {
    this.graph = graph;
    this.settings = settings;
    this.accumulate = accumulate;
    try {
      this.adamW =
          new AdamW(
              graph.runtime(), graph.variables(), graph.gradients(), settings, accumulate > 1);
    } catch (RuntimeException | Error e) {
      graph.close();
      throw e;
    }
  }

  public StepGraph graph() {
    return graph;
  }

  AdamW optimiser() {
    return adamW;
  }

  /** Zeroes the moments; to be called once the parameters are assigned. */
  public void reset() {
    adamW.reset();
  }

  /**
   * Runs the step's micro-batches and one update.
   *
   * @param t counts updates from 1
   * @param micro exactly as many micro-batches as the step accumulates, or fewer at the end of an
   *     epoch
   */
  public Outcome run(int t, List<StepBatch> micro, double learningRate, StepControl control) {
    return runCollated(t, collated(micro), learningRate, control);
  }

  private List<CollatedBatch> collated(List<StepBatch> micro) {
    return micro.stream().map(graph::collate).toList();
  }

  /** The same of micro-batches that are collated already. */
  Outcome runCollated(int t, List<CollatedBatch> micro, double learningRate, StepControl control) {
    return run(t, micro, learningRate, control, graph.runtime()::run);
  }

  /**
   * Runs a step and measures it.
   *
   * @return bytes that it allocated and gave back, at most at one time
   */
  public long peakBytes(int t, List<StepBatch> micro, StepControl control) {
    AtomicLong most = new AtomicLong();
    run(
        t,
        collated(micro),
        0,
        control,
        (what, feeds) -> {
          Result result = graph.runtime().measured(what, feeds);
          long bytes = PeakMemory.bytes(result.getMetadata().orElseThrow());
          most.accumulateAndGet(bytes, Math::max);
          return result;
        });
    return most.get();
  }

  private Outcome run(
      int t,
      List<CollatedBatch> micro,
      double learningRate,
      StepControl control,
      BiFunction<String, Feeds, Result> how) {
    if (micro.isEmpty() || micro.size() > accumulate) {
      throw new IllegalArgumentException(
          micro.size() + " micro-batches, expected 1 to " + accumulate);
    }
    Map<String, Double> terms = new LinkedHashMap<>();
    Map<FeatureLayer, List<float[]>> features = new LinkedHashMap<>();
    double total = 0;
    double norm = 0;
    for (int i = 0; i < micro.size(); i++) {
      boolean last = i == micro.size() - 1;
      try (Feeds feeds = new Feeds(graph.runtime())) {
        graph.feed(feeds, micro.get(i), control.atMicro(i));
        feeds.fetch(graph.total());
        graph.values().values().forEach(feeds::fetch);
        graph.queueFeatures().values().forEach(feeds::fetch);
        if (last) {
          adamW.feed(feeds, t, learningRate, settings, i > 0);
          feeds.fetch(adamW.norm());
        }
        for (Op op : last ? adamW.update() : adamW.accumulate(i)) {
          feeds.target(op);
        }
        try (Result result = how.apply(last ? "training step" : "micro-batch", feeds)) {
          total += scalar(result, 0);
          int at = 1;
          for (String name : graph.values().keySet()) {
            terms.merge(name, scalar(result, at++), Double::sum);
          }
          for (FeatureLayer layer : graph.queueFeatures().keySet()) {
            features
                .computeIfAbsent(layer, l -> new ArrayList<>())
                .addAll(rows(TfTensors.floats(result, at++)));
          }
          norm = last ? scalar(result, at) : norm;
        }
      }
    }
    return new Outcome(terms, total, norm, features);
  }

  /** A matrix as its rows. */
  private List<float[]> rows(float[] flat) {
    int hidden = graph.decoder().config().hiddenSize();
    List<float[]> rows = new ArrayList<>();
    for (int from = 0; from < flat.length; from += hidden) {
      rows.add(Arrays.copyOfRange(flat, from, from + hidden));
    }
    return rows;
  }

  private static double scalar(Result result, int i) {
    return ((TFloat32) result.get(i)).getFloat();
  }

  @Override
  public void close() {
    graph.close();
  }
}
