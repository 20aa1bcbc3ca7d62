package org.unlearn4j.tf;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.Parameter;

/**
 * Adapters as they are trained in float32 without dropout: each adapted linear map is one product,
 * with {@code W' = W + s (B A - B0 A0)}, which takes part in no gradient. {@link Backward} asks for
 * the gradient dy of each map's output, and those of A and B follow from it:
 *
 * <pre>
 * dA = (s dy B)^T x      [rank, in]
 * dB = dy^T (s x A^T)    [out, rank]
 * </pre>
 *
 * <p>Beside the other form, {@code x W + s (x A^T) B^T}, activations are neither written nor read
 * for two sums a map, which cost more than the narrow products themselves.
 */
final class MergedAdapters {
  private final AdapterWeights adapters;
  private final List<Site> sites = new ArrayList<>();

  /**
   * An adapted map at one of the places where it is computed.
   *
   * @param tf where its operations go
   * @param x {@code [tokens, in]}
   * @param y {@code [tokens, out]}, without the bias
   */
  record Site(Ops tf, Adapter.Target target, Operand<TFloat32> x, Operand<TFloat32> y) {}

  MergedAdapters(AdapterWeights adapters) {
    this.adapters = adapters;
  }

  /** All so far. */
  List<Site> sites() {
    return sites;
  }

  /**
   * {@code x W'}: {@code [tokens, in] -> [tokens, out]}.
   *
   * @param weight of the base, in its layout
   * @return empty if the map is not adapted
   */
  Optional<Operand<TFloat32>> product(
      Ops tf, Operand<TFloat32> x, Linear linear, Operand<TFloat32> weight) {
    return adapters
        .adapter()
        .target(linear)
        .map(
            target -> {
              Ops ops = tf.withSubScope("adapter");
              // Not before x is there: or all of W' would be made first thing, and stay.
              Operand<TFloat32> sum = adapters.sum(ops.withControlDependencies(x), target, weight);
              Operand<TFloat32> y =
                  tf.linalg.matMul(x, ops.stopGradient(sum), MatMul.transposeB(!linear.inOut()));
              sites.add(new Site(ops, target, x, y));
              return y;
            });
  }

  /**
   * Gradients of A and B by one place.
   *
   * @param dy {@code [tokens, out]}
   */
  Map<Parameter, Operand<TFloat32>> gradients(Site site, Operand<TFloat32> dy) {
    Ops tf = site.tf.withSubScope("gradient");
    Adapter.Target t = site.target;
    Operand<TFloat32> a = adapters.learned().read(t.down());
    Operand<TFloat32> b = adapters.learned().read(t.up());
    Operand<TFloat32> down = adapters.scaled(tf, tf.linalg.matMul(dy, b)); // [tokens, rank]
    Operand<TFloat32> up =
        adapters.scaled(tf, tf.linalg.matMul(site.x, a, MatMul.transposeB(true))); // the same
    return Map.of(
        t.down(), tf.linalg.matMul(down, site.x, MatMul.transposeA(true)),
        t.up(), tf.linalg.matMul(dy, up, MatMul.transposeA(true)));
  }
}
