package org.unlearn4j.config;

import static org.unlearn4j.config.Fallback.absent;
import static org.unlearn4j.config.Fallback.constant;
import static org.unlearn4j.config.Fallback.derived;
import static org.unlearn4j.config.ValueType.choice;
import static org.unlearn4j.config.ValueType.dropProbability;
import static org.unlearn4j.config.ValueType.flag;
import static org.unlearn4j.config.ValueType.integer;
import static org.unlearn4j.config.ValueType.listOf;
import static org.unlearn4j.config.ValueType.nonNegative;
import static org.unlearn4j.config.ValueType.positive;
import static org.unlearn4j.config.ValueType.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The keys of a training loop's {@code adapter} and their defaults. */
final class AdapterKeys {
  private final String at;

  /** Whether there are forget and retain rows that adapters can be guided by. */
  private final boolean forgets;

  final Key<Integer> rank;
  final Key<Double> alpha;
  final Key<Boolean> rankStabilised;
  final Key<Double> dropout;
  final Key<List<String>> targets;
  final Key<List<Integer>> layers;
  final Key<AdapterSettings.Init> init;
  final Key<Boolean> trainBias;
  final Key<Double> beta;
  final Key<Double> orthogonality;
  final Key<Integer> orthogonalityRank;

  /**
   * Keys of a block.
   *
   * @param loop the training loop's
   */
  AdapterKeys(String loop) {
    at = loop + ".adapter";
    forgets = loop.equals("unlearn");
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
    beta =
        key(
            "beta",
            dropProbability(),
            constant(0.7),
            "with `init: ReGLU`, how much the retain rows weigh against the forget rows");
    orthogonality =
        key(
            "orthogonality",
            nonNegative(),
            constant(0.0),
            "weight of the term that keeps B away from the retain rows' outputs; 0: off");
    orthogonalityRank =
        key(
            "orthogonality_rank",
            integer(1, 4096),
            constant(128),
            "directions of the retain rows' outputs that it keeps B away from");
  }

  List<Key<?>> keys() {
    List<Key<?>> all =
        new ArrayList<>(
            List.of(rank, alpha, rankStabilised, dropout, targets, layers, init, trainBias));
    if (forgets) {
      all.addAll(List.of(beta, orthogonality, orthogonalityRank));
    }
    return all;
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
                s.get(trainBias),
                forgets
                    ? new AdapterSettings.Guidance(
                        s.get(beta), s.get(orthogonality), s.get(orthogonalityRank))
                    : AdapterSettings.Guidance.NONE))
        : Optional.empty();
  }

  private <T> Key<T> key(String name, ValueType<T> type, Fallback<T> fallback, String doc) {
    return new Key<>(at + "." + name, type, fallback, doc);
  }
}
