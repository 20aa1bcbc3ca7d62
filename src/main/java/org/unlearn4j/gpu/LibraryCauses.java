package org.unlearn4j.gpu;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.unlearn4j.gpu.GpuCause.Affects;

/** What is wrong with the shared libraries of CUDA and cuDNN; a part of {@link GpuCauses}. */
final class LibraryCauses {
  /** What TensorFlow 2.18 was compiled against; it refuses an older minor version. */
  static final String LEAST_CUDNN = "9.3";

  private static final String REMEDY =
      "make gpu-libs unpacks CUDA 12.6 and cuDNN 9.5; or install them and put their folder on"
          + " LD_LIBRARY_PATH";

  /** How the dynamic linker says that a library lacks a function that another was linked with. */
  private static final Pattern LACKS =
      Pattern.compile("undefined symbol: (\\w+), version (lib[\\w.-]+)");

  private final GpuFacts facts;
  private final List<GpuCause> found = new ArrayList<>();

  private LibraryCauses(GpuFacts facts) {
    this.facts = facts;
  }

  /** What is not found, or not of the version that is wanted. */
  static List<GpuCause> of(GpuFacts facts) {
    LibraryCauses causes = new LibraryCauses(facts);
    causes.names();
    causes.versions();
    return causes.found;
  }

  private void add(String id, Affects affects, String what, String remedy) {
    found.add(new GpuCause(id, affects, what, remedy));
  }

  private void names() {
    List<String> missing = new ArrayList<>();
    List<String> other = new ArrayList<>();
    boolean tensorFlow = false;
    boolean onnxRuntime = false;
    for (CudaLibraries.Library library : CudaLibraries.all()) {
      if (library.optional() || facts.libraries().containsKey(library.name())) {
        continue;
      }
      boolean system = library.neededBy().contains("system");
      tensorFlow |= system || library.neededBy().contains("tensorflow");
      onnxRuntime |= system || library.neededBy().contains("onnxruntime");
      facts.libraries().keySet().stream()
          .filter(name -> name.startsWith(library.stem() + "."))
          .max(Comparator.naturalOrder())
          .ifPresentOrElse(
              name -> other.add("found " + name + ", wanted " + library.name()),
              () -> missing.add(library.name()));
    }
    Affects affects =
        tensorFlow && onnxRuntime
            ? Affects.BOTH
            : tensorFlow ? Affects.TENSORFLOW : Affects.ONNX_RUNTIME;
    if (missing.remove("libz.so.1")) {
      add(
          "zlib_missing",
          Affects.BOTH,
          "libz.so.1, which cuDNN needs, is not found",
          "install the system's package of zlib (zlib1g, zlib)");
    }
    if (!other.isEmpty()) {
      add("library_version", affects, String.join("; ", other), REMEDY);
    }
    if (!missing.isEmpty()) {
      add("library_missing", affects, "not found: " + String.join(", ", missing), REMEDY);
    }
  }

  private void versions() {
    Optional.ofNullable(facts.libraries().get("libcudnn.so.9"))
        .flatMap(file -> GpuCauses.version(file, "libcudnn.so"))
        .filter(v -> v.contains(".") && GpuCauses.compare(v, LEAST_CUDNN) < 0)
        .ifPresent(
            v ->
                add(
                    "cudnn_too_old",
                    Affects.TENSORFLOW,
                    "cuDNN is version "
                        + v
                        + ", TensorFlow 2.18 was compiled against "
                        + LEAST_CUDNN,
                    REMEDY));
  }

  /**
   * What ONNX Runtime's provider itself says.
   *
   * @param message of ONNX Runtime
   * @param explained whether another cause keeps ONNX Runtime from the GPU already
   * @return empty where that explains it
   */
  static Optional<GpuCause> ofProvider(GpuFacts facts, String message, boolean explained) {
    Matcher lacks = LACKS.matcher(message);
    if (lacks.find() && lacks.group(2).startsWith("libcudart.so")) {
      String file = facts.libraries().getOrDefault(lacks.group(2), lacks.group(2));
      return Optional.of(
          new GpuCause(
              "cudart_too_old",
              Affects.ONNX_RUNTIME,
              "the CUDA runtime that is found ("
                  + file
                  + ") has no "
                  + lacks.group(1)
                  + ", with which ONNX Runtime's CUDA provider was linked: it is of an older CUDA 12",
              REMEDY + ", before the older one's"));
    }
    String words = message.strip().replaceAll("\\s+", " ").replaceFirst(".* : FAIL : ", "");
    return explained
        ? Optional.empty()
        : Optional.of(
            new GpuCause(
                "onnxruntime_provider",
                Affects.ONNX_RUNTIME,
                "ONNX Runtime's CUDA provider does not start ("
                    + words.replaceAll("[.]+$", "")
                    + ")",
                "install the library that the message names, in the version that it names"));
  }
}
