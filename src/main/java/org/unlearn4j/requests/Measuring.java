package org.unlearn4j.requests;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.unlearn4j.base.HostMemory;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Metric;
import org.unlearn4j.eval.RowResult;
import org.unlearn4j.eval.SetMetric;
import org.unlearn4j.job.Context;
import org.unlearn4j.job.PipelineStages;
import org.unlearn4j.job.RunProgress;
import org.unlearn4j.run.EvaluateStage;
import org.unlearn4j.stage.Stage;
import org.unlearn4j.stage.StageGraph;

/**
 * Measures a model by every request's rows and by what is to be kept, in one evaluation: rows of
 * requests lie one behind the other in its forget set.
 *
 * @param pipeline with the data of the measurement
 */
record Measuring(Pipeline pipeline, Context context) {
  /** The metric that says whether a request holds: mean probability of its answers. */
  static final String HELD_BY = Metric.FORGET_PROB.key();

  /** Values of rows whose means are recorded, and the metrics' names. */
  private static final Map<String, String> MEANS =
      Map.of(
          SetMetric.PROB.value(), HELD_BY,
          Metric.EXTRACTION_STRENGTH.key(), Metric.EXTRACTION_STRENGTH.key(),
          Metric.EXACT_MEMORIZATION.key(), Metric.EXACT_MEMORIZATION.key());

  /** Questions about what is to be kept are answered; those about the forgotten are scored. */
  private static final Set<EvalSet.Role> GENERATED =
      Set.of(EvalSet.Role.RETAIN, EvalSet.Role.GENERAL);

  private static final String FORGET = "forget";

  /**
   * Measures a model, unless that is done.
   *
   * @param name in the file
   * @param runtime {@code tf}, {@code onnx} or {@code onnx:VARIANT}
   * @param reference evaluation of a retain-only model by the same rows
   * @param out the file of the evaluation
   */
  EvaluationResult run(
      String name, Path model, String runtime, Optional<Path> reference, Path out) {
    PipelineStages stages = new PipelineStages(pipeline, context, GENERATED);
    EvaluateStage.Request request = new EvaluateStage.Request(name, model, runtime, reference);
    run(List.of(stages.evaluate("evaluate " + name, request, out)), context);
    return EvaluationResult.read(out);
  }

  /** Runs stages that are not of their inputs. */
  static boolean run(List<Stage> stages, Context context) {
    StageGraph graph = new StageGraph(stages, context.hashes(), context.versions());
    StageGraph.Request all = new StageGraph.Request(Optional.empty(), Set.of(), 1);
    return graph.run(
        all, HostMemory::available, new RunProgress(graph.plan(all), context.log(), context.log()));
  }

  /**
   * Means over each request's rows.
   *
   * @param lines of each request's rows in the file that was measured
   * @param questions that were asked about each row of that file, by its line
   * @throws UserException if the evaluation has other rows
   */
  static Map<String, Map<String, Double>> byRequest(
      EvaluationResult result,
      Map<String, List<Integer>> lines,
      SortedMap<Integer, Integer> questions,
      Path file) {
    List<RowResult> rows = result.rows(FORGET);
    int total = questions.values().stream().mapToInt(Integer::intValue).sum();
    if (rows.size() != total) {
      throw UserException.at(
          file,
          "rows." + FORGET,
          rows.size() + " rows",
          total + ", one for each question about the rows");
    }
    Map<String, Map<String, Double>> all = new LinkedHashMap<>();
    Map<Integer, List<RowResult>> byLine = new TreeMap<>();
    int from = 0;
    for (Map.Entry<Integer, Integer> line : questions.entrySet()) {
      byLine.put(line.getKey(), rows.subList(from, from + line.getValue()));
      from += line.getValue();
    }
    for (Map.Entry<String, List<Integer>> request : lines.entrySet()) {
      List<RowResult> own =
          request.getValue().stream()
              .flatMap(line -> byLine.getOrDefault(line, List.of()).stream())
              .toList();
      Map<String, Double> means = new TreeMap<>();
      MEANS.forEach(
          (value, metric) ->
              own.stream()
                  .flatMapToDouble(r -> r.value(value).stream())
                  .average()
                  .ifPresent(mean -> means.put(metric, mean)));
      all.put(request.getKey(), means);
    }
    return all;
  }

  /**
   * What a model is worth: the first metric there is of those that must not fall.
   *
   * @throws UserException if there is none
   */
  static double utility(EvaluationResult result, Path file) {
    for (Metric metric : Metric.judged(Metric.Judged.BY_FALL)) {
      if (result.metric(metric.key()).isPresent()) {
        return result.metric(metric.key()).getAsDouble();
      }
    }
    throw UserException.at(
        file, "metrics", "no measure of what is to be kept", "rows that utility is measured by");
  }
}
