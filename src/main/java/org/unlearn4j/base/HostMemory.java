package org.unlearn4j.base;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/** How much memory this process could still take. */
public final class HostMemory {
  private static final Path MEMINFO = Path.of("/proc/meminfo");
  private static final Path CGROUPS = Path.of("/sys/fs/cgroup");

  private HostMemory() {}

  /**
   * Bytes: on Linux what the kernel counts as available, or what the control group leaves if that
   * is less (its cached files count as free); elsewhere what the JVM is told is free.
   */
  public static long available() {
    return available(MEMINFO, CGROUPS).orElseGet(HostMemory::free);
  }

  static OptionalLong available(Path meminfo, Path cgroups) {
    OptionalLong machine = number(meminfo, "MemAvailable:");
    if (machine.isEmpty()) {
      return machine;
    }
    long kibibytes = machine.getAsLong();
    OptionalLong group =
        group(
            cgroups.resolve("memory.max"),
            cgroups.resolve("memory.current"),
            cgroups.resolve("memory.stat"),
            "inactive_file");
    if (group.isEmpty()) {
      Path old = cgroups.resolve("memory");
      group =
          group(
              old.resolve("memory.limit_in_bytes"),
              old.resolve("memory.usage_in_bytes"),
              old.resolve("memory.stat"),
              "total_inactive_file");
    }
    return OptionalLong.of(Math.min(kibibytes * 1024, group.orElse(Long.MAX_VALUE)));
  }

  /** What a control group leaves; empty where there is none or it has no limit. */
  private static OptionalLong group(Path limit, Path usage, Path stat, String cached) {
    OptionalLong most = number(limit, "");
    OptionalLong used = number(usage, "");
    if (most.isEmpty() || used.isEmpty()) {
      return OptionalLong.empty();
    }
    long files = number(stat, cached + " ").orElse(0);
    return OptionalLong.of(Math.max(0, most.getAsLong() - used.getAsLong() + files));
  }

  /** The number on the first line that begins so; empty where there is none ("max" is none). */
  private static OptionalLong number(Path file, String begin) {
    try {
      List<String> lines =
          Files.isReadable(file) ? Files.readAllLines(file, StandardCharsets.UTF_8) : List.of();
      return lines.stream()
          .filter(l -> l.startsWith(begin))
          .limit(1)
          .map(l -> l.substring(begin.length()).replaceAll("[^0-9]", ""))
          .filter(n -> !n.isEmpty() && n.length() < 19)
          .mapToLong(Long::parseLong)
          .findFirst();
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }

  private static long free() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean os
        ? os.getFreeMemorySize()
        : Long.MAX_VALUE;
  }
}
