package org.unlearn4j.stage;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.unlearn4j.base.FileHashes;

/**
 * Whether what a stage has written is of the inputs that are there now.
 *
 * @param inputs as they are now
 * @param record of the last time it ran; empty where it never did
 * @param reasons why it has to run, a clause each; empty where it has not
 */
public record StageCheck(Inputs inputs, Optional<StageRecord> record, List<String> reasons) {
  public StageCheck {
    reasons = List.copyOf(reasons);
  }

  /** Looks at a stage, its inputs and its output. */
  public static StageCheck of(Stage stage, FileHashes hashes) {
    Optional<StageRecord> record = StageRecord.read(stage.output());
    Inputs now = stage.reads().now(hashes, record.map(StageRecord::inputs));
    List<String> reasons = new ArrayList<>();
    if (!Files.exists(stage.output())) {
      reasons.add(stage.output().getFileName() + " does not exist yet");
    } else if (record.isEmpty()) {
      reasons.add(stage.output().getFileName() + " has no record of its inputs");
    } else {
      reasons.addAll(now.differences(record.get().inputs()));
      if (reasons.isEmpty() && !now.identity(stage.kind()).equals(record.get().identity())) {
        reasons.add("its record contradicts itself");
      }
      reasons.addAll(changes(stage.output(), record.get(), hashes));
    }
    return new StageCheck(now, record, reasons);
  }

  public boolean current() {
    return reasons.isEmpty();
  }

  /** SHA-256 of files that a stage wrote, by their names from the output's folder. */
  static SortedMap<String, String> written(Stage stage, List<Path> files, FileHashes hashes) {
    SortedMap<String, String> written = new TreeMap<>();
    Path folder = folder(stage.output());
    for (Path file : files) {
      written.put(folder.relativize(file.toAbsolutePath().normalize()).toString(), hashes.of(file));
    }
    return written;
  }

  private static Path folder(Path output) {
    return output.toAbsolutePath().normalize().getParent();
  }

  /**
   * What of an output is not what its record says, a clause each. Files that somebody put beside
   * what was written are theirs: they decide nothing here.
   */
  public static List<String> changes(Path output, StageRecord record, FileHashes hashes) {
    List<String> clauses = new ArrayList<>();
    record
        .outputs()
        .forEach(
            (name, hash) -> {
              Path file = folder(output).resolve(name);
              if (!Files.isRegularFile(file)) {
                clauses.add(name + " is gone");
              } else if (!hashes.of(file).equals(hash)) {
                clauses.add(name + " was changed after it was written");
              }
            });
    return clauses;
  }
}
