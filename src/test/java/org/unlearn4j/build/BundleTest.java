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
import java.util.ArrayList;
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

  /** And what puts pieces together. */
  private static final List<String> JOINING =
      List.of("cat", "tar", "gzip", "sha256sum", "mkdir", "mv", "rm");

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

  private Path bundle() throws IOException, InterruptedException {
    assumeTrue(Files.isDirectory(Path.of("target/dist/lib")), "no dist folder: make build");
    Path bundle = folder.resolve("unlearn4j-cpu");
    String[] make = {"sh", "pipeline/gpu/bundle.sh", "target/dist", bundle.toString()};
    assertEquals(0, run(Map.of(), Path.of("."), make).code());
    return bundle;
  }

  /** An environment with nothing but these programs. */
  private Map<String, String> bare(List<String> tools) throws IOException {
    Path bin = Files.createDirectories(folder.resolve("bin"));
    for (String tool : tools) {
      Files.createSymbolicLink(bin.resolve(tool), Path.of("/usr/bin", tool));
    }
    return Map.of("PATH", bin.toString(), "HOME", folder.toString());
  }

  /**
   * As on a machine that is lent for minutes: pieces are brought, joined and checked, the most
   * valuable parts are done, and what does not fit is left out. Estimates on two cores: 75 s for
   * Llama, 30 for a timing; the 3600 of the largest step through adapters never fit.
   */
  @Test
  void fromPiecesInMinutes() throws Exception {
    Path bundle = bundle();
    Path pieces = folder.resolve("pieces");
    String[] cut = {"sh", "pipeline/gpu/pieces.sh", bundle.toString(), pieces.toString()};
    assertEquals(0, run(Map.of(), Path.of("."), cut).code());
    Path there = Files.createDirectories(folder.resolve("there"));
    List<String> tools = new ArrayList<>(TOOLS);
    tools.addAll(JOINING);
    Map<String, String> bare = bare(tools);
    Run join = run(bare, there, "/bin/sh", pieces.resolve("join.sh").toString());
    assertEquals(0, join.code(), join.output());
    String check = join.output().strip() + "/gpu-check";
    Run found =
        run(
            bare,
            there,
            check,
            "--device",
            "cpu",
            "--minutes",
            "4",
            "--parts",
            "^(llama.fp32|bench.5m.fp32|lora.*)$",
            "--steps",
            "1");
    assertEquals(0, found.code(), found.output());
    List<String> lines = new ArrayList<>();
    for (String line : found.output().lines().toList()) {
      JsonNode json = new ObjectMapper().readTree(line);
      lines.add(json.path("part").asText() + " " + json.path("outcome").asText());
    }
    assertEquals(
        List.of(
            "doctor pass", "llama.fp32 pass", "bench.5m.fp32 pass", "lora.8b.bf16 skipped", "end "),
        lines);
    JsonNode file = new ObjectMapper().readTree(there.resolve("gpu-check.json").toFile());
    assertEquals("partial", file.path("verdict").asText());
  }

  /** The modules are right if the program runs with no others: every runtime, a model, a check. */
  @Test
  void runsWithItsOwnJavaAndNothingElse() throws Exception {
    Path bundle = bundle();
    Map<String, String> bare = bare(TOOLS);
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
    assertEquals("pass", found.at("/parts/1/stages/0/result/verdict").asText());
    assertTrue(found.at("/parts/2/result/step_ms").doubleValue() > 0, found.toPrettyString());
    assertEquals("absent", found.at("/parts/3/outcome").asText(), "no python3 on this path");
  }
}
