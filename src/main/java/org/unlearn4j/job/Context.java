package org.unlearn4j.job;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.unlearn4j.base.FileHashes;

/**
 * What all stages of a run share.
 *
 * @param hashes of files that are read
 * @param log for notes on data and weights
 * @param version of this program
 */
public record Context(FileHashes hashes, PrintStream log, String version) {
  private static final String HASHES = ".hashes";

  /** With hashes that are remembered in a folder of runs. */
  public static Context in(Path folder, PrintStream log) {
    return new Context(FileHashes.in(folder.resolve(HASHES)), log, ownVersion());
  }

  /** With hashes that are known as long as it lives. */
  public static Context of(PrintStream log) {
    return new Context(FileHashes.inMemory(), log, ownVersion());
  }

  /** The version of the archive that this class is read from. */
  static String ownVersion() {
    String version = Context.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  /** For records: what computed. */
  public Map<String, String> versions() {
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put("unlearn4j", version);
    versions.put("java", Runtime.version().toString());
    return versions;
  }
}
