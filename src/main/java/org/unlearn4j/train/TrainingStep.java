package org.unlearn4j.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.tensorflow.Result;
import org.tensorflow.op.Op;
import org.tensorflow.proto.RunMetadata;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.RobustSettings;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.PeakMemory;
import org.unlearn4j.tf.Variables;
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

  /** Name of a term. */
  private static final String RETAIN = "retain";

  private final StepGraph graph;
  private final Optimizer optimizer;
  private final int accumulate;
  private final Optional<RobustSettings> robust;
  private final Optional<WeightPerturbation> perturbation;
  private final Optional<GradientCombination> combination;

  /**
   * Adds the optimiser to a graph whose session is not open yet. The graph is this step's from here
   * on: it is closed with it, or at once where the optimiser cannot be built.
   *
   * @param accumulate micro-batches a step
   */
  public TrainingStep(StepGraph graph, OptimizerSettings settings, int accumulate) {
    this(graph, settings, accumulate, Optional.empty());
  }

  /**
   * The same of a robust objective.
   *
   * @param robust what moves the weights at which the forget part is taken
   */
  public TrainingStep(
      StepGraph graph,
      OptimizerSettings settings,
      int accumulate,
      Optional<RobustSettings> robust) {
    this.graph = graph;
    this.accumulate = accumulate;
    this.robust = robust;
    try {
      if (robust.isPresent() && !graph.objective().robust()) {
        throw new IllegalArgumentException("the forget part has no factor in this graph");
      }
      this.optimizer =
          new Optimizer(graph.runtime(), graph.learned(), graph.gradients(), settings, sums());
      perturbation =
          robust.map(
              r ->
                  new WeightPerturbation(
                      graph.runtime(), graph.learned(), optimizer.accumulated(), r));
      combination =
          graph
              .objective()
              .combine()
              .map(
                  c ->
                      new GradientCombination(
                          graph.runtime(), graph.gradients(), optimizer.accumulated(), c));
    } catch (RuntimeException | Error e) {
      graph.close();
      throw e;
    }
  }

  private Optimizer.Sums sums() {
    if (graph.objective().combine().isPresent()) {
      return Optimizer.Sums.WHOLE;
    }
    return accumulate > 1 || robust.isPresent() ? Optimizer.Sums.CARRIED : Optimizer.Sums.NONE;
  }

  public StepGraph graph() {
    return graph;
  }

  /** Batches that the attack learns in each step. */
  int lessons() {
    return robust.map(RobustSettings::lessons).orElse(0);
  }

  /** How far an attack has come, where one goes on from step to step. */
  Optional<Variables> attacked() {
    return perturbation.flatMap(WeightPerturbation::course);
  }

  /** Moving average of retain gradients, where a rule that combines gradients reads one. */
  Optional<Variables> averaged() {
    return combination.flatMap(GradientCombination::average);
  }

  Optimizer optimizer() {
    return optimizer;
  }

  /** Zeroes what the optimiser remembers; to be called once the parameters are assigned. */
  public void reset() {
    optimizer.reset();
    combination.map(GradientCombination::sets).ifPresent(Variables::zero);
  }

  /**
   * Runs the step's micro-batches and one update; of a step whose attack learns nothing.
   *
   * @param t counts updates from 1
   * @param micro exactly as many micro-batches as the step accumulates, or fewer at the end of an
   *     epoch
   */
  public Outcome run(int t, List<StepBatch> micro, double learningRate, StepControl control) {
    return runCollated(t, collate(micro, List.of()), learningRate, control);
  }

  /**
   * What a step is fed; may be asked of any thread.
   *
   * @param learnt one batch a step of an attack that learns, see {@link StepBatch#lesson}
   */
  StepBatches collate(List<StepBatch> micro, List<StepBatch> learnt) {
    if (!graph.objective().apart()) {
      return StepBatches.of(collated(micro, UnaryOperator.identity()));
    }
    // A regulariser compares forget rows with others, at the weights as they are: beside the retain
    // loss, or, where that is taken alone, beside the forget loss or alone.
    boolean compared = graph.objective().regulariser().isPresent();
    boolean combined = combination.isPresent();
    boolean alone = perturbation.isPresent() || !compared;
    UnaryOperator<StepBatch> whole = UnaryOperator.identity();
    return new StepBatches(
        collated(micro, compared && !combined ? whole : StepBatch::keepingAlone),
        alone ? collated(micro, b -> b.forgettingAlone(compared)) : List.of(),
        compared && combined ? collated(micro, whole) : List.of(),
        collated(learnt, whole),
        micro.stream().mapToLong(StepBatch::tokens).sum());
  }

  private List<CollatedBatch> collated(List<StepBatch> batches, UnaryOperator<StepBatch> part) {
    return batches.stream().map(part).map(graph::collate).toList();
  }

  /** The same of micro-batches that are collated already. */
  Outcome runCollated(int t, StepBatches batches, double learningRate, StepControl control) {
    return run(t, batches, learningRate, control, graph.runtime()::run);
  }

  /**
   * Runs a step and measures it.
   *
   * @return bytes that it allocated and gave back, at most at one time
   */
  public long peakBytes(int t, List<StepBatch> micro, StepControl control) {
    return traced(t, micro, control).stream().mapToLong(PeakMemory::bytes).max().orElse(0);
  }

  /** Runs a step under TensorFlow's eyes: what each of its runs did. */
  List<RunMetadata> traced(int t, List<StepBatch> micro, StepControl control) {
    List<RunMetadata> traces = new ArrayList<>();
    run(
        t,
        collate(micro, List.of()),
        0,
        control,
        (what, feeds) -> {
          Result result = graph.runtime().measured(what, feeds);
          traces.add(result.getMetadata().orElseThrow());
          return result;
        });
    return traces;
  }

  private Outcome run(
      int t,
      StepBatches batches,
      double learningRate,
      StepControl control,
      BiFunction<String, Feeds, Result> how) {
    List<CollatedBatch> micro = batches.micro();
    if (micro.isEmpty() || micro.size() > accumulate) {
      throw new IllegalArgumentException(
          micro.size() + " micro-batches, expected 1 to " + accumulate);
    }
    if (batches.lessons().size() != lessons()) {
      throw new IllegalArgumentException(
          batches.lessons().size() + " batches to learn, expected " + lessons());
    }
    if (combination.isPresent()) {
      return combined(combination.get(), t, batches, learningRate, control, how);
    }
    Seen seen = new Seen(graph);
    double norm = 0;
    StepControl rest = perturbation.isPresent() ? control.keepingAlone() : control;
    int earlier = perturbation.map(p -> forgotten(t, p, batches, control, seen, how)).orElse(0);
    for (int i = 0; i < micro.size(); i++) {
      boolean last = i == micro.size() - 1;
      try (Feeds feeds = new Feeds(graph.runtime())) {
        feed(feeds, micro.get(i), rest.atMicro(i));
        graph.queueFeatures().values().forEach(feeds::fetch);
        if (last) {
          optimizer.feed(feeds, t, learningRate, earlier + i > 0);
          feeds.fetch(optimizer.norm());
        }
        (last ? optimizer.update() : optimizer.accumulate(earlier + i)).forEach(feeds::target);
        try (Result result = how.apply(last ? "training step" : "micro-batch", feeds)) {
          int at =
              seen.add(result, n -> perturbation.isEmpty() || !StepGraph.FORGET_PART.contains(n));
          seen.features(result, at);
          if (last) {
            norm = Seen.scalar(result, at + graph.queueFeatures().size());
          }
        }
      }
    }
    return seen.outcome(norm);
  }

  /** A step whose forget and retain gradient are combined: each has its sum and its passes. */
  private Outcome combined(
      GradientCombination both,
      int t,
      StepBatches batches,
      double learningRate,
      StepControl control,
      BiFunction<String, Feeds, Result> how) {
    Seen seen = new Seen(graph);
    int held = perturbation.map(p -> forgotten(t, p, batches, control, seen, how)).orElse(0);
    boolean attacked = held > 0;
    StepControl others = control.withoutRetaining();
    Pass besides =
        new Pass(
            attacked ? others.keepingAlone() : others,
            i -> optimizer.accumulate(held + i),
            n -> !n.equals(RETAIN) && !(attacked && StepGraph.FORGET_PART.contains(n)));
    boolean compared = attacked || !batches.comparing().isEmpty();
    seen.add(accumulate(compared ? batches.comparing() : batches.forgetting(), besides, how));
    Pass retaining = new Pass(control.retainingAlone(), both::accumulate, RETAIN::equals);
    seen.add(accumulate(batches.micro(), retaining, how));
    try (Feeds feeds = new Feeds(graph.runtime())) {
      feeds.target(both.combine());
      how.apply("combination of gradients", feeds).close();
    }
    try (Feeds feeds = new Feeds(graph.runtime())) {
      optimizer.feed(feeds, t, learningRate, true);
      feeds.fetch(optimizer.norm());
      optimizer.update().forEach(feeds::target);
      try (Result result = how.apply("update", feeds)) {
        return seen.outcome(Seen.scalar(result, 0));
      }
    }
  }

  /**
   * Adds the gradient of the forget part, taken at weights that are moved for it, to the
   * accumulators.
   *
   * @return how many micro-batches they hold
   */
  private int forgotten(
      int t,
      WeightPerturbation moved,
      StepBatches batches,
      StepControl control,
      Seen seen,
      BiFunction<String, Feeds, Result> how) {
    RobustSettings attack = robust.orElseThrow();
    moved.keep();
    switch (attack.attack()) {
      case SAM -> {
        accumulate(batches.forgetting(), control.forgettingAlone(), how);
        moved.move(control.viewSeed());
      }
      case NOISE -> moved.move(control.viewSeed());
      case RELEARN -> {
        moved.resume((t - 1) % attack.course() == 0);
        for (CollatedBatch lesson : batches.lessons()) {
          accumulate(List.of(lesson), control.learningAlone(), how);
          moved.move(control.viewSeed());
        }
      }
      case NONE -> throw new IllegalStateException("nothing moves the weights");
    }
    seen.add(accumulate(batches.forgetting(), control.forgettingAlone(), how));
    moved.restore();
    return batches.forgetting().size();
  }

  /**
   * Puts the gradient of batches into the accumulators.
   *
   * @return what they saw
   */
  private Seen accumulate(
      List<CollatedBatch> batches, StepControl control, BiFunction<String, Feeds, Result> how) {
    Pass pass = new Pass(control, optimizer::accumulate, StepGraph.FORGET_PART::contains);
    return accumulate(batches, pass, how);
  }

  /**
   * One pass over some batches that changes no weights.
   *
   * @param into what a batch runs, by its index: it puts the gradient somewhere
   * @param terms that the batches are there for
   */
  private record Pass(StepControl control, IntFunction<List<Op>> into, Predicate<String> terms) {}

  private Seen accumulate(
      List<CollatedBatch> batches, Pass pass, BiFunction<String, Feeds, Result> how) {
    boolean queued = pass.terms().test(RETAIN);
    Seen seen = new Seen(graph);
    for (int i = 0; i < batches.size(); i++) {
      try (Feeds feeds = new Feeds(graph.runtime())) {
        feed(feeds, batches.get(i), pass.control().atMicro(i));
        if (queued) {
          graph.queueFeatures().values().forEach(feeds::fetch);
        }
        pass.into().apply(i).forEach(feeds::target);
        try (Result result = how.apply("micro-batch", feeds)) {
          int at = seen.add(result, pass.terms());
          if (queued) {
            seen.features(result, at);
          }
        }
      }
    }
    return seen;
  }

  /** Feeds a batch and asks for the losses. */
  private void feed(Feeds feeds, CollatedBatch batch, StepControl control) {
    graph.feed(feeds, batch, control);
    feeds.fetch(graph.total());
    graph.values().values().forEach(feeds::fetch);
  }

  @Override
  public void close() {
    graph.close();
  }
}
