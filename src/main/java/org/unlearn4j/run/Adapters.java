package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.adapter.LowRank;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.AdapterWeights;
import org.unlearn4j.tf.Values;
import org.unlearn4j.tf.Variables;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;

/** Adapters in a training: which, and what they have learned. */
final class Adapters {
  private Adapters() {}

  /**
   * An objective through the adapters that a training's settings describe, if they do, with the
   * loss that balances experts, if they say so.
   *
   * @param block of the pipeline file, for messages
   * @param models whose weights the graph will be given
   */
  static Objective of(
      Objective objective, LoopSettings loop, String block, Decoder decoder, List<Path> models) {
    return Objectives.forTraining(objective, loop, block, decoder, formats(decoder, models));
  }

  /** In which format each parameter lies in all of the models; float32 where they differ. */
  private static Map<String, DType> formats(Decoder decoder, List<Path> models) {
    Map<String, DType> formats = new HashMap<>();
    for (Path model : models) {
      try (SafeTensors weights = SafeTensors.open(model)) {
        for (Parameter p : decoder.parameters()) {
          if (weights.contains(p.name())) {
            formats.merge(
                p.name(), weights.info(p.name()).dtype(), (a, c) -> a == c ? a : DType.F32);
          }
        }
      }
    }
    return formats;
  }

  /** What a graph's adapters have learned, read from it. */
  static LowRank learned(AdapterWeights weights) {
    LowRank learned = read(weights.adapter(), weights.learned());
    return weights
        .start()
        .map(start -> learned.since(read(withoutBiases(weights.adapter()), start)))
        .orElse(learned);
  }

  private static Adapter withoutBiases(Adapter adapter) {
    return new Adapter(adapter.shape(), adapter.targets(), List.of());
  }

  private static LowRank read(Adapter adapter, Variables variables) {
    Map<String, float[]> all = new HashMap<>();
    try (Values values = variables.values()) {
      adapter.parameters().forEach(p -> all.put(p.name(), values.of(p).array()));
    }
    return LowRank.of(adapter, p -> all.get(p.name()));
  }
}
