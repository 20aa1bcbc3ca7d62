package org.unlearn4j.nn;

import java.util.List;
import org.unlearn4j.base.UserException;

/**
 * A mixture of gated MLPs of which each token goes through a few (Shazeer et al. 2017; Jiang et al.
 * 2024): a router's logits become probabilities over all experts, the largest are kept, and what
 * their experts return is summed, weighted with them.
 *
 * @param router {@code [..., in] -> [..., experts]}
 * @param chosen experts a token goes through
 * @param normalised the kept probabilities are divided by their sum
 */
public record Experts(
    Linear router, int chosen, boolean normalised, Activation activation, List<Expert> all) {

  /** One of them: {@code down(activation(gate x) * up x)}. */
  public record Expert(Linear gate, Linear up, Linear down) {}

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
}
