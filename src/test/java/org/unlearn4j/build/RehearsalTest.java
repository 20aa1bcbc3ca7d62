package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.base.AtomicFiles;

/**
 * One call from pieces to the last part, by the clock; the bundle's check only tells how it was
 * called.
 */
class RehearsalTest {
  @TempDir Path folder;
  private Path script;
  private Path pieces;

  @BeforeEach
  void cut() throws Exception {
    script = Path.of("pipeline/gpu/rehearse.sh").toAbsolutePath();
    Path bundle = Files.createDirectories(folder.resolve("bundle"));
    byte[] content = new byte[100_000];
    new Random(0).nextBytes(content); // which no compression makes smaller
    Files.write(bundle.resolve("data"), content);
    Path check =
        Files.writeString(
            bundle.resolve("gpu-check"),
            """
            #!/bin/sh
            echo "{\\"part\\":\\"check\\",\\"options\\":\\"$*\\",\\"home\\":\\"$HOME\\",\\"java\\":\\"$(command -v java)\\"}"
            echo {} > gpu-check.json
            """);
    assertTrue(check.toFile().setExecutable(true));
    pieces = folder.resolve("bundle-pieces");
    cut("bundle", pieces);
  }

  private void cut(String name, Path to, String... onto) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of("sh", "pipeline/gpu/pieces.sh", "" + folder.resolve(name), to.toString()));
    command.addAll(List.of(onto));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(Map.of("PIECE_BYTES", "60000"));
    Run cut = end(builder);
    assertEquals(0, cut.code(), cut.output());
  }

  private record Run(int code, String output) {
    JsonNode part(String name) throws IOException {
      for (String line : output.lines().filter(l -> l.startsWith("{")).toList()) {
        JsonNode json = new ObjectMapper().readTree(line);
        if (json.path("part").asText().equals(name)) {
          return json;
        }
      }
      throw new AssertionError("no part " + name + " in " + output);
    }
  }

  private static Run end(ProcessBuilder builder) throws IOException, InterruptedException {
    Process process = builder.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Run(process.waitFor(), output);
  }

  private Run sh(String... command) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("sh"));
    all.addAll(List.of(command));
    return end(new ProcessBuilder(all).directory(folder.toFile()));
  }

  /** Random bytes: 100,000 of them, and what tar adds, are two pieces of at most 60,000. */
  @Test
  void fromThePiecesToTheLastPart() throws Exception {
    Run r = sh(script.toString(), pieces.toString(), "7", "--steps", "2");
    assertEquals(0, r.code(), r.output());
    assertEquals(2, r.part("pieces").path("pieces").asInt(), r.output());
    JsonNode join = r.part("join");
    assertEquals(2, join.path("pieces").asInt(), r.output());
    int left = join.path("left_s").asInt();
    assertEquals(7 * 60, left + join.path("seconds").asInt(), r.output());
    // Seconds as tenths of minutes, never more than there are: 419 s are 6 minutes and 59 / 6
    // tenths.
    String minutes = left / 60 + "." + left % 60 / 6;
    JsonNode check = r.part("check");
    assertEquals(
        "--minutes " + minutes + " --device cpu --steps 2", check.path("options").asText());
    assertTrue(check.path("home").asText().endsWith("build/rehearsal/home"), r.output());
    assertEquals("", check.path("java").asText(), "it has a Java of its own only");
    JsonNode end = r.part("rehearsal");
    assertEquals(0, end.path("code").asInt());
    assertEquals("{}\n", Files.readString(Path.of(end.path("file").asText())));
    assertFalse(Files.exists(folder.resolve("build/rehearsal/here/bundle")), "only the JSON stays");
  }

  /** What a machine that is lent does not take is told before anything is unpacked. */
  @Test
  void whatIsTooMuchIsRefused() throws Exception {
    Files.write(pieces.resolve("bundle.tar.gz.001"), new byte[60_000_001]);
    Run large = sh(script.toString(), pieces.toString(), "7");
    assertEquals(1, large.code());
    assertTrue(large.output().contains("found 60000001 bytes, expected at most"), large.output());
    for (int i = 1; i < 21; i++) {
      Files.write(pieces.resolve("bundle.tar.gz.0" + (i < 10 ? "0" : "") + i), new byte[9]);
    }
    Run many = sh(script.toString(), pieces.toString(), "7");
    assertEquals(1, many.code());
    assertTrue(many.output().contains("found 21 pieces, expected at most 20"), many.output());
    assertFalse(Files.exists(folder.resolve("build")));
  }

  /** A piece that was damaged on its way ends the call, and no check is begun. */
  @Test
  void aDamagedPieceEndsIt() throws Exception {
    Files.writeString(pieces.resolve("bundle.tar.gz.001"), "not it");
    Run r = sh(script.toString(), pieces.toString(), "7");
    assertEquals(1, r.code(), r.output());
    assertTrue(r.output().contains("bundle.tar.gz.001: found SHA-256"), r.output());
    assertFalse(r.output().contains("\"check\""), r.output());
  }

  /** A second call goes on with the bundle that is here, and lays over it what has come since. */
  @Test
  void whatIsThereIsNotJoinedAgain() throws Exception {
    String run = pieces.resolve("run.sh").toString();
    AtomicFiles.deleteTree(folder.resolve("bundle")); // as on the other machine
    assertEquals(2, sh(run, "7").part("join").path("pieces").asInt());
    Files.createDirectories(folder.resolve("more"));
    Files.write(folder.resolve("more/second"), new byte[9]);
    Path data = folder.resolve("bundle/data");
    byte[] before = Files.readAllBytes(data);
    Run again = sh(run, "7");
    assertEquals(0, again.code(), again.output());
    assertEquals(0, again.part("join").path("pieces").asInt(), again.output());
    cut("more", folder.resolve("bundle-onnx-pieces"), "bundle");
    Run over = sh(run, "7");
    assertEquals(0, over.code(), over.output());
    assertEquals(1, over.part("join").path("pieces").asInt(), over.output());
    assertTrue(Files.exists(folder.resolve("bundle/second")));
    assertEquals(before.length, Files.size(data));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "1.5", "--steps", "99999"})
  void minutesComeFirst(String minutes) throws Exception {
    Run r = sh(pieces.resolve("run.sh").toString(), minutes);
    assertEquals(2, r.code(), r.output());
    assertTrue(r.output().contains("found '" + minutes + "', expected minutes"), r.output());
  }
}
