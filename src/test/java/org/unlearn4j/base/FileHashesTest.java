package org.unlearn4j.base;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file is read once as long as it is what it was. Readings are counted, not timed. */
class FileHashesTest {
  @TempDir Path folder;
  private int readings;
  private Path file;

  @BeforeEach
  void aFileThatHasBeenThereForAWhile() throws Exception {
    file = Files.writeString(folder.resolve("weights"), "one");
    Thread.sleep(1_050); // younger files are read again: see the class
  }

  private String hash(FileHashes hashes) {
    return hashes.of(
        file,
        "counted",
        f -> {
          readings++;
          return Hashes.sha256(f);
        });
  }

  @Test
  void anotherProcessRemembersToo() {
    Path memory = folder.resolve(".hashes");
    FileHashes first = FileHashes.in(memory);
    String hash = hash(first);
    assertEquals(hash, hash(first));
    assertEquals(Hashes.sha256("one"), hash);
    assertEquals(1, readings);
    first.save();
    FileHashes second = FileHashes.in(memory);
    assertEquals(hash, hash(second));
    assertEquals(1, readings, "the second process reads nothing");
    assertEquals(hash, second.of(file), "other meanings of the file are kept apart");
  }

  @Test
  void aChangeIsSeenWhateverItsSizeAndDate() throws IOException {
    FileHashes hashes = FileHashes.inMemory();
    String before = hash(hashes);
    FileTime then = Files.getLastModifiedTime(file);
    Files.writeString(file, "two");
    Files.setLastModifiedTime(file, then);
    assertNotEquals(before, hash(hashes));
  }

  @Test
  void anotherFileInItsPlaceIsSeen() throws IOException {
    FileHashes hashes = FileHashes.inMemory();
    String before = hash(hashes);
    Path other = Files.writeString(folder.resolve("other"), "two");
    Files.setLastModifiedTime(other, Files.getLastModifiedTime(file));
    Files.move(other, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    assertNotEquals(before, hash(hashes));
  }

  /** Two changes within one tick of the clock have one time: a young file is not remembered. */
  @Test
  void aYoungFileIsReadAgain() throws IOException {
    FileHashes hashes = FileHashes.inMemory();
    Files.writeString(file, "two");
    hash(hashes);
    hash(hashes);
    assertEquals(2, readings);
  }

  @Test
  void aFileThatChangesWhileItIsReadIsNamed() {
    UserException e =
        assertThrows(
            UserException.class,
            () ->
                FileHashes.inMemory()
                    .of(
                        file,
                        "changing",
                        f -> {
                          try {
                            Files.writeString(f, "three");
                          } catch (IOException x) {
                            throw new UncheckedIOException(x);
                          }
                          return Hashes.sha256(f);
                        }));
    assertTrue(
        e.getMessage().startsWith(file + ": found a file that changed while it was read"),
        e.getMessage());
  }

  @Test
  void aBrokenMemoryIsForgotten() throws IOException {
    Path memory = Files.writeString(folder.resolve(".hashes"), "unlearn4j file hashes 1\nx=y\n\0");
    assertEquals(Hashes.sha256("one"), hash(FileHashes.in(memory)));
    Files.write(memory, new byte[] {(byte) 0xff, (byte) 0xfe, 0});
    assertEquals(Hashes.sha256("one"), hash(FileHashes.in(memory)));
    assertEquals(2, readings);
  }
}
