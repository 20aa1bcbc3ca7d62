package org.unlearn4j.unlearn;

import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.AdapterSettings;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.DType;

/** Adaptations as settings describe them. */
public final class Adaptations {
  private Adaptations() {}

  /**
   * An objective through the adapters that a training's settings describe, if they do.
   *
   * @param block of the pipeline file, for messages
   * @param formats in which the model's parameters lie in its checkpoint, by name
   * @throws UserException as {@link #of(AdapterSettings, String, Decoder, Map)}
   */
  static Objective through(
      Objective objective,
      LoopSettings loop,
      String block,
      Decoder decoder,
      Map<String, DType> formats) {
    return loop.adapter()
        .map(a -> objective.adapting(of(a, block, decoder, formats)))
        .orElse(objective);
  }

  /** The formats of a checkpoint that has one for all parameters. */
  public static Map<String, DType> stored(Decoder decoder, DType format) {
    return decoder.parameters().stream().collect(Collectors.toMap(Parameter::name, p -> format));
  }

  /**
   * The adapters of a training.
   *
   * @param block of the pipeline file, for messages
   * @param formats in which the model's parameters lie in its checkpoint, by name
   * @throws UserException for linear maps, blocks or a rank that the model does not have
   */
  public static Adaptation of(
      AdapterSettings settings, String block, Decoder decoder, Map<String, DType> formats) {
    return new Adaptation(
        Adapter.of(
            decoder,
            new Adapter.Shape(
                settings.rank(), settings.alpha(), settings.rankStabilised(), settings.dropout()),
            new Adapter.Selection(
                settings.targets(), settings.layers(), settings.trainBias(), block + ".adapter")),
        formats,
        settings.init() != AdapterSettings.Init.GAUSSIAN,
        Optional.of(settings.guidance())
            .filter(g -> g.orthogonality() > 0)
            .map(g -> new Orthogonality(g.orthogonality(), g.orthogonalityRank())));
  }
}
