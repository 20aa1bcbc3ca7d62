package org.unlearn4j.onnx;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.OwnText;
import org.unlearn4j.base.UserException;
import org.unlearn4j.weights.Variant;

/**
 * The deployable folder as a whole: which files an export writes, and so which folder another
 * export may replace.
 */
final class ExportTarget {
  /** In every export, and in no folder of a run or of a model as others publish it. */
  static final String MARKER = "genai_config.json";

  private static final Set<String> BESIDE_MODELS =
      Stream.concat(
              ModelFiles.TOKENIZER.stream(),
              Stream.of(
                  MARKER,
                  ModelFiles.CONFIG,
                  ModelFiles.GENERATION,
                  ModelFiles.UNLEARNING,
                  Provenance.QUANTIZATION_FILE))
          .collect(Collectors.toUnmodifiableSet());

  private static final Set<String> MODEL_FILES =
      Arrays.stream(Variant.values()).map(Variant::fileName).collect(Collectors.toSet());

  private static final Pattern DATA = Pattern.compile("(.+\\.onnx)_data(_\\d+)?");

  private ExportTarget() {}

  /**
   * Asks, before anything is done, whether a folder may be written.
   *
   * @param from the model to be exported
   * @param before the one that it is compared with
   * @throws UserException if there is a file in it that an export has not written, or it holds one
   *     of the two models
   */
  static void require(Path to, Path from, Optional<Path> before) {
    if (AtomicFiles.holds(to, from)) {
      throw UserException.at(
          to,
          "",
          "the folder of the model to export",
          "another folder, because an export replaces the folder that it writes to");
    }
    if (before.isPresent() && AtomicFiles.holds(to, before.get())) {
      throw UserException.at(
          to,
          "",
          "the folder of the model before unlearning",
          "another folder, because an export replaces the folder that it writes to");
    }
    AtomicFiles.requireReplaceable(
        to, MARKER, "an older export", file -> written(to.resolve(file), file));
  }

  private static boolean written(Path file, Path within) {
    String name = within.getFileName().toString();
    if (within.getNameCount() == 1) {
      return BESIDE_MODELS.contains(name)
          || (name.equals(ModelFiles.CARD) && OwnText.untouched(file));
    }
    if (within.getNameCount() != 2 || !within.startsWith(OnnxExporter.MODELS)) {
      return false;
    }
    if (name.equals(AdapterFile.NAME)) {
      return AdapterFile.is(file);
    }
    var data = DATA.matcher(name);
    return data.matches()
        ? MODEL_FILES.contains(data.group(1))
        : MODEL_FILES.contains(name) && OnnxFile.producer(file).equals(DecoderGraph.PRODUCER);
  }
}
