package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.unlearn4j.adapter.AdapterFolder;
import org.unlearn4j.adapter.MergedWeights;
import org.unlearn4j.adapter.SummedFactors;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.onnx.AdapterFactor;
import org.unlearn4j.onnx.SeparateAdapter;
import org.unlearn4j.train.ModelFolder;

/** Adapters as ONNX Runtime takes them. */
final class AdapterFiles {
  private AdapterFiles() {}

  /**
   * The model that an adapter of a pipeline's belongs to.
   *
   * @throws UserException if the pipeline names none
   */
  static Path base(Pipeline pipeline) {
    return pipeline
        .model()
        .path()
        .orElseThrow(
            () ->
                new UserException(
                    "model.path: found nothing, expected the base that export.adapter: separate"
                        + " deploys."));
  }

  /**
   * What a pipeline's unlearning has learned.
   *
   * @param unlearned the model that it has written
   * @throws UserException if there is no adapter, or it is not one of the base
   */
  static List<MergedWeights.Weighted> learned(Pipeline pipeline, Path unlearned) {
    Decoder decoder = Decoder.of(ModelConfig.read(base(pipeline)));
    return AdapterFolder.read(unlearned.resolve(ModelFolder.ADAPTER_FOLDER), decoder).stream()
        .map(MergedWeights.Weighted::whole)
        .toList();
  }

  /**
   * The sum of some adapters as the matrices of an adapter file.
   *
   * @throws UserException if one replaces parameters
   */
  static List<AdapterFactor> factors(List<MergedWeights.Weighted> adapters) {
    return SummedFactors.of(adapters).stream()
        .flatMap(
            f ->
                AdapterFactor.of(
                    f.linear().module(),
                    f.linear().in(),
                    f.rank(),
                    f.linear().out(),
                    f.down(),
                    f.up())
                    .stream())
        .toList();
  }

  /**
   * What is exported beside a base.
   *
   * @param unlearned the folder with the record of the unlearning
   * @throws UserException if an adapter replaces parameters
   */
  static SeparateAdapter separate(Path unlearned, List<MergedWeights.Weighted> adapters) {
    return new SeparateAdapter(
        unlearned,
        SummedFactors.of(adapters).stream()
            .map(f -> f.linear().module())
            .collect(Collectors.toSet()),
        factors(adapters));
  }
}
