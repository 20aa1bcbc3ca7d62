package org.unlearn4j.base;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * The one place where something whole takes its name. What is renamed is on the disk before, and
 * the name is on the disk after: a machine that loses power has the old content or the new one.
 */
final class Renames {
  private Renames() {}

  /** Renames a file or folder, in place of a file of that name; never in place of a folder. */
  static void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    sync(to.toAbsolutePath().getParent());
  }

  /** Puts a file, or a folder with all that is in it, on the disk. */
  static void syncTree(Path root) throws IOException {
    List<Path> all;
    try (Stream<Path> walk = Files.walk(root)) {
      all = walk.filter(p -> !Files.isSymbolicLink(p)).toList();
    }
    for (Path path : all) {
      sync(path);
    }
  }

  private static void sync(Path path) throws IOException {
    boolean folder = Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      if (!folder) {
        throw e; // some systems cannot open a folder; its entries are then synced by the system
      }
    }
  }
}
