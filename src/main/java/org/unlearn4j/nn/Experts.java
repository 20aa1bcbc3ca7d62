package org.unlearn4j.nn;

import java.util.List;
import java.util.Optional;
import org.unlearn4j.base.UserException;

/**
 * A mixture of gated MLPs of which each token goes through a few (Shazeer et al. 2017; Jiang et al.
 * 2024): a router's logits become probabilities over all experts, the largest are kept, and what
 * their experts return is summed, weighted with them.
 *
 * @param router {@code [..., in] -> [..., experts]}
 * @param chosen experts a token goes through
 * @param normalised the kept probabilities are divided by their sum, which is a softmax over the
 *     kept logits alone
 * @param clamped how gate and up meet where their values are bounded; else {@code activation} of
 *     the gate times up
 */
public record Experts(
    Linear router,
    int chosen,
    boolean normalised,
    Activation activation,
    Optional<ClampedGate> clamped,
    List<Expert> all) {

  /** One of them: {@code down(activation(gate x) * up x)}. */
  public record Expert(Linear gate, Linear up, Linear down) {}

  /** Experts whose gates are not clamped. */
  public Experts(
      Linear router, int chosen, boolean normalised, Activation activation, List<Expert> all) {
    this(router, chosen, normalised, activation, Optional.empty(), all);
  }

  public Experts {
    all = List.copyOf(all);
    if (chosen < 1 || chosen > all.size()) {
      throw new UserException(
          "config.json, num_experts_per_tok: found "
              + chosen
              + ", expected 1 to "
              + all.size()
              + ", the number of experts.");
    }
  }

  /** Features of what they return. */
  public int out() {
    return all.get(0).down().out();
  }

  /** What one of them makes of its tokens: {@code [own tokens, in] -> [own tokens, out]}. */
  public <T> T emit(Emitter<T> e, T x, Expert own) {
    T gate = e.linear(x, own.gate());
    T inner =
        clamped.isPresent()
            ? e.clampedGate(gate, e.linear(x, own.up()), clamped.get())
            : e.multiply(e.activation(gate, activation), e.linear(x, own.up()));
    return e.linear(inner, own.down());
  }
}
