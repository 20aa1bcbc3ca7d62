package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damaged files, a few of the many that {@code make fuzz} makes, and all that were ever found to be
 * answered badly.
 */
class FuzzTest {
  /** A folder a target, a folder a finding, the files that differ from the right ones. */
  private static final Path CORPUS = Path.of("src/test/resources/fuzz");

  private static final int CASES = 200;

  @TempDir Path root;

  @Test
  void everythingThatWasEverFound() throws IOException {
    Fuzzer fuzzer = new Fuzzer(root, 0);
    List<String> breaches = new ArrayList<>();
    int entries = 0;
    for (Path target : folders(CORPUS)) {
      for (Path entry : folders(target)) {
        Fuzzer.Found found = fuzzer.run("" + target.getFileName(), Fuzzer.files(entry));
        found.outcome().breaches().forEach(b -> breaches.add(entry + ": " + b));
        entries++;
      }
    }
    assertEquals(List.of(), breaches);
    assertTrue(entries >= 20, entries + " entries of the corpus");
  }

  /** Damage is done to something: what is undamaged is read. */
  @Test
  @Tag("slow") // loads every runtime
  void rightFilesAreRight() {
    List<String> wrong = new ArrayList<>();
    for (FuzzTarget target : FuzzTargets.all()) {
      FuzzCase.Outcome o = new FuzzCase(target, root).run(Map.of());
      int expected = target.name().equals("inspect-hashes") ? ExitCode.GATE : ExitCode.DONE;
      if (o.code() != expected || !o.breaches().isEmpty()) {
        wrong.add(target.name() + ": " + o);
      }
    }
    assertEquals("", String.join("\n", wrong));
  }

  private static List<Path> folders(Path in) throws IOException {
    try (Stream<Path> list = Files.list(in)) {
      return list.filter(Files::isDirectory).sorted().toList();
    }
  }

  /** In this process: targets of native runtimes and of child processes are left to make fuzz. */
  @Test
  void aFewOfMany() {
    Set<String> slow =
        Set.of(
            "tokenizer",
            "batch",
            "forward-onnx",
            "forward-tf",
            "report",
            "compare",
            "export",
            "round");
    Fuzzer fuzzer = new Fuzzer(root, 1);
    List<String> breaches = new ArrayList<>();
    Set<String> targets = new TreeSet<>();
    Set<Integer> codes = new TreeSet<>();
    for (long n = 0; n < CASES; n++) {
      if (!slow.contains(fuzzer.target(n))) {
        Fuzzer.Found found = fuzzer.run(n);
        targets.add(found.target());
        codes.add(found.outcome().code());
        for (String breach : found.outcome().breaches()) {
          breaches.add("case " + n + " of " + found.target() + ": " + breach);
        }
      }
    }
    assertEquals(List.of(), breaches);
    assertTrue(targets.size() >= 12, "cases of " + targets);
    assertTrue(codes.containsAll(Set.of(0, 2)), "both right and wrong files: " + codes);
  }

  /** The contract can be broken, and that is seen. */
  @Test
  void breachesAreSeen() {
    FuzzTarget careless =
        new FuzzTarget(
            "careless",
            1,
            folder -> Files.writeString(folder.resolve("a.json"), "{}"),
            Map.of("a.json", FuzzFormat.JSON),
            FuzzTarget.reader(
                folder -> {
                  try {
                    Files.writeString(folder.resolve("a.json"), "mine now");
                    Files.writeString(folder.resolveSibling("out").resolve(".b.part"), "half");
                  } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                  }
                  throw new NullPointerException();
                }));
    List<String> breaches = new FuzzCase(careless, root).run(Map.of()).breaches();
    for (String expected : List.of("exit 70", "input changed: a.json", "half written")) {
      assertFalse(breaches.stream().noneMatch(b -> b.startsWith(expected)), breaches.toString());
    }
  }

  @Test
  void aCaseIsTheSameEveryTime() {
    for (long n : new long[] {0, 7, 42}) {
      Fuzzer.Found a = new Fuzzer(root.resolve("a"), 5).run(n);
      Fuzzer.Found b = new Fuzzer(root.resolve("b"), 5).run(n);
      assertEquals(a.target(), b.target());
      assertEquals(a.files().keySet(), b.files().keySet());
      a.files()
          .forEach(
              (name, bytes) ->
                  assertTrue(java.util.Arrays.equals(bytes, b.files().get(name)), name));
    }
  }
}
