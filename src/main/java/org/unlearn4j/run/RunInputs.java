package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.unlearn.Objectives;

/** What a run stands on beside its settings: weights and data. */
public final class RunInputs {
  private RunInputs() {}

  /**
   * Whether the model can be unlearned as the pipeline asks, as far as that can be told without
   * weights and data: an objective that is built, layers that the model has.
   *
   * @throws UserException if not
   */
  public static void check(Pipeline pipeline) {
    Objectives.of(pipeline.unlearn(), Decoder.of(config(pipeline)));
  }

  /**
   * SHA-256 over the weights of the model and of the retain-only model, and over the data: what it
   * is equal for gives the same results with the same settings.
   *
   * @throws UserException if weights or data are at fault
   */
  public static String hash(Pipeline pipeline) {
    StringBuilder all = new StringBuilder();
    for (Optional<Path> folder : List.of(pipeline.model().path(), pipeline.model().reference())) {
      all.append(folder.map(f -> StageSupport.weightHashes(f).toString()).orElse("none"));
    }
    Path tokenizer = pipeline.model().tokenizerFolder().orElseThrow();
    try (TaskData data = new TaskData(pipeline, tokenizer, config(pipeline).maxPositions())) {
      data.forget();
      data.retain();
      data.evaluationSets();
      return Hashes.sha256(all.append(data.provenance()).toString());
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
