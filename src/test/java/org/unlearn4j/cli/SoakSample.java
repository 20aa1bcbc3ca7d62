package org.unlearn4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;

/**
 * What this process holds after a round.
 *
 * @param resident memory, in MiB
 * @param heap that is in use after a collection, in MiB
 * @param classes that are loaded
 * @param pointers native objects that JavaCPP knows of
 */
record SoakSample(
    int round,
    double seconds,
    double resident,
    double heap,
    int files,
    int threads,
    int classes,
    long pointers) {

  private static final double MIB = 1 << 20;

  static SoakSample now(int round, double seconds) throws IOException {
    System.gc(); // what nobody holds any more is not growth
    long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    List<String> status = Files.readAllLines(Path.of("/proc/self/status"));
    int files;
    try (Stream<Path> list = Files.list(Path.of("/proc/self/fd"))) {
      files = (int) list.count();
    }
    return new SoakSample(
        round,
        seconds,
        field(status, "VmRSS:") * 1024 / MIB,
        heap / MIB,
        files,
        (int) field(status, "Threads:"),
        ManagementFactory.getClassLoadingMXBean().getLoadedClassCount(),
        Pointer.totalCount());
  }

  private static long field(List<String> status, String name) {
    return status.stream()
        .filter(l -> l.startsWith(name))
        .mapToLong(l -> Long.parseLong(l.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElseThrow();
  }

  void write(ObjectNode node) {
    node.put("round", round).put("seconds", rounded(seconds));
    node.put("resident_mib", rounded(resident)).put("heap_mib", rounded(heap));
    node.put("files", files).put("threads", threads);
    node.put("classes", classes).put("native_objects", pointers);
  }

  private static double rounded(double value) {
    return Math.rint(value * 10) / 10;
  }
}
