package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.ModelSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.onnx.OnnxExporter;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.weights.CodeFormat;
import org.unlearn4j.weights.GraphChoices;

/** What can be told of a run before it begins. */
public final class Feasibility {
  private Feasibility() {}

  /**
   * Whether the model can be trained as the pipeline asks, as far as that can be told without
   * weights and data: objectives that are built, layers, linear maps and experts that the model
   * has, also in its files.
   *
   * @throws UserException if not, with all that is wrong
   */
  public static void check(Pipeline pipeline) {
    Decoder decoder = Decoder.of(config(pipeline));
    Set<String> mistakes = new LinkedHashSet<>();
    attempt(mistakes, () -> deployable(pipeline));
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

  /**
   * Whether the model can be exported as the pipeline asks.
   *
   * @throws UserException if layers are named that it does not have, or its heads have a size that
   *     the operator asked for does not take
   */
  public static void deployable(Pipeline pipeline) {
    GraphChoices choices = pipeline.export().choices();
    CodeFormat codes = choices.int4();
    Optional<Path> model = pipeline.model().path().or(pipeline.model()::config);
    if (choices.grouped() && model.isPresent()) {
      OnnxExporter.requireHeads(choices, ModelConfig.read(model.get()), model.get());
    }
    // What is wrong with a model's folder says the stage that reads it first.
    if (!codes.eightBitLayers().isEmpty() && model.isPresent()) {
      int layers = ModelConfig.read(model.get()).layers();
      codes.requireLayers(layers, "export.int4.eight_bit_layers", model.get().toString());
    }
  }

  /**
   * Whether stages find in files what they need of them.
   *
   * @param stages that will run, or whose output is there
   * @throws UserException if files have no logits of all positions and a verdict is asked for
   */
  public static void readable(Pipeline pipeline, List<String> stages) {
    if (pipeline.export().choices().lastLogits() && stages.contains("verify")) {
      throw new UserException(
          "export.logits: found last beside the stage verify, which compares logits of all"
              + " positions, expected all, or a run --until export.");
    }
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
