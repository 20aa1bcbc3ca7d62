package org.unlearn4j.peer;

import static org.bytedeco.pytorch.global.torch.get_cpu_capability;
import static org.bytedeco.pytorch.global.torch.get_num_threads;
import static org.bytedeco.pytorch.global.torch.set_num_threads;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/** Times the step in LibTorch. Only the process that does so loads LibTorch. */
final class Peer {
  /** As many as the product's benchmark leaves out, so that the last losses can be compared. */
  private static final int WARM_UP = 5;

  /** Of sums of a few hundred float32 numbers, over some steps; measured on 5m: 2e-6. */
  private static final double TOLERANCE = 1e-4;

  /** Which libraries' names in the process tell whose products these are. */
  private static final List<String> BLAS = List.of("mkl_avx", "mkl_def", "openblas", "mkl_rt");

  private Peer() {}

  /**
   * Times it.
   *
   * @param bench what {@code unlearn4j bench --json} has printed of the same step
   * @throws PeerException if this is not the same step: another number of parameters, or a loss
   *     that is not finite or does not change
   */
  static ObjectNode measure(JsonNode bench, int steps) {
    Task task = Task.of(bench);
    torch.manual_seed(0);
    set_num_threads(task.threads());
    Weights weights = new Weights(task);
    long expected = bench.path("parameters").asLong();
    if (weights.count() != expected) {
      throw new PeerException(
          "bench-peer: the peer has "
              + weights.count()
              + " parameters, the product "
              + expected
              + ".");
    }
    Step step = new Step(task, weights);
    double[] ms = new double[steps];
    double last = Double.NaN;
    for (int i = 0; i < WARM_UP + steps; i++) {
      long start = System.nanoTime();
      double loss = step.run();
      double took = (System.nanoTime() - start) / 1e6;
      if (!Double.isFinite(loss) || loss == last) {
        throw new PeerException(
            "bench-peer: found a loss of "
                + loss
                + " after one of "
                + last
                + " in step "
                + i
                + ".");
      }
      last = loss;
      if (i >= WARM_UP) {
        ms[i - WARM_UP] = took;
      }
    }
    requireSame(bench.path("final_loss").asDouble(), last);
    Arrays.sort(ms);
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("step_ms", (ms[steps / 2] + ms[(steps - 1) / 2]) / 2)
        .put("fastest_ms", ms[0])
        .put("slowest_ms", ms[steps - 1])
        .put("parameters", weights.count())
        .put("final_loss", last)
        .put("threads", get_num_threads())
        .put("peak_rss_mb", peakRssMb())
        .put("torch", version())
        .put("cpu_capability", get_cpu_capability().getString());
    json.set("gemm_gflops", new ObjectMapper().valueToTree(Products.gflops()));
    return json.put("blas", blas());
  }

  /** From the same weights and rows, the product and the peer must have come to the same loss. */
  private static void requireSame(double product, double peer) {
    if (!(Math.abs(product - peer) <= TOLERANCE * Math.abs(product))) {
      throw new PeerException(
          "bench-peer: found a last loss of "
              + peer
              + ", expected the product's, "
              + product
              + ".");
    }
  }

  /** LibTorch's and its presets', which their jar tells. */
  private static String version() {
    try {
      return Loader.getVersion("org.bytedeco", "pytorch");
    } catch (IOException e) {
      return "unknown";
    }
  }

  /** What lies in the process, after products were made: what was built in says nothing. */
  private static String blas() {
    String maps = read("/proc/self/maps");
    return BLAS.stream()
        .filter(maps::contains)
        .findFirst()
        .map(found -> found.startsWith("mkl") ? "MKL (" + found + ")" : "OpenBLAS")
        .orElse("unknown");
  }

  private static long peakRssMb() {
    return read("/proc/self/status")
        .lines()
        .filter(line -> line.startsWith("VmHWM:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024)
        .findFirst()
        .orElse(-1);
  }

  private static String read(String file) {
    try {
      return Files.readString(Path.of(file));
    } catch (IOException e) {
      return "";
    }
  }
}
