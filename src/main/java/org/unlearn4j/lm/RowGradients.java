package org.unlearn4j.lm;

import java.util.List;

/** A model that can tell how its likelihood changes with its weights, which few runtimes can. */
public interface RowGradients extends AutoCloseable {

  /**
   * L2 norm, over all parameters together, of the gradient of each row's average negative
   * log-likelihood, {@code [row]}.
   */
  double[] norms(List<TokenRow> rows);

  @Override
  void close();
}
