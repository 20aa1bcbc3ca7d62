package org.unlearn4j.adapter;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.weights.SafeTensors;

/** Holds the tensors of an adapter's file against its configuration and a model. */
final class AdapterTensors {
  /** Endings of names that are no A or B of a linear map, and what they are. */
  private static final Map<String, String> REFUSED =
      Map.of(
          ".lora_embedding_A", "an adapter of a token table",
          ".lora_embedding_B", "an adapter of a token table",
          ".lora_magnitude_vector", "magnitudes of DoRA",
          ".lora_A.bias", "a bias of A",
          ".lora_B.bias", "a bias of B");

  private final Path file;
  private final PeftConfig config;
  private final Decoder decoder;
  private final List<String> mistakes;
  private final Map<String, Linear> linears = new LinkedHashMap<>();
  private final UnaryOperator<String> spelling;
  private final Set<String> used = new LinkedHashSet<>();
  private final SafeTensors tensors;
  private final Set<Parameter> inBlocks;

  private AdapterTensors(
      SafeTensors tensors, PeftConfig config, Decoder decoder, List<String> mistakes) {
    this.tensors = tensors;
    this.file = tensors.source();
    this.config = config;
    this.decoder = decoder;
    this.mistakes = mistakes;
    this.inBlocks = Set.copyOf(decoder.blockMatrices());
    Set<String> adapted = new LinkedHashSet<>();
    for (String name : tensors.names()) {
      String own =
          name.startsWith(PeftNames.PREFIX) ? name.substring(PeftNames.PREFIX.length()) : "";
      if (own.endsWith(PeftNames.DOWN)) {
        adapted.add(own.substring(0, own.length() - PeftNames.DOWN.length()));
      }
    }
    this.spelling = PeftNames.spelling(decoder, adapted);
    decoder.linears().forEach(l -> linears.put(spelling.apply(l.module()), l));
  }

  /**
   * Reads them.
   *
   * @param mistakes gets a sentence for each thing that does not fit
   * @return one for each rank and scale
   */
  static List<LowRank> read(Path file, PeftConfig config, Decoder decoder, List<String> mistakes) {
    try (SafeTensors tensors = SafeTensors.open(file)) {
      return new AdapterTensors(tensors, config, decoder, mistakes).adapters();
    }
  }

  private List<LowRank> adapters() {
    Map<Adapter.Shape, List<Adapter.Target>> targets = new LinkedHashMap<>();
    Map<String, float[]> values = new HashMap<>();
    linears.forEach(
        (module, linear) -> {
          boolean down = tensors.contains(PeftNames.PREFIX + module + PeftNames.DOWN);
          boolean up = tensors.contains(PeftNames.PREFIX + module + PeftNames.UP);
          boolean named =
              config
                  .named()
                  .map(n -> n.test(module))
                  .orElse(config.allLinear() && inBlocks.contains(linear.weight()));
          if (!down && !up && !named) {
            return;
          }
          if (!named && config.named().isPresent()) {
            add(
                "modules " + module,
                "its tensors",
                "them under target_modules of " + config.file());
          }
          Adapter.Shape shape = config.shape(module);
          Adapter.Target target = LowRank.target(linear, shape.rank());
          boolean first = take(module + PeftNames.DOWN, target.down(), values);
          boolean second = take(module + PeftNames.UP, target.up(), values);
          if (first && second) {
            targets.computeIfAbsent(shape, s -> new ArrayList<>()).add(target);
          }
        });
    Map<String, String> stored = new LinkedHashMap<>();
    List<Parameter> replaced = replaced(stored);
    superfluous();
    if (used.isEmpty() && mistakes.isEmpty()) {
      add("", "no tensors of an adapter", PeftNames.PREFIX + "MODULE" + PeftNames.DOWN);
    }
    return mistakes.isEmpty() ? grouped(targets, replaced, source(values, stored)) : List.of();
  }

