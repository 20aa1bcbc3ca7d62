package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.unlearn4j.adapter.MergedWeights;
import org.unlearn4j.adapter.SummedFactors;
import org.unlearn4j.onnx.AdapterFactor;
import org.unlearn4j.onnx.SeparateAdapter;

/** Adapters as ONNX Runtime takes them. */
final class AdapterFiles {
  private AdapterFiles() {}

  /**
   * The sum of some adapters as the matrices of an adapter file.
   *
   * @throws org.unlearn4j.base.UserException if one replaces parameters
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
   * @throws org.unlearn4j.base.UserException if an adapter replaces parameters
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
