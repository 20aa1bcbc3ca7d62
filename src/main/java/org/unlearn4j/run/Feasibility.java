package org.unlearn4j.run;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.ModelSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;

/** What can be told of a run before it begins. */
public final class Feasibility {
  private Feasibility() {}

  /**
   * Whether the model can be trained as the pipeline asks, as far as that can be told without
   * weights and data: objectives that are built, layers, linear maps and experts that the model
   * has.
   *
   * @throws UserException if not, with all that is wrong
   */
  public static void check(Pipeline pipeline) {
    Decoder decoder = Decoder.of(config(pipeline));
    Set<String> mistakes = new LinkedHashSet<>();
    attempt(mistakes, () -> Objectives.of(pipeline.unlearn(), decoder));
    // What a training adds to its objective is the same whatever the objective is.
    trainings(pipeline)
        .forEach(
            (block, loop) ->
                attempt(
                    mistakes,
                    () ->
                        Objectives.forTraining(
                            Objective.finetune(), loop, block, decoder, Map.of())));
    if (!mistakes.isEmpty()) {
      throw new UserException(String.join("\n", mistakes));
    }
  }

  private static void attempt(Set<String> mistakes, Runnable step) {
    try {
      step.run();
    } catch (UserException e) {
      e.getMessage().lines().forEach(mistakes::add);
    }
  }

  /** By the block of the pipeline file. */
  private static Map<String, LoopSettings> trainings(Pipeline pipeline) {
    Map<String, LoopSettings> trainings = new LinkedHashMap<>();
    pipeline.finetune().ifPresent(f -> trainings.put("finetune", f.loop()));
    trainings.put("unlearn", pipeline.unlearn().loop());
    pipeline.relearn().ifPresent(r -> trainings.put("relearn", r.loop()));
    return trainings;
  }

  private static ModelConfig config(Pipeline pipeline) {
    ModelSettings model = pipeline.model();
    if (model.init() == ModelSettings.Init.RANDOM) {
      return TeachStage.fresh(model);
    }
    return ModelConfig.read(
        model
            .path()
            .orElseThrow(
                () ->
                    new UserException(
                        "model.path: found nothing, expected the model that shall forget.")));
  }
}
