package org.unlearn4j.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Hashes;

/** Files that a ledger names: as they were, changed, and by names that lead elsewhere. */
class FilesCheckTest {
  @TempDir Path temp;
  private Path folder;
  private String hash;

  @BeforeEach
  void write() throws IOException {
    folder = Files.createDirectories(temp.resolve("ledger"));
    Path rows = Files.createDirectories(folder.resolve("ann")).resolve("forget.jsonl");
    hash = Hashes.sha256(Files.writeString(rows, "{}\n"));
  }

  private FilesCheck.Result of(String request) {
    Unlearned step =
        new Unlearned(
            Map.of(request, Map.of("forget.jsonl", hash)),
            "sequential",
            "runs/gone",
            true,
            new Unlearned.Files(Map.of(), Map.of(), Map.of(), Map.of()),
            new Unlearned.Utility(0.8, 1),
            Map.of(),
            "plan",
            1);
    Ledger ledger = Ledger.read(folder).append(Entry.Kind.UNLEARNED, step.json());
    return FilesCheck.of(folder, ledger.history());
  }

  @Test
  void rowsAsTheyWereAreNoMistake() {
    FilesCheck.Result found = of("ann");
    assertEquals(List.of(), found.mistakes());
    assertEquals(List.of("runs/gone"), found.absent());
  }

  @Test
  void changedRowsAreOne() throws IOException {
    Files.writeString(folder.resolve("ann/forget.jsonl"), "{ }\n");
    List<String> mistakes = of("ann").mistakes();
    assertEquals(1, mistakes.size());
    assertTrue(mistakes.get(0).startsWith(folder + "/ann/forget.jsonl: found the hash "));
  }

  /** A chain is no key: whoever has the file may write a whole one with such names. */
  @Test
  void aNameThatLeadsElsewhereIsNoFile() throws IOException {
    Files.createDirectories(temp.resolve("other"));
    Files.copy(folder.resolve("ann/forget.jsonl"), temp.resolve("other/forget.jsonl"));
    for (String name : List.of("../other", temp.resolve("other").toString(), "a\0b")) {
      List<String> mistakes = of(name).mistakes();
      assertTrue(mistakes.get(0).contains("forget.jsonl: found no such file"), mistakes.get(0));
      Files.delete(folder.resolve(Ledger.FILE));
    }
  }
}
