package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.TfTensors;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepGraph;
import org.unlearn4j.weights.SafeTensors;

/** One step on a given batch, nothing updated: what does an objective see there? */
public final class ProbeStage {
  private static final int HEAD = 8;

  private ProbeStage() {}

  /**
   * What to probe.
   *
   * @param reference folder or safetensors file of the frozen model, for objectives that need one
   * @param rows of each segment that is at hand
   */
  public record Request(
      Path model,
      Optional<Path> reference,
      Pipeline settings,
      Map<Segment, List<TokenRow>> rows,
      Predicate<String> parameters) {}

  /** The gradient of one parameter: its L2 norm and first values. */
  public record Gradient(double norm, List<Float> head) {
    public Gradient {
      head = List.copyOf(head);
    }
  }

  /**
   * What the step saw.
   *
   * @param terms by name, unweighted; a term that is off is absent
   * @param gradNorm over all parameters
   */
  public record Seen(
      Map<String, Double> terms, double total, double gradNorm, Map<String, Gradient> parameters) {}

  /**
   * Runs the step.
   *
   * @throws UserException if a segment or the reference model is missing, or files are at fault
   */
  public static Seen run(Request request) {
    Decoder decoder = Decoder.of(ModelConfig.read(request.model()));
    var unlearn = request.settings().unlearn();
    Objective objective =
        Objectives.of(unlearn.objective(), unlearn.clreg(), decoder.config().layers());
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
    for (Segment s : objective.segments()) {
      List<TokenRow> given = request.rows().getOrDefault(s, List.of());
      if (given.isEmpty()) {
        throw new UserException(
            "--input: found no rows under \""
                + s.key()
                + "\", expected some for "
                + objective.name()
                + ".");
      }
      rows.put(s, given);
    }
    if (objective.clReg().isPresent()
        && rows.get(Segment.FORGET).size() != rows.get(Segment.POSITIVE).size()) {
      throw new UserException(
          "--input: found as many positive rows as "
              + rows.get(Segment.POSITIVE).size()
              + ", expected one for each of the "
              + rows.get(Segment.FORGET).size()
              + " forget rows.");
    }
    StepBatch batch = StepBatch.whole(rows, reference(request, decoder, objective, rows));
    double weight = unlearn.clreg().map(c -> c.weight()).orElse(0.0);
    try (StepGraph graph = new StepGraph(decoder, objective, Precision.FP32, p -> true);
        SafeTensors weights = SafeTensors.open(request.model())) {
      graph
          .variables()
          .assign(graph.runtime().session(), TfRuntime.checkpoint(weights, decoder.parameters()));
      return step(graph, batch, weight, request.parameters());
    }
  }

  private static Map<Segment, double[]> reference(
      Request request, Decoder decoder, Objective objective, Map<Segment, List<TokenRow>> rows) {
    Map<Segment, double[]> nll = new EnumMap<>(Segment.class);
    if (objective.referenceNll().isEmpty()) {
      return nll;
    }
    Path path =
        request
            .reference()
            .orElseThrow(
                () ->
                    new UserException(
                        "--reference: found nothing, expected the frozen model for "
                            + objective.name()
                            + "."));
    try (SafeTensors weights = SafeTensors.open(path);
        TensorFlowModel model =
            TensorFlowModel.of(
                decoder, TfRuntime.checkpoint(weights, decoder.parameters()), Precision.FP32)) {
      for (Segment s : objective.referenceNll()) {
        nll.put(s, model.score(rows.get(s)).stream().mapToDouble(TokenScores::nll).toArray());
      }
    }
    return nll;
  }

  private static Seen step(
      StepGraph graph, StepBatch batch, double weight, Predicate<String> wanted) {
    List<Parameter> parameters = new ArrayList<>(graph.gradients().keySet());
    try (Feeds feeds = new Feeds(graph.runtime().session())) {
      graph.feed(feeds, batch, weight);
      Session.Runner runner = feeds.runner().fetch(graph.total());
      graph.values().values().forEach(runner::fetch);
      graph.gradients().values().forEach(runner::fetch);
      try (Result result = runner.run()) {
        Map<String, Double> terms = new LinkedHashMap<>();
        int at = 1;
        for (String name : graph.values().keySet()) {
          terms.put(name, (double) TfTensors.floats(result, at++)[0]);
        }
        Map<String, Gradient> gradients = new LinkedHashMap<>();
        double square = 0;
        for (Parameter p : parameters) {
          float[] g = TfTensors.floats(result, at++);
          double own = squareSum(g);
          square += own;
          if (wanted.test(p.name())) {
            gradients.put(p.name(), new Gradient(Math.sqrt(own), head(g)));
          }
        }
        return new Seen(terms, TfTensors.floats(result, 0)[0], Math.sqrt(square), gradients);
      }
    }
  }

  private static double squareSum(float[] values) {
    double sum = 0;
    for (float v : values) {
      sum += (double) v * v;
    }
    return sum;
  }

  private static List<Float> head(float[] values) {
    List<Float> head = new ArrayList<>();
    for (int i = 0; i < Math.min(HEAD, values.length); i++) {
      head.add(values[i]);
    }
    return head;
  }
}
