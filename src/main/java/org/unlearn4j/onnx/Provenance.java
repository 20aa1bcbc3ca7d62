package org.unlearn4j.onnx;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.Versions;
import org.unlearn4j.weights.SafeTensors;

/** Where a deployed file comes from, as its {@code metadata_props} say. */
public final class Provenance {
  static final String VERSION = "unlearn4j.version";
  static final String VARIANT = "unlearn4j.variant";

  /** Prefix; the name of a source file follows. */
  static final String SOURCE = "unlearn4j.source.sha256.";

  /** The content of unlearning.json, on one line. */
  public static final String UNLEARNING = "unlearn4j.unlearning";

  /** Prefix; the name of a file with external data follows. */
  static final String DATA = "unlearn4j.external_data.sha256.";

  /** What the file has otherwise than usual; see {@link org.unlearn4j.weights.GraphChoices}. */
  static final String CHOICES = "unlearn4j.choices";

  /**
   * Of a file with codes in blocks: whether runtimes may quantise activations too (0 and 1: no).
   */
  static final String ACCURACY_LEVEL = "unlearn4j.accuracy_level";

  /** Share of the file's codes that are those of the model before unlearning. */
  static final String EQUAL_CODES = "unlearn4j.equal_codes";

  /** The same share of those whose weights unlearning has changed. */
  static final String EQUAL_CODES_OF_CHANGED = "unlearn4j.equal_codes_of_changed";

  /** Of a deployed folder: how many codes are those of the model before. */
  public static final String QUANTIZATION_FILE = "quantization.json";

  private Provenance() {}

  /**
   * Version, fingerprints of the source weights, and what was unlearned; the same for all variants.
   *
   * @param folder with the record of the unlearning, if there was one
   * @throws org.unlearn4j.base.UserException if unlearning.json is there but no JSON
   */
  static Map<String, String> of(Path folder, SafeTensors weights) throws IOException {
    Map<String, String> metadata = new TreeMap<>();
    metadata.put(VERSION, Versions.unlearn4j());
    for (Path file : weights.files()) {
      metadata.put(SOURCE + file.getFileName(), Hashes.sha256(file));
    }
    Path unlearning = folder.resolve(ModelFiles.UNLEARNING);
    if (Files.isRegularFile(unlearning)) {
      metadata.put(UNLEARNING, oneLine(unlearning));
    }
    return metadata;
  }

  /**
   * The weights that a deployed file was made from: SHA-256 by file name; empty where it does not
   * say.
   *
   * @param metadata its {@code metadata_props}
   */
  public static Map<String, String> sources(Map<String, String> metadata) {
    Map<String, String> sources = new TreeMap<>();
    metadata.forEach(
        (key, value) -> {
          if (key.startsWith(SOURCE)) {
            sources.put(key.substring(SOURCE.length()), value);
          }
        });
    return sources;
  }

  private static String oneLine(Path json) {
    return JsonInput.read(json, "what an unlearning run has written").node().toString();
  }
}
