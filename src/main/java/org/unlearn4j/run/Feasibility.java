package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.weights.CodeFormat;

/** What can be told of a run before it begins. */
public final class Feasibility {
  private Feasibility() {}

  /**
   * Whether the model can be unlearned as the pipeline asks, as far as that can be told without
   * weights and data: an objective that is built, layers that the model has, also in its files.
   *
   * @throws UserException if not
   */
  public static void check(Pipeline pipeline) {
    deployable(pipeline);
    Decoder decoder = Decoder.of(config(pipeline));
    Objectives.balanced(
        Objectives.of(pipeline.unlearn(), decoder), pipeline.unlearn().loop(), "unlearn", decoder);
  }

  /**
   * Whether the model can be exported as the pipeline asks.
   *
   * @throws UserException if layers are named that it does not have
   */
  public static void deployable(Pipeline pipeline) {
    CodeFormat codes = pipeline.export().choices().int4();
    Optional<Path> model = pipeline.model().path().or(pipeline.model()::config);
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
    return ModelConfig.read(
        pipeline
            .model()
            .path()
            .orElseThrow(
                () ->
                    new UserException(
                        "model.path: found nothing, expected the model that shall forget.")));
  }
}
