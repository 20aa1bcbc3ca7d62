package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What tells one build from another is seen; the build looks at the jar itself. */
class OwnJarTest {
  private static final Instant TIME = Instant.parse("2026-01-01T00:00:00Z");
  private static final String MANIFEST = "Manifest-Version: 1.0\r\nCreated-By: Maven\r\n";

  @TempDir Path folder;

  private List<String> traces(String time, String manifest, String content) throws IOException {
    Path jar = folder.resolve("own.jar");
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(jar))) {
      entry(out, "META-INF/MANIFEST.MF", "2026-01-01T00:00", manifest + "\r\n");
      entry(out, "a/B.class", time, content);
    }
    return OwnJar.traces(jar, TIME, List.of("/home/jürgen/src"));
  }

  private static void entry(ZipOutputStream out, String name, String time, String content)
      throws IOException {
    ZipEntry entry = new ZipEntry(name);
    entry.setTimeLocal(LocalDateTime.parse(time));
    out.putNextEntry(entry);
    out.write(content.getBytes(StandardCharsets.UTF_8));
    out.closeEntry();
  }

  @Test
  void aJarThatSaysNothingOfItsBuildPasses() throws IOException {
    assertEquals(List.of(), traces("2026-01-01T00:00", MANIFEST, "code of /home/somebody"));
  }

  @Test
  void timePlaceAndBuilderAreSeen() throws IOException {
    String manifest = MANIFEST + "Built-By: somebody\r\n";
    List<String> traces =
        traces("2026-03-04T05:06:08", manifest, "\u0001/home/jürgen/src/B.java\u0002");
    assertEquals(3, traces.size(), traces.toString());
    assertTrue(traces.get(0).startsWith("a/B.class: found the time 2026-03-04T05:06:08"));
    assertTrue(traces.get(1).startsWith("a/B.class: found /home/jürgen/src"));
    assertTrue(traces.get(2).startsWith("The manifest: found [Built-By]"));
  }
}
