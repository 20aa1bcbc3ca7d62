package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The container image, unpacked as a container's root and run as its configuration says. */
@Tag("slow")
class ImageTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path folder;

  private int run(Path in, String... command) throws IOException, InterruptedException {
    return new ProcessBuilder(command)
        .directory(in.toFile())
        .redirectErrorStream(true)
        .redirectOutput(
            ProcessBuilder.Redirect.appendTo(folder.resolve("said").toAbsolutePath().toFile()))
        .start()
        .waitFor();
  }

  private String said() throws IOException {
    return Files.readString(folder.resolve("said"));
  }

  /** A blob, which must be what its name says. */
  private Path blob(JsonNode descriptor) throws IOException {
    String digest = descriptor.path("digest").asText();
    assertTrue(digest.startsWith("sha256:"), digest);
    Path blob = folder.resolve("image/blobs/sha256").resolve(digest.substring(7));
    assertEquals(digest.substring(7), Sbom.sha256(Files.newInputStream(blob)));
    assertEquals(descriptor.path("size").longValue(), Files.size(blob));
    return blob;
  }

  private static List<String> words(JsonNode list) {
    List<String> words = new ArrayList<>();
    list.forEach(word -> words.add(word.asText()));
    return words;
  }

  @Test
  void theMainJobRunsInIt() throws Exception {
    assumeTrue(Files.isDirectory(Path.of("target/dist/lib")), "no dist folder: make build");
    assumeTrue(
        run(folder, "unshare", "--mount", "true") == 0, "this user may not have mounts of its own");
    Path here = Path.of(".");
    String bundle = folder.resolve("unlearn4j-cpu").toString();
    String tar = folder.resolve("image.tar").toString();
    assertEquals(0, run(here, "sh", "pipeline/gpu/bundle.sh", "target/dist", bundle), this::tail);
    assertEquals(0, run(here, "sh", "pipeline/image.sh", bundle, tar), this::tail);
    Files.createDirectories(folder.resolve("image"));
    assertEquals(0, run(folder, "tar", "-xf", tar, "-C", "image"), this::tail);

    JsonNode index = JSON.readTree(folder.resolve("image/index.json").toFile());
    JsonNode manifest = JSON.readTree(blob(index.at("/manifests/0")).toFile());
    JsonNode image = JSON.readTree(blob(manifest.path("config")).toFile());
    Path layer = blob(manifest.at("/layers/0"));
    Path root = Files.createDirectories(folder.resolve("root"));
    assertEquals(0, run(folder, "tar", "-xzf", layer.toString(), "-C", "root"), this::tail);
    JsonNode old = JSON.readTree(folder.resolve("image/manifest.json").toFile());
    assertEquals(
        "blobs/sha256/" + layer.getFileName(), old.at("/0/Layers/0").asText(), "docker load's");
    assertFalse(Files.exists(root.resolve("bin")), "from scratch: no shell");

    JsonNode config = image.path("config");
    String java = words(config.path("Entrypoint")).get(0);
    assertTrue(Files.isExecutable(root.resolve(java.substring(1))), java);
    String[] user = config.path("User").asText().split(":", -1);
    String container =
        "mount --bind root root && mount --bind /proc root/proc && mount --bind /dev root/dev"
            + " && exec unshare --root=root --wd=%s --setuid=%s --setgid=%s \"$@\""
                .formatted(config.path("WorkingDir").asText(), user[0], user[1]);
    List<String> command = new ArrayList<>(List.of("env", "-i", "PATH=/usr/bin:/bin"));
    command.addAll(words(config.path("Env")));
    command.addAll(List.of("unshare", "--mount", "sh", "-c", container, "sh"));
    command.addAll(words(config.path("Entrypoint")));
    command.addAll(words(config.path("Cmd")));
    command.addAll(List.of("--set", "unlearn.epochs=1"));
    assertEquals(0, run(folder, command.toArray(String[]::new)), this::tail);
    JsonNode verdict = JSON.readTree(root.resolve("data/fable/verify.json").toFile());
    assertEquals("pass", verdict.path("verdict").asText());
    assertTrue(Files.size(root.resolve("data/fable/report.html")) > 10_000);
  }

  private String tail() {
    try {
      String said = said();
      return said.substring(Math.max(0, said.length() - 3000));
    } catch (IOException e) {
      return String.valueOf(e);
    }
  }
}
