package org.unlearn4j.base;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The processor as the system describes it. */
public final class Processor {
  private static final Path DESCRIBED = Path.of("/proc/cpuinfo");

  /** Any of them makes products of bfloat16 possible as they are. */
  private static final Set<String> BRAIN = Set.of("avx512f", "avx_ne_convert");

  private static final Processor OWN = new Processor(described());

  private final List<String> lines;

  Processor(List<String> lines) {
    this.lines = List.copyOf(lines);
  }

  /** This machine's. */
  public static Processor own() {
    return OWN;
  }

  /** Its name; what Java calls it where the system does not tell. */
  public String name() {
    return values("model name").findFirst().orElse(System.getProperty("os.arch"));
  }

  /**
   * Whether TensorFlow multiplies matrices of bfloat16 without making them float32 before; false
   * where the system does not tell. The instructions are those that oneDNN asks for.
   */
  public boolean multipliesBrain() {
    return values("flags").limit(1).flatMap(f -> Stream.of(f.split(" "))).anyMatch(BRAIN::contains);
  }

  private Stream<String> values(String key) {
    return lines.stream()
        .filter(l -> l.startsWith(key))
        .map(l -> l.substring(l.indexOf(':') + 1).strip());
  }

  private static List<String> described() {
    try {
      return Files.readAllLines(DESCRIBED);
    } catch (IOException e) {
      return List.of();
    }
  }
}
