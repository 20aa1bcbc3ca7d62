package org.unlearn4j.unlearn;

import java.util.Set;

/** A term on the representation instead of the prediction, added to any objective. */
public sealed interface Regulariser extends Term
    permits ClReg, MarginRegulariser, SupervisedContrast, Compactness {

  /** The features that it compares. */
  Features features();

  /** No likelihood is read. */
  @Override
  default Set<Segment> scored() {
    return Set.of();
  }
}
