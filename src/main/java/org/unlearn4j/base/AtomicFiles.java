package org.unlearn4j.base;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Files and folders that are either there whole or not there: written beside, then renamed. */
public final class AtomicFiles {
  /** How names of half-written things end. */
  private static final String PART = ".part";

  private AtomicFiles() {}

  /** Writes to a path; whatever it throws leaves nothing behind. */
  @FunctionalInterface
  public interface Writer {
    void write(Path beside) throws IOException;
  }

  /**
   * Lets {@code writer} write a file beside {@code target} and renames it once it is whole and on
   * the disk. Of two processes that write one file the later rename wins.
   *
   * @throws MachineException if the disk refuses (full, read-only, no permission)
   */
  public static void writeFile(Path target, Writer writer) {
    Path beside = beside(target);
    try {
      createFolders(target.toAbsolutePath().getParent());
      sweep(target);
      writer.write(beside);
      Renames.syncTree(beside);
      Renames.move(beside, target);
    } catch (IOException | UncheckedIOException e) {
      throw new MachineException(target + ": could not be written (" + reason(e) + ").", e);
    } finally {
      deleteTree(beside);
    }
  }

  /** Writes UTF-8 text. */
  public static void writeString(Path target, String text) {
    writeFile(target, p -> Files.writeString(p, text, StandardCharsets.UTF_8));
  }

  /**
   * Lets {@code writer} fill a new folder beside {@code target} and puts it in the place of {@code
   * target} once it is whole and on the disk; an older folder of that name is removed only then.
   * One process at a time does so.
   *
   * @throws MachineException if the disk refuses, or {@code target} is a file
   */
  public static void writeFolder(Path target, Writer writer) {
    Path beside = beside(target);
    try {
      requireFolder(target);
      createFolders(target.toAbsolutePath().getParent());
      Path written =
          TargetLock.<Path, IOException>holding(
              target,
              System.err::println,
              () -> {
                recover(target);
                sweep(target);
                Files.createDirectory(beside);
                writer.write(beside);
                Renames.syncTree(beside);
                return replace(target, beside);
              });
      requireFolder(written);
    } catch (IOException | UncheckedIOException e) {
      throw new MachineException(target + ": could not be written (" + reason(e) + ").", e);
    } finally {
      deleteTree(beside);
    }
  }

  private static Path replace(Path target, Path beside) throws IOException {
    Path old = old(target);
    if (Files.exists(target)) {
      Renames.move(target, old);
    }
    try {
      Renames.move(beside, target);
    } catch (IOException e) {
      if (Files.exists(old)) {
        Renames.move(old, target);
      }
      throw e;
    }
    deleteTree(old);
    return target;
  }

  /**
   * Puts back what a kill between the two renames of {@link #writeFolder} left aside: the older
   * folder, whole. To be called while nobody else writes the target.
   *
   * @throws MachineException if the disk refuses
   */
  public static void recover(Path target) {
    Path old = old(target);
    try {
      if (Files.exists(old) && !Files.exists(target)) {
        Renames.move(old, target);
      }
      deleteTree(old); // of a kill after the second rename
    } catch (IOException | UncheckedIOException e) {
      throw new MachineException(target + ": could not be recovered (" + reason(e) + ").", e);
    }
  }

  /** A file of that name is somebody's own and no older result. */
  private static void requireFolder(Path target) throws IOException {
    if (Files.exists(target) && !Files.isDirectory(target)) {
      throw new FileAlreadyExistsException("a file has this name");
    }
  }

  /**
   * Whether {@link #writeFolder} may take a folder's place; to be asked before the long work, not
   * after it. A folder is deleted only if there is nothing in it that its writer would not write
   * again: whatever else lies there is somebody's own.
   *
   * @param marker what every folder of the kind to be written holds, for instance {@code
   *     config.json}
   * @param kind the same in words, for instance {@code an older model}
   * @param own whether a file, by its path within the folder, is one that the writer writes
   * @throws UserException if {@code target} is a file, or a folder that holds something else
   */
  public static void requireReplaceable(
      Path target, String marker, String kind, Predicate<Path> own) {
    String expected = kind + ", an empty folder or nothing";
    if (!Files.exists(target)) {
      return;
    }
    if (!Files.isDirectory(target)) {
      throw UserException.at(target, "", "a file", expected);
    }
    List<Path> files = filesIn(target);
    if (files.isEmpty()) {
      return;
    }
    if (!files.contains(Path.of(marker))) {
      throw UserException.at(target, "", "files but no " + marker, expected);
    }
    for (Path file : files) {
      if (!own.test(file)) {
        throw UserException.at(
            target,
            "",
            file + ", which is no part of " + kind,
            "no other file than those of " + kind);
      }
    }
  }

