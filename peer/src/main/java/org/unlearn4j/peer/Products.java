package org.unlearn4j.peer;

import static org.bytedeco.pytorch.global.torch.mm;
import static org.bytedeco.pytorch.global.torch.randn;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * What matrix products reach in LibTorch: the measure for both steps, together with TensorFlow's.
 */
final class Products {
  private static final int RUNS = 6;

  /** A run takes at least as many operations, so that starting it does not count. */
  private static final double OPERATIONS = 3e10;

  /** Rows, inner width and columns. */
  private static final int[][] SIZES = {
    {2048, 1024, 1024}, {1024, 1024, 1024}, {2048, 2048, 2048}, {4096, 4096, 4096}
  };

  private Products() {}

  /**
   * Times them. In float32.
   *
   * @return by size, the best of a few runs in 10^9 float operations a second
   */
  static Map<String, Double> gflops() {
    Map<String, Double> best = new LinkedHashMap<>();
    for (int[] s : SIZES) {
      best.put(s[0] + "x" + s[1] + "x" + s[2], gflops(s[0], s[1], s[2]));
    }
    return best;
  }

  private static double gflops(int rows, int inner, int columns) {
    double operations = 2.0 * rows * inner * columns;
    int times = (int) Math.ceil(OPERATIONS / operations);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor a = randn(rows, inner);
      Tensor b = randn(inner, columns);
      double best = Double.POSITIVE_INFINITY;
      for (int run = 0; run < RUNS; run++) {
        long start = System.nanoTime();
        for (int i = 0; i < times; i++) {
          mm(a, b).close();
        }
        best = Math.min(best, (System.nanoTime() - start) / 1e9);
      }
      return operations * times / best / 1e9;
    }
  }
}
