package org.unlearn4j.requests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.faults.TinyProject;
import org.unlearn4j.ledger.ChainCheck;
import org.unlearn4j.ledger.Ledger;

/** Requests whose process is killed between writing a file and putting it in its place. */
@Tag("slow")
class KilledRequestsTest {
  /** Stands before the product's class of this name: ends the process before a rename. */
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

  /** Renames that the first process lives through; each later one lives through as many more. */
  private static final int STEP = 9;

  @TempDir Path temp;

  private int requests(Path root, int killBefore) throws Exception {
    Path classes = temp.resolve("classes");
    if (!Files.exists(classes)) {
      Files.createDirectories(classes);
      Path source = Files.writeString(temp.resolve("Renames.java"), KILLS);
      JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
      assertEquals(0, compiler.run(null, null, null, "-d", classes.toString(), source.toString()));
    }
    List<String> command =
        new ArrayList<>(TinyProject.java(List.of("-Dkill.before=" + killBefore), List.of(classes)));
    command.addAll(List.of("requests", "run", root.toString()));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(temp.resolve("log").toFile()))
        .start()
        .waitFor();
  }

  private Path folder(String name, Path first) throws IOException {
    Path root = temp.resolve(name);
    Path template =
        Files.writeString(
            temp.resolve(name + ".yaml"),
            """
            name: tiny
            model: {path: FIRST}
            data: {benchmark: fable, max_length: 64}
            unlearn: {objective: {name: GradDiff}, epochs: 3, batch_size: 4, learning_rate: 1.0e-3}
            evaluate: {max_new_tokens: 2}
            export: {variants: [fp32]}
            verify: {logit_atol: 1.0}
            """
                .replace("FIRST", first.toString()));
    FableRequests.write(root, template.toString());
    for (String later : List.of("authors-141", "authors-144", "authors-147")) {
      Files.delete(root.resolve(later).resolve("request.yaml"));
    }
    for (String rows : List.of("authors-135", "authors-138")) {
      shorten(root.resolve(rows).resolve("forget.jsonl"));
      shorten(root.resolve(rows).resolve("retain.jsonl"));
    }
    try (Stream<Path> files = Files.list(root.resolve("shared"))) {
      for (Path file : files.toList()) {
        shorten(file);
      }
    }
    return root;
  }

  private static void shorten(Path file) throws IOException {
    Files.write(file, Files.readAllLines(file).subList(0, 4));
  }

  /** A record without its times and what follows from them. */
  private static List<JsonNode> records(Path root) throws IOException {
    List<JsonNode> records = new ArrayList<>();
    for (String line : Files.readAllLines(root.resolve(Ledger.FILE))) {
      ObjectNode node = (ObjectNode) new ObjectMapper().readTree(line);
      node.remove(List.of("at", "hash", "parent"));
      ObjectNode content = (ObjectNode) node.get("content");
      content.remove(List.of("seconds", "deployed_sha256", "run_sha256", "plan"));
      records.add(node);
    }
    return records;
  }

  @Test
  void killedRequestsGoOnAndEndAsOthers() throws Exception {
    Path first = Path.of("models/fable-target").toAbsolutePath();
    Path whole = folder("whole", first);
    int ended = requests(whole, Integer.MAX_VALUE);
    assertTrue(ended <= 1, () -> "ended with " + ended + ": " + temp.resolve("log"));
    Path broken = folder("broken", first);
    int kills = 0;
    int before = STEP;
    int records = 0;
    while (requests(broken, before) == 137) {
      kills++;
      ChainCheck.Result chain = ChainCheck.of(broken.resolve(Ledger.FILE));
      assertEquals(List.of(), chain.mistakes(), "after " + kills + " kills");
      assertTrue(chain.entries().size() >= records, "a record is never lost");
      records = chain.entries().size();
      before += STEP; // so that it ends even where a stage has many renames
      assertTrue(kills < 60, "it never ends");
    }
    assertTrue(kills >= 3, "kills of two requests: " + kills);
    assertEquals(records(whole), records(broken));
    assertEquals(List.of(), TinyProject.left(broken), "nothing half-written is left");
  }
}
