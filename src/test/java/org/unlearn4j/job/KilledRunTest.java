package org.unlearn4j.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.cli.Main;

/**
 * A whole run in processes of its own: killed without notice before each rename in turn and taken
 * up again, and asked for by two processes at once. What comes out is what an undisturbed run
 * makes, bit for bit.
 */
@Tag("slow")
class KilledRunTest {
  /**
   * Stands before the product's class of this name on the class path: ends the process, as a kill
   * would, before the rename whose number the property says.
   */
  private static final String KILLS =
      """
      package org.unlearn4j.base;

      import java.io.IOException;
      import java.nio.file.*;

      final class Renames {
        private static int left = Integer.getInteger("kill.before", Integer.MAX_VALUE);

        static synchronized void move(Path from, Path to) throws IOException {
          if (--left == 0) {
            Runtime.getRuntime().halt(137);
          }
          Files.move(from, to, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        }

        static void syncTree(Path root) {}
      }
      """;

  @TempDir Path temp;
  private Path pipeline;
  private Path classes;

  @BeforeEach
  void aTinyPipeline() throws IOException {
    classes = Files.createDirectories(temp.resolve("classes"));
    Path source = Files.createDirectories(temp.resolve("source")).resolve("Renames.java");
    Files.writeString(source, KILLS);
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    assertEquals(0, compiler.run(null, null, null, "-d", classes.toString(), source.toString()));
    Path data = Files.createDirectories(temp.resolve("data"));
    rows(data.resolve("private.jsonl"), 0, 3);
    rows(data.resolve("public.jsonl"), 3, 8);
    pipeline =
        Files.writeString(
            temp.resolve("tiny.yaml"),
            """
            name: tiny
            model:
              init: random
              tokenizer: src/test/resources/fable-tokenizer
              architecture: {hidden_size: 16, layers: 1, heads: 2, ffn: 16, max_positions: 64}
            data: {benchmark: jsonl, path: DATA, forget: private, retain: public, max_length: 64}
            finetune: {epochs: 2, batch_size: 4, learning_rate: 3.0e-3, checkpoint_every: 1}
            unlearn:
              objective: {name: NPO}
              epochs: 2
              batch_size: 4
              learning_rate: 3.0e-3
              checkpoint_every: 1
            export: {variants: [fp32, int8]}
            evaluate: {max_new_tokens: 2}
            relearn: {share: 0.5, epochs: 1}
            """
                .replace("DATA", data.toString()));
  }

  private static void rows(Path file, int from, int to) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = from; i < to; i++) {
      rows.append(
          String.format("{\"question\": \"Who is %d?\", \"answer\": \"Writer %d.\"}%n", i, i));
    }
    Files.writeString(file, rows);
  }

  private Process start(Path run, int killBefore) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-Dkill.before=" + killBefore));
    command.addAll(
        List.of("-cp", classes + File.pathSeparator + System.getProperty("java.class.path")));
    command.add(Main.class.getName());
    command.addAll(List.of("run", "--pipeline", pipeline.toString(), "--run", run.toString()));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(temp.resolve(run.getFileName() + "." + System.nanoTime() + ".log").toFile())
        .start();
  }

  /** Gates need not hold for a model that never learned much: 0 and 1 are both ends of a run. */
  private void finish(Process process) throws InterruptedException {
    assertTrue(process.waitFor() <= 1, "ended with " + process.exitValue());
  }

  @Test
  void killedBeforeEachRenameInTurn() throws Exception {
    Path whole = temp.resolve("whole");
    finish(start(whole, Integer.MAX_VALUE));
    Path broken = temp.resolve("broken");
    int kills = 0;
    int before = 1;
    Map<String, String> last = Map.of();
    while (true) {
      Process process = start(broken, before);
      if (process.waitFor() != 137) {
        finish(process);
        break;
      }
      kills++;
      // One rename further each time, until a stage is done and its record there.
      Map<String, String> now = records(broken);
      before = now.equals(last) ? before + 1 : 1;
      last = now;
      assertTrue(kills < 300, "it never ends");
    }
    assertTrue(kills >= 40, "renames of a whole run: " + kills);
    assertEquals(made(whole), made(broken));
    Process nothing = start(broken, 1);
    finish(nothing); // it would have been killed
    assertEquals(List.of(), left(broken), "nothing half-written is left");
  }

  private static Map<String, String> records(Path run) throws IOException {
    Map<String, String> records = new TreeMap<>();
    if (Files.exists(run)) {
      try (Stream<Path> walk = Files.walk(run)) {
        for (Path p : walk.filter(f -> f.toString().endsWith(".stage")).toList()) {
          records.put(run.relativize(p).toString(), Hashes.sha256(p));
        }
      }
    }
    return records;
  }

  private static List<String> left(Path run) throws IOException {
    try (Stream<Path> walk = Files.walk(run)) {
      return walk.map(p -> run.relativize(p).toString())
          .filter(n -> n.endsWith(".part") || n.endsWith(".old") || n.endsWith(".lock"))
          .filter(n -> !n.startsWith("logs/"))
          .toList();
    }
  }

  /** Weights bit by bit, and all that was measured. */
  private static Map<String, String> made(Path run) throws IOException {
    Map<String, String> made = new TreeMap<>();
    for (String model : List.of("target", "retain", "unlearned")) {
      made.put(model, Hashes.sha256(run.resolve(model).resolve("model.safetensors")));
    }
    ObjectMapper mapper = new ObjectMapper();
    try (Stream<Path> files = Files.list(run.resolve("eval"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".json")).toList()) {
        ObjectNode node = (ObjectNode) mapper.readTree(file.toFile());
        // The files of the ONNX folder carry how long unlearning took.
        node.remove(List.of("seconds", "tokens_per_second", "weights_sha256"));
        made.put(file.getFileName().toString(), node.toString());
      }
    }
    JsonNode verdict = mapper.readTree(run.resolve("verify.json").toFile());
    made.put("verify.json", verdict.path("gates").toString());
    made.put("relearn.json", Files.readString(run.resolve("relearn.json")));
    return made;
  }

  @Test
  void ofTwoProcessesOneWaitsAndFindsNothingToDo() throws Exception {
    Path run = temp.resolve("both");
    Process first = start(run, Integer.MAX_VALUE);
    Process second = start(run, Integer.MAX_VALUE);
    finish(first);
    finish(second);
    StringBuilder said = new StringBuilder();
    try (Stream<Path> logs = Files.list(temp)) {
      for (Path log : logs.filter(l -> l.toString().endsWith(".log")).toList()) {
        said.append(Files.readString(log, StandardCharsets.UTF_8));
      }
    }
    assertTrue(said.toString().contains("is writing here; waiting for it."), said.toString());
    assertTrue(said.toString().contains("nothing to do"), said.toString());
    Path whole = temp.resolve("whole");
    finish(start(whole, Integer.MAX_VALUE));
    assertEquals(made(whole), made(run));
    assertFalse(Files.exists(temp.resolve(".both.lock")));
  }
}
