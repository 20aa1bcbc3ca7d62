package org.unlearn4j.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.unlearn4j.base.MachineException;

/**
 * How ONNX Runtime computes.
 *
 * @param provider where
 * @param threads in all; 0 for as many as there are processors
 * @param lanes batches that are computed at a time, among which threads are divided; 1: all threads
 *     work on one operator
 * @param graphOptimization how far the graph is rewritten before it runs
 */
public record OrtSettings(
    Provider provider, int threads, int lanes, GraphOptimization graphOptimization) {

  /** Execution providers that a session can be asked for. */
  public enum Provider {
    CPU(OrtProvider.CPU),
    /** The first CUDA device; operators without a CUDA kernel run on the CPU. */
    CUDA(OrtProvider.CUDA);

    private final OrtProvider built;

    Provider(OrtProvider built) {
      this.built = built;
    }
  }

  /** ONNX Runtime's levels, each with those before it. */
  public enum GraphOptimization {
    NONE(OptLevel.NO_OPT),
    BASIC(OptLevel.BASIC_OPT),
    EXTENDED(OptLevel.EXTENDED_OPT),
    ALL(OptLevel.ALL_OPT);

    private final OptLevel level;

    GraphOptimization(OptLevel level) {
      this.level = level;
    }
  }

  /** All threads work on one operator. */
  public OrtSettings(Provider provider, int threads, GraphOptimization graphOptimization) {
    this(provider, threads, 1, graphOptimization);
  }

  /** CPU, all processors, every optimisation: ONNX Runtime's own defaults. */
  public static OrtSettings defaults() {
    return cpu(0);
  }

  /** The same with so many threads. */
  static OrtSettings cpu(int threads) {
    return new OrtSettings(Provider.CPU, threads, GraphOptimization.ALL);
  }

  /**
   * The same for many batches: on the CPU each thread has one of its own, which takes no waiting
   * for each other at the end of every operator.
   */
  public OrtSettings forManyBatches() {
    return provider == Provider.CPU
        ? new OrtSettings(provider, threads, effectiveThreads(), graphOptimization)
        : this;
  }

  int effectiveThreads() {
    return threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
  }

  /** As an evaluation records them: what it takes to compute the same again. */
  Map<String, String> recorded() {
    Map<String, String> record = new LinkedHashMap<>();
    record.put("onnxruntime", OrtDevices.version());
    record.put("provider", label(provider));
    record.put("threads", String.valueOf(effectiveThreads()));
    record.put("lanes", String.valueOf(lanes));
    record.put("graph_optimization", label(graphOptimization));
    return record;
  }

  private static String label(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  /**
   * Puts them into a session's options.
   *
   * @throws MachineException if this build has no such provider, or it does not start here
   */
  void apply(SessionOptions options) throws OrtException {
    options.setIntraOpNumThreads(Math.max(1, effectiveThreads() / lanes));
    options.setOptimizationLevel(graphOptimization.level);
    if (provider == Provider.CPU) {
      return;
    }
    if (!OrtDevices.providers().contains(provider.built.name())) {
      throw new MachineException(
          "ONNX Runtime: found the execution providers "
              + String.join(", ", OrtDevices.providers())
              + ", expected "
              + provider
              + " (make GPU=1 builds with it; unlearn4j doctor says more).");
    }
    try {
      options.addCUDA(0);
    } catch (OrtException e) {
      throw new MachineException(
          "ONNX Runtime: the execution provider "
              + provider
              + " does not start ("
              + e.getMessage().lines().findFirst().orElse("no reason given")
              + "); unlearn4j doctor says more.",
          e);
    }
  }
}
