package org.unlearn4j.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.onnx.OrtModel;
import org.unlearn4j.weights.SafeTensors;

/**
 * SHA-256 of the files that models are read from. Files are streamed, and read once as long as
 * name, size and time of change stay the same: several models of a stage share weights. Not safe
 * for several threads.
 */
final class Fingerprints {
  private record Stamp(Path file, long size, FileTime changed) {}

  private final Map<Stamp, String> known = new HashMap<>();

  /** Of one file. */
  String of(Path file) {
    try {
      BasicFileAttributes a = Files.readAttributes(file, BasicFileAttributes.class);
      Stamp stamp = new Stamp(file.toRealPath(), a.size(), a.lastModifiedTime());
      return known.computeIfAbsent(stamp, s -> Hashes.sha256(s.file));
    } catch (IOException e) {
      throw new UncheckedIOException(file + " could not be read", e);
    }
  }

  /**
   * Of each file that holds weights of a model, by file name.
   *
   * @param runtime as {@link RuntimeModels#open} has it; it decides which files those are
   * @throws org.unlearn4j.base.UserException if there is no such model
   */
  Map<String, String> ofWeights(Path model, String runtime) {
    Map<String, String> hashes = new TreeMap<>();
    for (Path file : weightFiles(model, runtime)) {
      hashes.put(String.valueOf(file.getFileName()), of(file));
    }
    return hashes;
  }

  private static List<Path> weightFiles(Path model, String runtime) {
    if (!runtime.equals("tf")) {
      return OrtModel.files(model, RuntimeModels.variant(runtime));
    }
    try (SafeTensors weights = SafeTensors.open(model)) {
      return List.copyOf(weights.files());
    }
  }
}
