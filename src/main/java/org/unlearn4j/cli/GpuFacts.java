package org.unlearn4j.cli;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What decides whether TensorFlow sees a GPU, and what that says to a user.
 *
 * @param linuxX86 the one platform there is a CUDA build for
 * @param driver the NVIDIA driver is loaded
 * @param cudaBuild the CUDA build of TensorFlow is on the class path
 * @param visibleDevices the environment variable {@code CUDA_VISIBLE_DEVICES}
 * @param missingLibraries shared libraries TensorFlow needs that the dynamic linker would not find
 */
record GpuFacts(
    boolean linuxX86,
    boolean driver,
    boolean cudaBuild,
    Optional<String> visibleDevices,
    List<String> missingLibraries) {

  /** All of them must load, or TensorFlow registers no GPU at all. */
  private static final List<String> NEEDED =
      List.of(
          "libcudart.so.12",
          "libcublas.so.12",
          "libcublasLt.so.12",
          "libcufft.so.11",
          "libcusolver.so.11",
          "libcusparse.so.12",
          "libcudnn.so.9");

  private static final String CUDA_NATIVE =
      "org/tensorflow/internal/c_api/linux-x86_64-gpu/libjnitensorflow.so";

  static GpuFacts ofThisMachine() {
    String os = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    boolean driver =
        Files.exists(Path.of("/proc/driver/nvidia/version"))
            || Files.exists(Path.of("/dev/nvidia0"));
    boolean cuda = GpuFacts.class.getClassLoader().getResource(CUDA_NATIVE) != null;
    return new GpuFacts(
        os.toLowerCase(Locale.ROOT).equals("linux amd64"),
        driver,
        cuda,
        Optional.ofNullable(System.getenv("CUDA_VISIBLE_DEVICES")),
        driver && cuda ? missing() : List.of());
  }

  /** Why no GPU is seen, and what to do about it; the first cause that holds. */
  String why() {
    if (!linuxX86) {
      return "TensorFlow for Java has a CUDA build for Linux on x86-64 only";
    }
    if (!driver) {
      return "no NVIDIA driver is loaded (neither /proc/driver/nvidia/version nor /dev/nvidia0 is there)";
    }
    if (!cudaBuild) {
      return "this is the CPU build: make build GPU=1 makes the CUDA build";
    }
    if (visibleDevices.filter(v -> v.isBlank() || v.strip().startsWith("-1")).isPresent()) {
      return "CUDA_VISIBLE_DEVICES=" + visibleDevices.get() + " hides every GPU: unset it";
    }
    if (!missingLibraries.isEmpty()) {
      return "shared libraries of CUDA 12 and cuDNN 9 are not found ("
          + String.join(", ", missingLibraries)
          + "): install them or put their folder on LD_LIBRARY_PATH";
    }
    return "the reason is in TensorFlow's own messages: run doctor again with TF_CPP_MIN_LOG_LEVEL=0";
  }

  private static List<String> missing() {
    String cache = linkerCache();
    String search = Optional.ofNullable(System.getenv("LD_LIBRARY_PATH")).orElse("");
    List<Path> folders =
        Arrays.stream(search.split(File.pathSeparator, -1))
            .filter(s -> !s.isBlank())
            .map(Path::of)
            .toList();
    return NEEDED.stream()
        .filter(lib -> !cache.contains(lib))
        .filter(lib -> folders.stream().noneMatch(f -> Files.exists(f.resolve(lib))))
        .toList();
  }

  /** What the dynamic linker knows; empty where there is no ldconfig. */
  private static String linkerCache() {
    try {
      Process process =
          new ProcessBuilder("/sbin/ldconfig", "-p")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try (InputStream in = process.getInputStream()) {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
      }
    } catch (IOException e) {
      return "";
    }
  }
}