  /** Whether replacing a folder would delete a path: it is the folder, or lies in it. */
  public static boolean holds(Path folder, Path path) {
    if (path.toAbsolutePath().normalize().startsWith(folder.toAbsolutePath().normalize())) {
      return true;
    }
    try {
      return Files.exists(folder)
          && Files.exists(path)
          && path.toRealPath().startsWith(folder.toRealPath());
    } catch (IOException e) {
      throw new MachineException(path + ": could not be resolved (" + reason(e) + ").", e);
    }
  }

  /** Everything but folders, by its path within the root; links are not followed. */
  private static List<Path> filesIn(Path root) {
    try {
      Path top = root.toRealPath();
      try (Stream<Path> walk = Files.walk(top)) {
        return walk.filter(p -> !Files.isDirectory(p, LinkOption.NOFOLLOW_LINKS))
            .map(top::relativize)
            .sorted()
            .toList();
      }
    } catch (IOException | UncheckedIOException e) {
      throw new MachineException(root + ": could not be listed (" + reason(e) + ").", e);
    }
  }

  /** Deletes a file or a folder with all that is in it; nothing happens where there is none. */
  public static void deleteTree(Path root) {
    if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
      return; // also where what should be a folder above it is a file
    }
    try (Stream<Path> walk = Files.walk(root)) {
      walk.sorted(Comparator.reverseOrder())
          .forEach(
              p -> {
                try {
                  Files.deleteIfExists(p);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    } catch (NoSuchFileException e) {
      // nothing there: done
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Makes a folder and those above it; one that is a link to a folder is one. */
  public static void createFolders(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) { // which JDK 17 does not ask of a link
      Files.createDirectories(folder);
    }
  }

  /** Deletes a folder that holds nothing; nothing happens to any other. */
  public static void deleteIfEmpty(Path folder) {
    String[] left = folder.toFile().list();
    if (left != null && left.length == 0) {
      deleteTree(folder);
    }
  }

  /** A name that no other write has: host, process and a number stand in it. */
  private static Path beside(Path target) {
    Path absolute = target.toAbsolutePath();
    String id =
        HostName.get().replaceAll("[^A-Za-z0-9]", "_")
            + "-"
            + ProcessHandle.current().pid()
            + "-"
            + Long.toHexString(System.nanoTime())
            + Long.toHexString(Thread.currentThread().getId());
    return absolute.resolveSibling("." + absolute.getFileName() + "." + id + PART);
  }

  private static Path old(Path target) {
    Path absolute = target.toAbsolutePath();
    return absolute.resolveSibling("." + absolute.getFileName() + ".old");
  }

  /** Deletes what processes of this machine left beside a target when they were killed. */
  private static void sweep(Path target) throws IOException {
    Path absolute = target.toAbsolutePath();
    String begin =
        "." + absolute.getFileName() + "." + HostName.get().replaceAll("[^A-Za-z0-9]", "_") + "-";
    List<Path> left;
    try (Stream<Path> list = Files.list(absolute.getParent())) {
      left = list.filter(p -> isLeft(String.valueOf(p.getFileName()), begin)).toList();
    }
    left.forEach(AtomicFiles::deleteTree);
  }

  private static boolean isLeft(String name, String begin) {
    if (!name.startsWith(begin) || !name.endsWith(PART)) {
      return false;
    }
    String[] id = name.substring(begin.length(), name.length() - PART.length()).split("-", -1);
    return id.length == 2
        && id[0].matches("[0-9]{1,18}")
        && ProcessHandle.of(Long.parseLong(id[0])).filter(ProcessHandle::isAlive).isEmpty();
  }

  private static String reason(Exception e) {
    Throwable t = e instanceof UncheckedIOException ? e.getCause() : e;
    String name = t.getClass().getSimpleName().replace("Exception", "");
    return t.getMessage() == null ? name : name + ": " + t.getMessage();
  }
}
