package org.unlearn4j.run;

import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.unlearn.Objectives;

/** What can be told of a run before it begins. */
public final class Feasibility {
  private Feasibility() {}

  /**
   * Whether the model can be unlearned as the pipeline asks, as far as that can be told without
   * weights and data: an objective that is built, layers that the model has.
   *
   * @throws UserException if not
   */
  public static void check(Pipeline pipeline) {
    Decoder decoder = Decoder.of(config(pipeline));
    Objectives.balanced(
        Objectives.of(pipeline.unlearn(), decoder), pipeline.unlearn().loop(), "unlearn", decoder);
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
