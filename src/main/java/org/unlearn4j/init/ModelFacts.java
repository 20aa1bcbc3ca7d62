package org.unlearn4j.init;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.unlearn4j.base.UserException;
import org.unlearn4j.inspect.UnlearningPlans;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;

/**
 * What there is to know of a model before it is run.
 *
 * @param formats in which its parameters lie in the checkpoint, by name
 */
record ModelFacts(Path folder, Decoder decoder, Map<String, DType> formats) {
  ModelFacts {
    formats = Map.copyOf(formats);
  }

  /**
   * Reads configuration and weights' headers; what is wrong with both goes to {@code problems}.
   *
   * @param folder a Hugging Face folder
   */
  static Optional<ModelFacts> read(Path folder, Problems problems) {
    if (!Files.isDirectory(folder)) {
      String found = Files.exists(folder) ? "a file" : "nothing there";
      problems.add(UserException.at(folder, "", found, "a Hugging Face model folder").getMessage());
      return Optional.empty();
    }
    Optional<Decoder> decoder = problems.attempt(() -> Decoder.of(ModelConfig.read(folder)));
    Optional<Map<String, DType>> formats =
        decoder.flatMap(d -> problems.attempt(() -> formats(folder, d)));
    return formats.map(f -> new ModelFacts(folder, decoder.orElseThrow(), f));
  }

  private static Map<String, DType> formats(Path folder, Decoder decoder) {
    Map<String, List<Integer>> shapes = new LinkedHashMap<>();
    decoder.parameters().forEach(p -> shapes.put(p.name(), p.shape()));
    Map<String, DType> formats = new HashMap<>();
    try (SafeTensors weights = SafeTensors.open(folder)) {
      weights.require(shapes);
      for (Parameter p : decoder.parameters()) {
        if (weights.contains(p.name())) {
          formats.put(p.name(), weights.info(p.name()).dtype());
        }
      }
    }
    return formats;
  }

  long parameters() {
    return decoder.parameters().stream().mapToLong(Parameter::size).sum();
  }

  /** Longest sequence that it reads, in tokens. */
  int positions() {
    return decoder.config().maxPositions();
  }

  /** The rank of adapters, which a narrow map does not let be larger than its own. */
  int rank() {
    return decoder.blockMatrices().stream()
        .flatMap(p -> p.shape().stream())
        .reduce(UnlearningPlans.RANK, Math::min);
  }

  /** In a few words: {@code llama, 2,745,344 parameters in float32}. */
  String words() {
    String stored =
        formats.values().stream()
            .map(DType::torchName)
            .distinct()
            .sorted()
            .collect(Collectors.joining(" and "));
    return String.format(
        Locale.ROOT,
        "%s, %,d parameters in %s",
        decoder.config().json().path("model_type").asText("?"),
        parameters(),
        stored.isEmpty() ? "another format" : stored);
  }
}
