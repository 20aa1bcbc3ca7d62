package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Hashes;

/** The bill of materials, over the very jars that the dist folder is made of. */
class MaterialsTest {
  @TempDir Path folder;

  /** All but TensorFlow's own 630 MB, which only take time to hash: the build does so each time. */
  private static List<Path> jars() {
    List<Path> jars = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path path = Path.of(entry);
      if (entry.endsWith(".jar") && pom(path) && !entry.contains("tensorflow-core-native")) {
        jars.add(path);
      }
    }
    return jars;
  }

  private static boolean pom(Path jar) {
    Path version = jar.getParent();
    Path artifact = version.getParent();
    return Files.exists(
        version.resolve(artifact.getFileName() + "-" + version.getFileName() + ".pom"));
  }

  private static String joined(List<Path> jars) {
    return String.join(File.pathSeparator, jars.stream().map(Path::toString).toList());
  }

  @Test
  void namesEveryJarAndEveryNativeLibraryOfTheDistFolder() throws IOException {
    List<Path> jars = jars();
    assertTrue(jars.size() > 40, "jars on the class path: " + jars.size());
    Path lib = Files.createDirectories(folder.resolve("dist/lib"));
    Map<String, String> expected = new TreeMap<>();
    for (Path jar : jars) {
      String name = String.valueOf(jar.getFileName());
      Files.copy(jar, lib.resolve(name));
      expected.put("lib/" + name, Hashes.sha256(jar));
      try (ZipFile zip = new ZipFile(jar.toFile())) {
        for (ZipEntry entry : Collections.list(zip.entries())) {
          boolean open = !entry.isDirectory() && !entry.getName().endsWith(".class");
          if (open && executable(zip.getInputStream(entry).readNBytes(4))) {
            Path out = folder.resolve("entry");
            Files.write(out, zip.getInputStream(entry).readAllBytes());
            expected.put("lib/" + name + "!/" + entry.getName(), Hashes.sha256(out));
          }
        }
      }
    }
    Path dist = folder.resolve("dist");
    Sbom.write(joined(jars), dist, folder.resolve("cache"));
    Map<String, String> found = found(dist);
    // Known by their first bytes here and by their names there.
    expected.forEach((place, sha) -> assertEquals(sha, found.get(place), place));
    assertTrue(found.keySet().stream().filter(p -> p.contains("libonnxruntime.so")).count() >= 2);
    String notices = Files.readString(dist.resolve("THIRD-PARTY.txt"));
    assertTrue(notices.contains("MIT License"), "ONNX Runtime's");
    assertTrue(notices.contains("ThirdPartyNotices.txt"), "and what that is made of");

    String first = Files.readString(dist.resolve("bom.json"));
    Sbom.write(joined(jars), dist, folder.resolve("cache"));
    assertEquals(first, Files.readString(dist.resolve("bom.json")), "from the cache, too");
  }

  /** ELF, Windows, and Mach-O with one or several architectures; Java's classes begin otherwise. */
  private static boolean executable(byte[] b) {
    if (b.length < 4) {
      return false;
    }
    int word = ByteBuffer.wrap(b).getInt();
    return word == 0x7f454c46 || word == 0xcffaedfe || word == 0xcefaedfe || word >>> 16 == 0x4d5a;
  }

  private static Map<String, String> found(Path dist) throws IOException {
    Map<String, String> found = new TreeMap<>();
    JsonNode bom = new ObjectMapper().readTree(dist.resolve("bom.json").toFile());
    assertEquals("CycloneDX", bom.path("bomFormat").asText());
    for (JsonNode c : bom.path("components")) {
      assertTrue(c.path("name").asText().length() > 1, c.toString());
      assertTrue(c.path("version").asText().length() > 0, c.toString());
      assertTrue(c.path("licenses").size() > 0, "no licence: " + c);
      found.put(c.path("bom-ref").asText(), c.path("hashes").path(0).path("content").asText());
    }
    return found;
  }

  @Test
  void aJarOfNobodyIsNotPassedOver() throws IOException {
    Path lib = Files.createDirectories(folder.resolve("dist/lib"));
    Files.createFile(lib.resolve("stray-1.0.jar"));
    List<Path> jars = jars();
    assertThrows(
        IllegalStateException.class,
        () -> Sbom.write(joined(jars), folder.resolve("dist"), folder.resolve("cache")));
  }
}
