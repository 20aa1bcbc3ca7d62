package org.unlearn4j.train;

import java.util.List;
import java.util.OptionalLong;
import org.unlearn4j.base.Programs;

/**
 * Memory in use on the cards. TensorFlow's interface for other languages does not tell what its
 * pool holds, so the driver's tool is asked, as anybody can who compares two programs.
 */
public final class GpuMemory {
  private GpuMemory() {}

  /** Of all cards together, in MiB; empty where the driver's tool does not run. */
  public static OptionalLong usedMb() {
    return Programs.output(
            List.of("nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"))
        .map(GpuMemory::sum)
        .orElse(OptionalLong.empty());
  }

  /** One number a line; empty where a line is none. */
  static OptionalLong sum(String text) {
    List<String> lines = text.lines().map(String::strip).filter(l -> !l.isEmpty()).toList();
    return !lines.isEmpty() && lines.stream().allMatch(l -> l.matches("[0-9]{1,9}"))
        ? OptionalLong.of(lines.stream().mapToLong(Long::parseLong).sum())
        : OptionalLong.empty();
  }
}
