package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.ClRegSettings;
import org.unlearn4j.config.Floor;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.unlearn.ControlVector;
import org.unlearn4j.unlearn.FeatureLayer;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;
import org.unlearn4j.unlearn.StepProbe;
import org.unlearn4j.weights.SafeTensors;

/** One step on a given batch, nothing updated: what does an objective see there? */
public final class ProbeStage {
  private ProbeStage() {}

  /**
   * What to probe.
   *
   * @param reference folder or safetensors file of the frozen model, for objectives that need one
   * @param rows of each segment that is at hand
   * @param control RMU's control vector; empty: drawn from the seed
   * @param queue retain features of earlier steps, as the regulariser's queue would hold them
   * @param device where to compute
   * @param parameters names of those whose gradient is shown
   */
  public record Request(
      Path model,
      Optional<Path> reference,
      Pipeline settings,
      Map<Segment, List<TokenRow>> rows,
      Optional<ControlVector> control,
      List<float[]> queue,
      Device device,
      Predicate<String> parameters) {

    private Computation computation() {
      return new Computation(
          RuntimeModels.precision(settings.model()), device, settings.unlearn().loop().recompute());
    }
  }

  /**
   * Runs the step.
   *
   * @throws UserException if a segment or the reference model is missing, or files are at fault
   */
  public static StepProbe.Seen run(Request request) {
    Decoder decoder = Decoder.of(ModelConfig.read(request.model()));
    UnlearnSettings unlearn = request.settings().unlearn();
    Objective objective =
        Objectives.forProbing(
            unlearn, decoder, request.control(), request.rows().containsKey(Segment.RETAIN));
    requireWidth(request, decoder.config().hiddenSize());
    Map<Segment, List<TokenRow>> rows = rows(request, objective);
    StepBatch batch =
        new StepBatch(
            rows,
            reference(request, decoder, objective, rows),
            floors(unlearn.objective().floor(), rows),
            queue(request, objective),
            StepBatch.Totals.over(List.of(rows)));
    double lambda = unlearn.clreg().map(ClRegSettings::weight).orElse(0.0);
    StepControl control =
        new StepControl(
            unlearn.objective().alpha(),
            lambda,
            new StepControl.ViewSeed(unlearn.loop().seed(), 0, 0));
    try (StepGraph graph = new StepGraph(decoder, objective, request.computation())) {
      StepProbe probe = new StepProbe(graph, request.parameters());
      StageSupport.assign(
          graph,
          request.model(),
          objective.frozen().isEmpty() ? request.model() : referencePath(request, objective));
      return probe.run(batch, control);
    }
  }

  /** A probe sees one batch and no other model or data to measure floors on. */
  private static List<double[]> floors(Floor floor, Map<Segment, List<TokenRow>> rows) {
    if (floor.equals(Floor.NONE)) {
      return List.of();
    }
    if (floor.nats().isEmpty()) {
      throw new UserException(
          "unlearn.objective.floor: found " + floor + ", expected none or a number for a probe.");
    }
    return RowFloors.of(floor, 1, rows.get(Segment.FORGET), List.of(), r -> List.of());
  }

  private static Map<Segment, List<TokenRow>> rows(Request request, Objective objective) {
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
    boolean drops = objective.regulariser().filter(r -> r.features().viewDropout() > 0).isPresent();
    for (Segment s : objective.segments()) {
      // Where dropout makes the view, its tokens are those of the forget rows.
      Segment from = s == Segment.POSITIVE && drops ? Segment.FORGET : s;
      List<TokenRow> given = request.rows().getOrDefault(from, List.of());
      if (given.isEmpty()) {
        throw new UserException(
            "--input: found no rows under \""
                + from.key()
                + "\", expected some for "
                + objective.name()
                + ".");
      }
      rows.put(s, given);
    }
    for (Segment s : List.of(Segment.POSITIVE, Segment.ALTERNATE)) {
      if (rows.containsKey(s)
          && rows.containsKey(Segment.FORGET)
          && rows.get(s).size() != rows.get(Segment.FORGET).size()) {
        throw new UserException(
            "--input: found "
                + rows.get(s).size()
                + " rows under "
                + s.key()
                + ", expected one for each of the "
                + rows.get(Segment.FORGET).size()
                + " forget rows.");
      }
    }
    return rows;
  }

  private static void requireWidth(Request request, int hidden) {
    request
        .control()
        .filter(c -> c.components().size() != hidden)
        .ifPresent(c -> throwWidth("control_vector", c.components().size(), hidden));
    for (float[] vector : request.queue()) {
      if (vector.length != hidden) {
        throwWidth("queue", vector.length, hidden);
      }
    }
  }

  private static void throwWidth(String key, int found, int hidden) {
    throw new UserException(
        "--input: found "
            + found
            + " numbers in a vector of \""
            + key
            + "\", expected "
            + hidden
            + ", the model's hidden size.");
  }

  private static Map<FeatureLayer, List<float[]>> queue(Request request, Objective objective) {
    Map<FeatureLayer, List<float[]>> queue = new LinkedHashMap<>();
    objective
        .regulariser()
        .filter(r -> r.features().queued())
        .ifPresent(r -> r.features().layers().forEach(l -> queue.put(l, request.queue())));
    return queue;
  }

  private static Path referencePath(Request request, Objective objective) {
    return request
        .reference()
        .orElseThrow(
            () ->
                new UserException(
                    "--reference: found nothing, expected the frozen model for "
                        + objective.name()
                        + "."));
  }

  private static Map<Segment, double[]> reference(
      Request request, Decoder decoder, Objective objective, Map<Segment, List<TokenRow>> rows) {
    Map<Segment, double[]> nll = new EnumMap<>(Segment.class);
    if (objective.referenceNll().isEmpty()) {
      return nll;
    }
    Path path = referencePath(request, objective);
    try (SafeTensors weights = SafeTensors.open(path);
        TensorFlowModel model =
            TensorFlowModel.of(
                decoder,
                TfRuntime.checkpoint(weights, decoder.parameters()),
                request.computation())) {
      for (Segment s : objective.referenceNll()) {
        nll.put(s, model.score(rows.get(s)).stream().mapToDouble(TokenScores::nll).toArray());
      }
    }
    return nll;
  }
}
