package org.unlearn4j.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.unlearn4j.base.MachineException;

/**
 * How ONNX Runtime computes.
 *
 * @param provider where
 * @param card which of CUDA's devices, as the driver counts; nothing to the CPU
 * @param threads in all; 0 for as many as there are processors
 * @param lanes batches that are computed at a time, among which threads are divided; 1: all threads
 *     work on one operator
 * @param graphOptimization how far the graph is rewritten before it runs
 */
public record OrtSettings(
    Provider provider, int card, int threads, int lanes, GraphOptimization graphOptimization) {

  private static final String PROVIDER = "provider";
  private static final String GRAPH_OPTIMIZATION = "graph_optimization";

  /**
   * What the CUDA provider is told beside its card. Its own default is TF32: products of numbers
   * with 10 bits after the point, 1e-3 off where float32 is 1e-7 off.
   */
  static final Map<String, String> CUDA_OPTIONS = Map.of("use_tf32", "0");

  /** Execution providers that a session can be asked for. */
  public enum Provider {
    CPU(OrtProvider.CPU),
    /** A CUDA device; operators without a CUDA kernel run on the CPU. */
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

  /** All threads work on one operator; of several cards the first. */
  public OrtSettings(Provider provider, int threads, GraphOptimization graphOptimization) {
    this(provider, 0, threads, 1, graphOptimization);
  }

  /** The same on another card. */
  public OrtSettings onCard(int number) {
    return new OrtSettings(provider, number, threads, lanes, graphOptimization);
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
    return forManyBatches(Integer.MAX_VALUE);
  }

  /**
   * The same with so many batches at a time at most: each takes memory of its own. The threads that
   * are left over help each other within a batch.
   */
  public OrtSettings forManyBatches(int most) {
    return provider == Provider.CPU
        ? new OrtSettings(
            provider,
            card,
            threads,
            Math.max(1, Math.min(most, effectiveThreads())),
            graphOptimization)
        : this;
  }

  int effectiveThreads() {
    return threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
  }

  /** As an evaluation records them: what it takes to compute the same again. */
  Map<String, String> recorded() {
    Map<String, String> record = new LinkedHashMap<>();
    record.put("onnxruntime", OrtDevices.version());
    record.putAll(decisive());
    if (provider == Provider.CUDA) {
      record.put("card", String.valueOf(card));
    }
    record.put("threads", String.valueOf(effectiveThreads()));
    record.put("lanes", String.valueOf(lanes));
    return record;
  }

  /**
   * What of the record changes results: where, by which arithmetic, by which graph. Card, threads
   * and lanes change no more than rounding.
   */
  public Map<String, String> decisive() {
    Map<String, String> decisive = new LinkedHashMap<>();
    decisive.put(PROVIDER, label(provider));
    if (provider == Provider.CUDA) {
      decisive.putAll(CUDA_OPTIONS);
    }
    decisive.put(GRAPH_OPTIMIZATION, label(graphOptimization));
    return decisive;
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
      addCuda(options, card);
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

  /** Adds the CUDA provider, in float32, which loads its libraries. */
  static void addCuda(SessionOptions options, int card) throws OrtException {
    try (OrtCUDAProviderOptions cuda = new OrtCUDAProviderOptions(card)) {
      for (Map.Entry<String, String> option : CUDA_OPTIONS.entrySet()) {
        cuda.add(option.getKey(), option.getValue());
      }
      options.addCUDA(cuda);
    }
  }
}