  private List<LowRank> grouped(
      Map<Adapter.Shape, List<Adapter.Target>> targets,
      List<Parameter> replaced,
      WeightSource source) {
    List<LowRank> adapters = new ArrayList<>();
    targets.forEach(
        (shape, some) -> {
          Set<Parameter> biases = new LinkedHashSet<>();
          some.forEach(t -> t.linear().bias().filter(replaced::contains).ifPresent(biases::add));
          // What belongs to no target goes with the first ones.
          List<Parameter> own =
              adapters.isEmpty()
                  ? replaced.stream()
                      .filter(p -> biases.contains(p) || !ofTarget(targets, p))
                      .toList()
                  : List.copyOf(biases);
          adapters.add(new LowRank(new Adapter(shape, some, List.copyOf(biases)), own, source));
        });
    return adapters;
  }

  private static boolean ofTarget(
      Map<Adapter.Shape, List<Adapter.Target>> targets, Parameter bias) {
    return targets.values().stream()
        .flatMap(List::stream)
        .anyMatch(t -> t.linear().bias().filter(bias::equals).isPresent());
  }

  /** A, B from the heap; what belongs to the base from the file, piece by piece. */
  private WeightSource source(Map<String, float[]> values, Map<String, String> stored) {
    Path from = file;
    return (p, at, to) -> {
      float[] own = values.get(p.name());
      if (own != null) {
        to.put(own, Math.toIntExact(at), to.remaining());
        return;
      }
      try (SafeTensors again = SafeTensors.open(from)) {
        again.read(stored.get(p.name()), at, to);
      }
    };
  }

  /** Takes the values of A or B if they are as they should be. */
  private boolean take(String name, Parameter p, Map<String, float[]> values) {
    String full = PeftNames.PREFIX + name;
    used.add(full);
    if (!tensors.contains(full)) {
      String format = tensors.others().get(full);
      add(
          "tensor " + full,
          format == null ? "nothing" : "dtype " + format,
          (format == null ? "one of shape " : "F32, F16 or BF16 of shape ") + p.shape());
      return false;
    }
    if (!fits(full, p)) {
      return false;
    }
    float[] all = tensors.floats(full);
    for (float x : all) {
      if (!Float.isFinite(x)) {
        add("tensor " + full, "the value " + x, "finite ones");
        return false;
      }
    }
    values.put(p.name(), all);
    return true;
  }

  private boolean fits(String full, Parameter p) {
    List<Integer> shape = tensors.info(full).shape();
    if (!shape.equals(p.shape())) {
      add("tensor " + full, "shape " + shape, p.shape() + ", as " + PeftConfig.NAME + " has it");
    }
    return shape.equals(p.shape());
  }

  /** Parameters of the base that have other values: biases, and the matrix of an adapted head. */
  private List<Parameter> replaced(Map<String, String> stored) {
    List<Parameter> replaced = new ArrayList<>();
    for (Parameter p : decoder.parameters()) {
      String name = spelling.apply(p.name());
      boolean bias = name.endsWith(".bias") && config.biases();
      boolean head = name.endsWith(".weight") && !inBlocks.contains(p);
      for (String n : List.of(name, PeftNames.ofBase(name))) {
        String full = PeftNames.PREFIX + n;
        boolean wanted = bias || (head && !n.equals(name));
        if (!wanted || !tensors.contains(full) || !used.add(full) || !fits(full, p)) {
          continue;
        }
        stored.put(p.name(), full);
        if (!replaced.contains(p)) {
          replaced.add(p);
        }
      }
    }
    return replaced;
  }

  private void superfluous() {
    List<String> all = new ArrayList<>(tensors.names());
    all.addAll(tensors.others().keySet());
    all.stream()
        .filter(n -> !used.contains(n))
        .forEach(n -> add("tensor " + n, found(n), wanted(n)));
  }

  private String found(String name) {
    return REFUSED.entrySet().stream()
        .filter(e -> name.endsWith(e.getKey()))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse(
            name.endsWith(".bias") && !config.biases()
                ? "a bias, though bias is none in " + PeftConfig.NAME
                : "a tensor that has no place in an adapter of this model");
  }

  private String wanted(String name) {
    boolean head =
        decoder.config().tiedEmbeddings() && name.startsWith(PeftNames.PREFIX + "lm_head.");
    return head
        ? "none: this model's head is its token table, which would change with it"
        : "A and B of its linear maps";
  }

  private void add(String place, String found, String expected) {
    mistakes.add(UserException.at(file, place, found, expected).getMessage());
  }
}
