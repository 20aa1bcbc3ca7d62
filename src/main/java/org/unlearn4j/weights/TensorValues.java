package org.unlearn4j.weights;

import java.nio.FloatBuffer;
import java.util.function.Consumer;

/** Values of tensors, in pieces of any size, so that none need be in the Java heap as a whole. */
@FunctionalInterface
public interface TensorValues {

  /** Hands the values of a tensor to {@code pieces}, flattened, in their order. */
  void forEach(TensorInfo tensor, Consumer<FloatBuffer> pieces);
}
