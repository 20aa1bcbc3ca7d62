package org.unlearn4j.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.base.StopRequest;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.TfTensors;
import org.unlearn4j.tf.Variables;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Saliency;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/**
 * One pass over everything that shall be forgotten, which updates nothing: the forget loss is that
 * of all rows as one step, its gradient is summed over micro-batches, and norms are taken of the
 * sums. A graph of its own, since that of the training is not built before it is known what learns.
 */
public final class SaliencyPass implements AutoCloseable {
  private final StepGraph graph;
  private final Variables sums;
  private final List<Op> add = new ArrayList<>();
  private final Map<Parameter, Operand<TFloat32>> halves = new LinkedHashMap<>();

  private SaliencyPass(StepGraph graph) {
    this.graph = graph;
    Ops tf = graph.runtime().ops().withSubScope("saliency");
    sums = new Variables(graph.runtime(), "summed", List.copyOf(graph.gradients().keySet()));
    graph
        .gradients()
        .forEach(
            (p, g) -> {
              add.add(tf.assignAddVariableOp(sums.handle(p), g));
              halves.put(p, tf.nn.l2Loss(sums.read(p)));
            });
  }

  /** What the pass computes: the forget loss, of the modules that may be chosen. */
  public static Objective objective(Decoder decoder, Objective training) {
    Set<String> names =
        Saliency.candidates(decoder, training).stream()
            .map(Parameter::name)
            .collect(Collectors.toSet());
    return training.forgetting().training(names);
  }

  /**
   * Builds the graph.
   *
   * @param training the objective for which modules are looked for
   * @throws UserException if its forget loss reaches none of them
   */
  public static SaliencyPass open(Decoder decoder, Objective training, Computation computation) {
    StepGraph graph = new StepGraph(decoder, objective(decoder, training), computation);
    try {
      if (graph.gradients().isEmpty()) {
        throw new UserException(
            "unlearn.salient_share: found less than 1 for a forget loss that reaches no linear map"
                + " of a block that is trained, expected unlearn.objective.trainable to match some"
                + " at or below unlearn.objective.layer.");
      }
      return new SaliencyPass(graph);
    } catch (RuntimeException e) {
      graph.close();
      throw e;
    }
  }

  /** The graph, whose parameters are to be assigned before the pass. */
  public StepGraph graph() {
    return graph;
  }

  /** Told after every micro-batch. */
  @FunctionalInterface
  public interface Listener {
    void rows(int done, int total);
  }

  /**
   * Runs the pass.
   *
   * @param batchSize rows to forget of a micro-batch
   * @throws org.unlearn4j.base.MachineException if a gradient is no number
   */
  public Saliency run(TrainingData data, int batchSize, Listener listener) {
    sums.zero();
    int rows = data.forget().size();
    List<Map<Segment, List<TokenRow>>> micro = new ArrayList<>();
    for (int from = 0; from < rows; from += batchSize) {
      int end = Math.min(from + batchSize, rows);
      Map<Segment, List<TokenRow>> segments = new EnumMap<>(Segment.class);
      for (Segment s : graph.objective().segments()) {
        segments.put(s, data.of(s).subList(from, end));
      }
      micro.add(segments);
    }
    StepBatch.Totals totals = StepBatch.Totals.over(micro);
    for (int i = 0; i < micro.size(); i++) {
      int end = Math.min((i + 1) * batchSize, rows);
      add(new StepBatch(micro.get(i), reference(data, i * batchSize, end), Map.of(), totals));
      listener.rows(end, rows);
      StopRequest.check();
    }
    Map<Parameter, Double> squares = new LinkedHashMap<>();
    try (Feeds none = new Feeds(graph.runtime())) {
      halves.values().forEach(none::fetch);
      try (Result result = graph.runtime().run("saliency norms", none)) {
        int at = 0;
        for (Parameter p : halves.keySet()) {
          squares.put(p, 2.0 * TfTensors.floats(result, at++)[0]);
        }
      }
    }
    return Saliency.of(squares);
  }

  private Map<Segment, double[]> reference(TrainingData data, int from, int end) {
    Map<Segment, double[]> reference = new EnumMap<>(Segment.class);
    for (Segment s : graph.objective().referenceNll()) {
      reference.put(s, Arrays.copyOfRange(data.reference().get(s), from, end));
    }
    return reference;
  }

  private void add(StepBatch batch) {
    try (Feeds feeds = new Feeds(graph.runtime())) {
      graph.feed(feeds, batch, StepControl.of(graph.objective(), 0));
      add.forEach(feeds::target);
      graph.runtime().run("saliency pass", feeds).close();
    }
  }

  @Override
  public void close() {
    graph.close();
  }
}
