package org.unlearn4j.job;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.Versions;

/**
 * What all stages of a run share.
 *
 * @param hashes of files that are read
 * @param log for notes on data and weights
 * @param version of this program
 * @param planning whether stages are only looked at, so that what is settled when they run may be
 *     open still
 */
public record Context(FileHashes hashes, PrintStream log, String version, boolean planning) {
  private static final String HASHES = ".hashes";

  /** The runtimes by the names of their archives, so that nothing is loaded to ask. */
  private static final Pattern LIBRARIES =
      Pattern.compile("(tensorflow-core-api|onnxruntime(?:_gpu)?)-([0-9][^/]*?)[.]jar");

  /** With hashes that are remembered in a folder of runs. */
  public static Context in(Path folder, PrintStream log) {
    return new Context(FileHashes.in(folder.resolve(HASHES)), log, Versions.unlearn4j(), false);
  }

  /** With hashes that are known as long as it lives. */
  public static Context of(PrintStream log) {
    return new Context(FileHashes.inMemory(), log, Versions.unlearn4j(), false);
  }

  /** The same for stages that are only looked at. */
  Context forPlan() {
    return new Context(hashes, log, version, true);
  }

  /** For records: what computed. */
  public Map<String, String> versions() {
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put("unlearn4j", version);
    versions.put("java", Runtime.version().toString());
    Matcher library = LIBRARIES.matcher(System.getProperty("java.class.path", ""));
    while (library.find()) {
      versions.put(library.group(1), library.group(2));
    }
    return versions;
  }
}
