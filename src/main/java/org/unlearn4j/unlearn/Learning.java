package org.unlearn4j.unlearn;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Parameter;

/**
 * What a step changes: parameters of the model, or adapters beside it.
 *
 * @param trainable names of the model's parameters that are trained, or whose linear maps are
 *     adapted; empty: all
 * @param adaptation the adapters that learn in their place
 */
public record Learning(Optional<Set<String>> trainable, Optional<Adaptation> adaptation) {
  /** The whole model. */
  static final Learning ALL = new Learning(Optional.empty(), Optional.empty());

  public Learning {
    trainable = trainable.map(Set::copyOf);
  }

  /** Fewer parameters: those of these names that are trained now. */
  Learning only(Set<String> names) {
    Set<String> both = new HashSet<>(names);
    trainable.ifPresent(both::retainAll);
    return new Learning(Optional.of(both), adaptation);
  }

  /** Adapters, of the linear maps that are trained now. */
  Learning through(Adaptation added) {
    return new Learning(trainable, Optional.of(added.with(added.adapter().onlyOf(this::names))));
  }

  private boolean names(Parameter p) {
    return trainable.map(t -> t.contains(p.name())).orElse(true);
  }

  /** Whether a parameter of the model is trained. */
  boolean trains(Parameter p) {
    return adaptation.isEmpty() && names(p);
  }

  /** Whether the gradient of something that learns reads the input of a linear map. */
  public boolean readsInput(Parameter weight) {
    return trains(weight) || rank(weight) > 0;
  }

  /** The rank of the adapter beside a linear map; 0: there is none. */
  public int rank(Parameter weight) {
    return adaptation
        .filter(
            a -> a.adapter().targets().stream().anyMatch(t -> t.linear().weight().equals(weight)))
        .map(a -> a.adapter().shape().rank() * (a.shifted() ? 2 : 1))
        .orElse(0);
  }

  /** All parameters that have a gradient: of the model, or of the adapters. */
  public List<Parameter> parameters(Decoder decoder) {
    return adaptation.isPresent()
        ? adaptation.get().adapter().parameters()
        : decoder.parameters().stream().filter(this::names).toList();
  }
}
