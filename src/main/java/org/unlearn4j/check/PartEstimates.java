package org.unlearn4j.check;

import java.util.List;

/**
 * How long the parts of a check take, in seconds: what decides whether one is begun. Of the
 * processor they are measured (two cores, docs/how-to/gpu.md); of a card they are assumed until one
 * was there. A part that takes longer than its estimate is ended when the time is over.
 */
final class PartEstimates {
  /**
   * Parts whose names begin so.
   *
   * @param card seconds on a card, the compiling of kernels included
   * @param processor seconds on two cores
   */
  private record Estimate(String begin, int card, int processor) {}

  /** The first that fits counts. */
  private static final List<Estimate> ALL =
      List.of(
          new Estimate("doctor", 15, 5),
          new Estimate("llama.", 45, 75),
          new Estimate("fixtures.", 120, 120),
          new Estimate("fable.rest", 300, 300),
          new Estimate("fable", 120, 180),
          new Estimate("bench.5m.", 40, 30),
          new Estimate("bench.135m.", 45, 120),
          new Estimate("bench.", 60, 900),
          new Estimate("memory.5m.", 30, 20),
          new Estimate("memory.135m.", 40, 60),
          new Estimate("memory.", 60, 300),
          new Estimate("torch.1b.", 45, 900),
          new Estimate("torch.", 30, 90),
          new Estimate("lora.5m.", 30, 30),
          new Estimate("lora.135m.", 40, 90),
          new Estimate("lora.1b.", 60, 300),
          new Estimate("lora.", 120, 3600));

  private PartEstimates() {}

  /**
   * Seconds that a part takes.
   *
   * @param card whether it runs on one
   * @throws IllegalArgumentException if nobody has estimated it
   */
  static int of(String part, boolean card) {
    return ALL.stream()
        .filter(e -> part.startsWith(e.begin))
        .map(e -> card ? e.card : e.processor)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no estimate of " + part));
  }
}
