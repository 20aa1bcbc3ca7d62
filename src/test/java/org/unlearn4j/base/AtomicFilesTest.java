package org.unlearn4j.base;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** There whole, or not at all. */
class AtomicFilesTest {
  @TempDir Path folder;

  private static String host() {
    return HostName.get().replaceAll("[^A-Za-z0-9]", "_");
  }

  private static void two(Path part) throws IOException {
    Files.writeString(part.resolve("one"), "1");
    Files.createDirectory(part.resolve("sub"));
    Files.writeString(part.resolve("sub/two"), "2");
  }

  private static void full(Path part) throws IOException {
    two(part);
    throw new IOException("No space left on device");
  }

  private List<String> left() throws IOException {
    try (Stream<Path> walk = Files.walk(folder)) {
      return walk.filter(Files::isRegularFile)
          .map(p -> folder.relativize(p).toString())
          .sorted()
          .toList();
    }
  }

  @Test
  void aFolderReplacesTheOlderOneWhole() throws IOException {
    Path target = folder.resolve("made/by/it");
    AtomicFiles.writeFolder(target, p -> Files.writeString(p.resolve("old"), "0"));
    AtomicFiles.writeFolder(target, AtomicFilesTest::two);
    assertEquals(List.of("made/by/it/one", "made/by/it/sub/two"), left());
  }

  @Test
  void aFullDiskKeepsTheOlderFolder() throws IOException {
    Path target = folder.resolve("it");
    AtomicFiles.writeFolder(target, p -> Files.writeString(p.resolve("old"), "0"));
    MachineException e =
        assertThrows(
            MachineException.class, () -> AtomicFiles.writeFolder(target, AtomicFilesTest::full));
    assertEquals(target + ": could not be written (IO: No space left on device).", e.getMessage());
    assertEquals(List.of("it/old"), left());
  }

  @Test
  void aUsersMistakeOnTheWayLeavesNothingEither() throws IOException {
    UserException mistake = new UserException("a: found b, expected c.");
    assertEquals(
        mistake,
        assertThrows(
            UserException.class,
            () ->
                AtomicFiles.writeFolder(
                    folder.resolve("it"),
                    p -> {
                      two(p);
                      throw mistake;
                    })));
    assertEquals(List.of(), left());
  }

  @Test
  void whatAKilledProcessLeftDoesNotGetIn() throws IOException {
    Path stale = Files.createDirectories(folder.resolve(".it." + host() + "-999999999-0.part/sub"));
    Files.writeString(stale.resolve("stale"), "half of a fil");
    AtomicFiles.writeFolder(folder.resolve("it"), AtomicFilesTest::two);
    assertEquals(List.of("it/one", "it/sub/two"), left());
    // Killed between the two renames: the new folder is not there yet, the old one already aside.
    Files.createDirectories(folder.resolve(".it.old"));
    Files.writeString(folder.resolve(".it.old/old"), "0");
    AtomicFiles.writeFolder(folder.resolve("it"), AtomicFilesTest::two);
    assertEquals(List.of("it/one", "it/sub/two"), left());
  }

  @Test
  void belowAFileNothingCanBeWritten() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "mine");
    for (Path target : List.of(file.resolve("x"), file.resolve("x/y"))) {
      MachineException e =
          assertThrows(
              MachineException.class, () -> AtomicFiles.writeFolder(target, AtomicFilesTest::two));
      assertTrue(e.getMessage().startsWith(target + ": could not be written"), e.getMessage());
      assertThrows(MachineException.class, () -> AtomicFiles.writeString(target, "text"));
    }
    assertEquals(List.of("file"), left());
  }

  @Test
  void aFolderDoesNotReplaceAFile() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "mine");
    assertThrows(MachineException.class, () -> AtomicFiles.writeFolder(file, AtomicFilesTest::two));
    assertEquals("mine", Files.readString(file));
    assertEquals(List.of("file"), left());
  }
}
