package org.unlearn4j.build;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** Whose a library is that lies in a bundle by itself. */
final class SbomSystem {
  private static final String CUDA =
      "NVIDIA CUDA Toolkit and cuDNN licence agreements"
          + " https://docs.nvidia.com/cuda/eula https://docs.nvidia.com/deeplearning/cudnn/sla";

  private SbomSystem() {}

  /**
   * Where a library comes from.
   *
   * @param text that it has to be distributed with
   */
  record Origin(String owner, String version, List<String> licences, Optional<String> text) {
    Origin {
      licences = List.copyOf(licences);
    }
  }

  /**
   * By its place in a bundle: CUDA's in {@code cuda/}, the Java runtime's in {@code runtime/}, with
   * those copied from this system in {@code runtime/lib/system/}, those of TensorFlow and ONNX
   * Runtime in {@code native/}. What stands in for one of CUDA's is ours.
   */
  static Origin origin(Path folder, String place, Collection<SbomPom> poms) throws IOException {
    Path standIns = folder.resolve("cuda/STAND-INS");
    if (place.startsWith("cuda/")
        && Files.exists(standIns)
        && Files.readAllLines(standIns).contains(place.substring("cuda/".length()))) {
      return new Origin("org.unlearn4j", "", List.of("Apache-2.0"), Optional.empty());
    }
    if (place.startsWith("cuda/")) {
      String version = System.getProperty("cuda.version", "");
      return new Origin("nvidia", version, List.of(CUDA), Optional.empty());
    }
    if (place.startsWith("runtime/lib/system/")) {
      return ofPackage(place.substring(place.lastIndexOf('/') + 1));
    }
    if (place.startsWith("runtime/")) {
      String release = Files.readString(folder.resolve("runtime/release"));
      String version = release.replaceAll("(?s).*JAVA_VERSION=\"([^\"]*)\".*", "$1");
      List<String> licence = List.of("GPL-2.0 with Classpath-exception-2.0; runtime/legal");
      return new Origin("openjdk", version, licence, Optional.empty());
    }
    return poms.stream()
        .filter(
            p ->
                (p.artifact().startsWith("onnxruntime") && place.startsWith("native/onnxruntime/"))
                    || (p.artifact().equals("tensorflow-core-native")
                        && place.startsWith("native/tensorflow/")))
        .findFirst()
        .map(p -> new Origin(p.group(), p.version(), p.licences(), Optional.empty()))
        .orElseThrow(
            () ->
                new IllegalStateException(
                    place + ": found a library of nobody, expected one whose origin is known."));
  }

  /** By Debian's database; where there is none, a library has a name and a hash. */
  private static Origin ofPackage(String library) throws IOException {
    String owner = ask("dpkg-query", "-S", "*/" + library).replaceFirst("(?s):.*", "");
    if (owner.isEmpty()) {
      return new Origin("system", "", List.of(), Optional.empty());
    }
    String version =
        ask("dpkg-query", "-W", "-f", "${Version}\\n", owner).replaceFirst("(?s)\n.*", "");
    Path copyright = Path.of("/usr/share/doc", owner, "copyright");
    Optional<String> text =
        Files.isReadable(copyright) ? Optional.of(Files.readString(copyright)) : Optional.empty();
    return new Origin(owner, version, List.of("see " + copyright + ", below"), text);
  }

  private static String ask(String... command) {
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.waitFor() == 0 ? said.strip() : "";
    } catch (IOException e) {
      return ""; // no such program
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }
}
