package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The image's user is another one than whoever made it, and may read it whatever umask that had.
 */
class ImageModesTest {
  @TempDir Path folder;

  private String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
    return said;
  }

  private void bundle(String umask) throws IOException, InterruptedException {
    String at = folder.resolve("unlearn4j-cpu").toString();
    run(
        "sh",
        "-c",
        "umask $1; mkdir -p $2/runtime/bin $2/lib; echo x > $2/lib/a.jar; echo x >"
            + " $2/runtime/bin/java; chmod +x $2/runtime/bin/java; exec sh pipeline/image.sh $2 $3",
        "sh",
        umask,
        at,
        folder.resolve("image.tar").toString());
  }

  /** Modes of the layer's files, as {@code tar -tv} writes them. */
  private Map<String, String> modes() throws IOException, InterruptedException {
    Path image = Files.createDirectories(folder.resolve("image"));
    run("tar", "-xf", folder.resolve("image.tar").toString(), "-C", image.toString());
    JsonNode manifest = new ObjectMapper().readTree(image.resolve("manifest.json").toFile());
    String layer = image.resolve(manifest.at("/0/Layers/0").asText()).toString();
    Map<String, String> modes = new HashMap<>();
    for (String line : run("tar", "-tvzf", layer).lines().toList()) {
      modes.put(line.replaceFirst(".* [.]/", ""), line.substring(0, 10));
    }
    return modes;
  }

  @Test
  void areThoseOfANarrowUmaskToo() throws Exception {
    bundle("077");
    Map<String, String> modes = modes();
    assertEquals("-rwxr-xr-x", modes.get("opt/unlearn4j/runtime/bin/java"), modes.toString());
    assertEquals("-rw-r--r--", modes.get("opt/unlearn4j/lib/a.jar"));
    assertEquals("drwxr-xr-x", modes.get("opt/unlearn4j/"));
    assertEquals("-rw-r--r--", modes.get("etc/passwd"));
    assertEquals("drwxrwxrwt", modes.get("data/"), "where it writes");
    byte[] narrow = Files.readAllBytes(folder.resolve("image.tar"));
    run("rm", "-rf", folder.resolve("unlearn4j-cpu").toString());
    bundle("022");
    assertTrue(
        java.util.Arrays.equals(narrow, Files.readAllBytes(folder.resolve("image.tar"))),
        "the same bundle gives the same bytes");
  }
}
