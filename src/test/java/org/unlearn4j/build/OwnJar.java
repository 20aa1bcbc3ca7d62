package org.unlearn4j.build;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;

/**
 * Whether the product's jar says anything of when, where and by whom it was built: the same sources
 * are to give the same bytes anywhere. Part of the build, without any library. Whether two builds
 * are the same is for {@code make reproducible}, which takes minutes.
 *
 * <pre>java org.unlearn4j.build.OwnJar JAR TIME FOLDER...</pre>
 *
 * <p>{@code TIME} is the one that every entry carries, {@code FOLDER} what no entry may name.
 */
final class OwnJar {
  /** Of the manifest: what is the same wherever this version is built with this Java release. */
  private static final Set<String> ATTRIBUTES =
      Set.of(
          "Manifest-Version",
          "Created-By",
          "Build-Jdk-Spec",
          "Implementation-Title",
          "Implementation-Vendor",
          "Implementation-Version");

  private OwnJar() {}

  /** See the class; exit code 1 if anything is found. */
  public static void main(String[] args) throws IOException {
    List<String> folders = List.of(args).subList(2, args.length);
    List<String> traces = traces(Path.of(args[0]), Instant.parse(args[1]), folders);
    traces.forEach(System.err::println);
    System.exit(traces.isEmpty() ? 0 : 1);
  }

  /** A sentence for everything that another build would write in another way. */
  static List<String> traces(Path jar, Instant time, List<String> folders) throws IOException {
    LocalDateTime expected = LocalDateTime.ofInstant(time, ZoneOffset.UTC);
    List<String> traces = new ArrayList<>();
    try (JarFile file = new JarFile(jar.toFile())) {
      for (ZipEntry entry : file.stream().toList()) {
        if (!entry.getTimeLocal().equals(expected)) {
          traces.add(
              "%s: found the time %s, expected %s."
                  .formatted(entry.getName(), entry.getTimeLocal(), expected));
        }
        // One character a byte: names of folders are found in classes, too.
        byte[] bytes = file.getInputStream(entry).readAllBytes();
        String content = new String(bytes, StandardCharsets.ISO_8859_1);
        for (String folder : folders) {
          byte[] name = folder.getBytes(StandardCharsets.UTF_8);
          if (content.contains(new String(name, StandardCharsets.ISO_8859_1))) {
            traces.add("%s: found %s, expected no place.".formatted(entry.getName(), folder));
          }
        }
      }
      Manifest manifest = file.getManifest();
      Set<String> more = new TreeSet<>();
      if (manifest != null) {
        manifest.getMainAttributes().keySet().forEach(k -> more.add(k.toString()));
      }
      more.removeAll(ATTRIBUTES);
      if (manifest == null || !more.isEmpty()) {
        traces.add("The manifest: found %s, expected %s.".formatted(more, ATTRIBUTES));
      }
    }
    return traces;
  }
}
