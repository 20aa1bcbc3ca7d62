package org.unlearn4j.config;

import static org.unlearn4j.config.Fallback.absent;
import static org.unlearn4j.config.Fallback.constant;
import static org.unlearn4j.config.Fallback.derived;
import static org.unlearn4j.config.ValueType.choice;
import static org.unlearn4j.config.ValueType.dropProbability;
import static org.unlearn4j.config.ValueType.flag;
import static org.unlearn4j.config.ValueType.integer;
import static org.unlearn4j.config.ValueType.listOf;
import static org.unlearn4j.config.ValueType.positive;
import static org.unlearn4j.config.ValueType.text;

import java.util.List;
import java.util.Optional;

/** The keys of a training loop's {@code adapter} and their defaults. */
final class AdapterKeys {
  private final String at;
  final Key<Integer> rank;
  final Key<Double> alpha;
  final Key<Boolean> rankStabilised;
  final Key<Double> dropout;
  final Key<List<String>> targets;
  final Key<List<Integer>> layers;
  final Key<AdapterSettings.Init> init;
  final Key<Boolean> trainBias;

  /**
   * Keys of a block.
   *
   * @param loop the training loop's
   */
  AdapterKeys(String loop) {
    at = loop + ".adapter";
    rank = key("rank", integer(1, 4096), constant(16), "columns of A and rows of B");
    alpha =
        key(
            "alpha",
            positive(),
            derived("twice the rank", s -> s.find(rank).map(r -> 2.0 * r)),
            "what the adapters add is multiplied by alpha / rank");
    rankStabilised =
        key("rank_stabilised", flag(), constant(false), "by alpha / sqrt(rank) instead");
    dropout =
        key(
            "dropout",
            dropProbability(),
            constant(0.0),
            "probability with which an adapter leaves out a value of its input in training");
    targets =
        key(
            "targets",
            listOf(text("all-linear, a role or a module's name"), "targets"),
            constant(List.of("all-linear")),
            "linear maps: all-linear, q, k, v, o, gate, up, down, head or names of modules");
    layers =
        key(
            "layers",
            listOf(integer(0, 100_000), "layers"),
            absent("all of them"),
            "blocks whose linear maps are adapted, from 0");
    init =
        key(
            "init",
            choice(AdapterSettings.Init.class),
            constant(AdapterSettings.Init.GAUSSIAN),
            "what A and B begin with (docs/reference/adapters.md)");
    trainBias =
        key("train_bias", flag(), constant(false), "whether biases of adapted maps learn too");
  }

  List<Key<?>> keys() {
    return List.of(rank, alpha, rankStabilised, dropout, targets, layers, init, trainBias);
  }

  Section section() {
    return new Section(
        at, true, "low-rank adapters learn, and the weights stay; left out: the weights learn");
  }

  Optional<AdapterSettings> read(Settings s) {
    return s.hasSection(at)
        ? Optional.of(
            new AdapterSettings(
                s.get(rank),
                s.get(alpha),
                s.get(rankStabilised),
                s.get(dropout),
                s.get(targets),
                s.find(layers).orElse(List.of()),
                s.get(init),
                s.get(trainBias)))
        : Optional.empty();
  }

  private <T> Key<T> key(String name, ValueType<T> type, Fallback<T> fallback, String doc) {
    return new Key<>(at + "." + name, type, fallback, doc);
  }
}
