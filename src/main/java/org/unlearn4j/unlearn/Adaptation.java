package org.unlearn4j.unlearn;

import java.util.Map;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.DType;

/**
 * Adapters learn, and the model that they are added to stays as it is, in the number formats of its
 * checkpoint: there is one copy of it, which is its own frozen twin.
 *
 * @param formats of the checkpoint, by parameter; float32 for those that are not in it
 * @param shifted whether the adapters begin with other values than zeros, which are taken off again
 */
public record Adaptation(Adapter adapter, Map<String, DType> formats, boolean shifted) {
  public Adaptation {
    formats = Map.copyOf(formats);
  }

  /** In which format a parameter of the model lies in memory. */
  public DType format(Parameter p) {
    return formats.getOrDefault(p.name(), DType.F32);
  }
}
