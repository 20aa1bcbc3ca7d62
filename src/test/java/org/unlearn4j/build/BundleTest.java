package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The self-contained folder, put together of the dist folder that is there, without any Java. */
@Tag("slow")
class BundleTest {
  /** What the launcher calls; Java is not among it. */
  private static final List<String> TOOLS = List.of("sh", "dirname", "readlink");

  @TempDir Path folder;

  private record Run(int code, String output) {}

  private static Run run(Map<String, String> environment, Path in, String... command)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(in.toFile());
    if (!environment.isEmpty()) {
      builder.environment().clear();
      builder.environment().putAll(environment);
    }
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Run(process.waitFor(), output);
  }

  /** The modules are right if the program runs with no others: every runtime, a model, a check. */
  @Test
  void runsWithItsOwnJavaAndNothingElse() throws Exception {
    assumeTrue(Files.isDirectory(Path.of("target/dist/lib")), "no dist folder: make build");
    Path bundle = folder.resolve("unlearn4j-cpu");
    String[] make = {"sh", "pipeline/gpu/bundle.sh", "target/dist", bundle.toString()};
    assertEquals(0, run(Map.of(), Path.of("."), make).code());
    Path bin = Files.createDirectories(folder.resolve("bin"));
    for (String tool : TOOLS) {
      Files.createSymbolicLink(bin.resolve(tool), Path.of("/usr/bin", tool));
    }
    Map<String, String> bare = Map.of("PATH", bin.toString(), "HOME", folder.toString());
    Run check =
        run(
            bare,
            folder,
            bundle.resolve("gpu-check").toString(),
            "--device",
            "cpu",
            "--parts",
            "^(fable|bench.5m.bf16|torch.5m.fp32)$",
            "--shapes",
            "5m",
            "--steps",
            "1",
            "--set",
            "unlearn.epochs=1");
    JsonNode found = new ObjectMapper().readTree(folder.resolve("gpu-check.json").toFile());
    assertEquals(0, check.code(), found.toPrettyString());
    assertEquals("pass", found.path("verdict").asText());
    assertTrue(found.at("/parts/0/result/java/home").asText().startsWith(bundle.toString()));
    assertEquals("pass", found.at("/parts/1/stages/8/result/verdict").asText());
    assertTrue(found.at("/parts/2/result/step_ms").doubleValue() > 0, found.toPrettyString());
    assertEquals("absent", found.at("/parts/3/outcome").asText(), "no python3 on this path");
  }
}
