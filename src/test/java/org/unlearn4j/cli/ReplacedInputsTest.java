package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.faults.TinyProject;

/**
 * Weights, an ONNX file or data are replaced by other ones, whole and right, while a stage runs: it
 * fails and says so, and asked again makes what the new files make, bit for bit.
 */
@Tag("slow")
class ReplacedInputsTest {
  /** Enough for a second of work behind the first trace of it. */
  private static final Map<String, String> LONGER =
      Map.of(
          "finetune: {epochs: 2,", "finetune: {epochs: 150,",
          "  epochs: 2\n", "  epochs: 150\n",
          "max_new_tokens: 2", "max_new_tokens: 50, token_budget: 64",
          "epochs: 1}", "epochs: 150}",
          "checkpoint_every: 1}", "checkpoint_every: 0}",
          "checkpoint_every: 1\n", "checkpoint_every: 0\n");

  /** A run of which every test has a copy, and files of another one. */
  @TempDir static Path models;

  @TempDir Path temp;

  private static int run(String... arguments) {
    CommandRun run = CommandRun.of(arguments);
    assertTrue(run.code() <= ExitCode.GATE, run.err());
    return run.code();
  }

  @BeforeAll
  static void made() throws IOException {
    TinyProject project = new TinyProject(models);
    run(project.run(models.resolve("run")).toArray(String[]::new));
    String target = models.resolve("run/target").toString();
    String other = models.resolve("other").toString();
    run("export", "--model", target, "--variants", "fp32,int8", "--out", other);
  }

  /** Models and data of this test's own, and the pipeline on them. */
  private Path project(Path root) throws IOException {
    for (String part : List.of("run/target", "run/retain", "run/unlearned", "run/onnx")) {
      try (Stream<Path> walk = Files.walk(models.resolve(part))) {
        for (Path from : walk.toList()) {
          Path to = root.resolve(models.relativize(from).toString());
          Files.createDirectories(to.getParent());
          Files.copy(from, to);
        }
      }
    }
    return new TinyProject(root, LONGER).pipeline();
  }

  private static String[] arguments(String command, Path root, Path pipeline) {
    String run = root.resolve("run").toString();
    String line =
        switch (command) {
          case "finetune" -> "finetune --out OUT/taught";
          case "unlearn" -> "unlearn --set model.path=RUN/target --out OUT/less";
          case "evaluate-tf" -> "evaluate --model RUN/unlearned --runtime tf --out OUT/less.json";
          case "evaluate-onnx" ->
              "evaluate --model RUN/onnx --runtime onnx:int8 --out OUT/less.json";
          case "verify" ->
              "verify --set model.path=RUN/target --model RUN/unlearned --onnx RUN/onnx --out OUT/verdict.json";
          case "relearn" ->
              "relearn --set model.path=RUN/target --model RUN/unlearned --out OUT/relearn.json";
          default -> throw new IllegalArgumentException(command);
        };
    line += " --pipeline " + pipeline;
    String out = root.resolve("out").toString();
    return Stream.of(line.split(" ", -1))
        .map(a -> a.replace("RUN", run).replace("OUT", out))
        .toArray(String[]::new);
  }

  @ParameterizedTest
  @CsvSource({
    "finetune, out/logs/*.jsonl, data/private.jsonl",
    "unlearn, out/logs/*.jsonl, run/target/model.safetensors",
    "unlearn, out/logs/*.jsonl, data/public.jsonl",
    "evaluate-tf, out/.less.json.rows, run/unlearned/model.safetensors",
    "evaluate-onnx, out/.less.json.rows, run/onnx/onnx/model_int8.onnx",
    "evaluate-onnx, out/.less.json.rows, data/private.jsonl",
    "verify, run/.onnx.lock, run/onnx/onnx/model.onnx",
    "relearn, out/logs/*.jsonl, run/unlearned/model.safetensors",
  })
  void isToldAndNotUsed(String command, String trace, String replaced) throws Exception {
    Path pipeline = project(temp);
    String[] arguments = arguments(command, temp, pipeline);
    CompletableFuture<CommandRun> running =
        CompletableFuture.supplyAsync(() -> CommandRun.of(arguments));
    PathMatcher matcher = temp.getFileSystem().getPathMatcher("glob:" + temp + "/" + trace);
    while (!running.isDone() && !there(matcher)) {
      Thread.onSpinWait();
    }
    assertFalse(running.isDone(), "it ended before anything could be replaced");
    replace(temp, replaced);
    CommandRun run = running.get();
    assertEquals(ExitCode.USER, run.code(), run.err() + run.out());
    assertTrue(
        run.err().endsWith("belongs to neither state of its inputs; run it again.\n"), run.err());
    assertTrue(run.err().contains(" changed while it ran, "), run.err());
    assertEquals(1, run.err().lines().count(), run.err());

    run(arguments);
    Path fresh = Files.createDirectories(temp.resolve("fresh"));
    Path other = project(fresh);
    replace(fresh, replaced);
    run(arguments(command, fresh, other));
    assertEquals(made(fresh.resolve("out")), made(temp.resolve("out")));
  }

  private boolean there(PathMatcher trace) throws IOException {
    try (Stream<Path> walk = Files.walk(temp)) {
      return walk.anyMatch(trace::matches);
    } catch (UncheckedIOException e) {
      return false; // something went while we looked
    }
  }

  /** Another file in one move, as downloads and editors do. */
  private static void replace(Path root, String file) throws IOException {
    Path beside = root.resolve("beside");
    if (file.endsWith(".jsonl")) {
      String rows = Files.readString(root.resolve(file));
      Files.writeString(beside, rows.replace("Writer", "Author"));
    } else if (file.startsWith("run/onnx")) {
      Files.copy(models.resolve("other").resolve(file.substring("run/onnx/".length())), beside);
    } else {
      Files.copy(models.resolve("run/retain/model.safetensors"), beside);
    }
    assertFalse(Hashes.sha256(beside).equals(Hashes.sha256(root.resolve(file))), "the same file");
    Files.move(beside, root.resolve(file), StandardCopyOption.REPLACE_EXISTING);
  }

  private static Map<String, String> made(Path out) throws IOException {
    Map<String, String> made = new TreeMap<>();
    try (Stream<Path> walk = Files.walk(out)) {
      for (Path file : walk.filter(Files::isRegularFile).toList()) {
        String name = String.valueOf(file.getFileName());
        if (name.equals("less.json")) {
          made.put(name, TinyProject.measured(file));
        } else if (name.equals("verdict.json")) {
          made.put(name, TinyProject.judged(file));
        } else if (name.equals("relearn.json") || name.endsWith(".safetensors")) {
          made.put(out.relativize(file).toString(), Hashes.sha256(file));
        }
      }
    }
    assertFalse(made.isEmpty(), "nothing was made");
    return made;
  }
}
