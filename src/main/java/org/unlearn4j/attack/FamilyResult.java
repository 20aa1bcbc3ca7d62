package org.unlearn4j.attack;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.unlearn4j.eval.Bootstrap;

/**
 * What one family brings out of each model.
 *
 * @param family its name
 * @param probes how many there are
 * @param models by name
 */
public record FamilyResult(String family, int probes, Map<String, Leak> models) {

  /**
   * A model's part.
   *
   * @param leakage mean over the probes
   * @param probability the same
   * @param disagreements share of the probes whose two judgements disagree
   * @param excess over the retain-only model, probe by probe; empty where there is none, or this is
   *     it
   * @param limit most that the excess may be
   */
  public record Leak(
      double leakage,
      double probability,
      double disagreements,
      Optional<Bootstrap.Interval> excess,
      OptionalDouble limit) {
    /** Whether the limit holds; true where nothing is judged. */
    public boolean pass() {
      return limit.isEmpty()
          || excess.filter(e -> e.mean() <= limit.getAsDouble()).isPresent(); // NaN never passes
    }
  }

  public FamilyResult {
    models = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(models));
  }

  /**
   * Puts probes together.
   *
   * @param probes of one family
   * @param judgements by model, {@code [probe]}
   * @param reference name of the retain-only model
   * @param judged names of the models that the limit is for
   */
  static FamilyResult of(
      String family,
      List<Probe> probes,
      Map<String, List<Judgement>> judgements,
      Optional<String> reference,
      List<String> judged,
      OptionalDouble limit) {
    List<String> groups = probes.stream().map(Probe::group).toList();
    Map<String, Leak> models = new LinkedHashMap<>();
    judgements.forEach(
        (name, own) -> {
          Optional<List<Judgement>> other =
              reference.filter(r -> !r.equals(name)).map(judgements::get);
          models.put(
              name,
              new Leak(
                  Judgement.leakage(own),
                  Judgement.probability(own),
                  (double) own.stream().filter(Judgement::disagrees).count() / own.size(),
                  other.map(o -> Judgement.excess(own, o, groups)),
                  judged.contains(name) ? limit : OptionalDouble.empty()));
        });
    return new FamilyResult(family, probes.size(), models);
  }
}
