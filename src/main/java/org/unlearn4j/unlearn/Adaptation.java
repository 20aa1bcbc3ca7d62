package org.unlearn4j.unlearn;

import java.util.Map;
import java.util.Optional;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.DType;

/**
 * Adapters learn, and the model that they are added to stays as it is, in the number formats of its
 * checkpoint: there is one copy of it, which is its own frozen twin.
 *
 * @param formats of the checkpoint, by parameter; float32 for those that are not in it
 * @param shifted whether the adapters begin with other values than zeros, which are taken off again
 * @param orthogonality the term that keeps B away from the retain rows' outputs
 */
public record Adaptation(
    Adapter adapter,
    Map<String, DType> formats,
    boolean shifted,
    Optional<Orthogonality> orthogonality) {
  public Adaptation {
    formats = Map.copyOf(formats);
  }

  /** Adapters without such a term. */
  public Adaptation(Adapter adapter, Map<String, DType> formats, boolean shifted) {
    this(adapter, formats, shifted, Optional.empty());
  }

  /** The same adapters, or fewer. */
  Adaptation with(Adapter other) {
    return new Adaptation(other, formats, shifted, orthogonality);
  }

  /** In which format a parameter of the model lies in memory. */
  public DType format(Parameter p) {
    return formats.getOrDefault(p.name(), DType.F32);
  }
}
