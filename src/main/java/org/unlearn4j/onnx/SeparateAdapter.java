package org.unlearn4j.onnx;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * What is exported beside a base that stays as it is.
 *
 * @param unlearned the folder with the record of the unlearning that learned the adapter
 * @param modules linear maps that get inputs for an adapter
 * @param factors of this adapter; each is for one of these inputs
 */
public record SeparateAdapter(Path unlearned, Set<String> modules, List<AdapterFactor> factors) {
  public SeparateAdapter {
    modules = Set.copyOf(modules);
    factors = List.copyOf(factors);
  }
}
