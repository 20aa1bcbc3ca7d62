package org.unlearn4j.base;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;

/**
 * The right to write one target, which one thread of one process holds at a time. The lock is the
 * operating system's, on a file {@code .NAME.lock} beside the target that says who holds it, so
 * that the lock of a killed process is free at once. A thread that holds a lock may take it again.
 */
public final class TargetLock {
  private static final long POLL_MILLIS = 100;

  /** Bytes of a lock's file, and more by lot. */
  private static final int LEAST = 256;

  /** Locks of this process: the operating system does not tell its threads apart. */
  private static final Map<Path, TargetLock> HELD = new HashMap<>();

  private final Path target;
  private final Path file;
  private final Thread owner = Thread.currentThread();
  private final List<Path> made;
  private FileChannel channel;
  private int holds = 1;

  /**
   * A lock that nobody holds yet.
   *
   * @param made folders that were made for it, the innermost first
   */
  private TargetLock(Path target, Path file, List<Path> made) {
    this.target = target;
    this.file = file;
    this.made = List.copyOf(made);
  }

  /** What is done while the lock is held. */
  @FunctionalInterface
  public interface Work<T, E extends Exception> {
    T run() throws E;
  }

  /**
   * Does something while it holds the lock, and waits for the lock where somebody else has it.
   *
   * @param target the file or folder that is to be written; it need not exist
   * @param waiting told once, in a sentence, who holds it
   * @throws MachineException if the disk refuses, or this thread is interrupted while it waits
   * @throws E if the work does
   */
  public static <T, E extends Exception> T holding(
      Path target, Consumer<String> waiting, Work<T, E> work) throws E {
    TargetLock lock = take(target, waiting);
    try {
      return work.run();
    } finally {
      lock.release();
    }
  }

  /**
   * Does something while it holds the lock, or nothing where somebody else has it.
   *
   * @return what the work gave; empty where it was not done
   * @throws MachineException if the disk refuses
   * @throws E if the work does
   */
  public static <T, E extends Exception> Optional<T> ifFree(Path target, Work<T, E> work) throws E {
    Path absolute = target.toAbsolutePath().normalize();
    List<Path> made = missing(absolute.getParent());
    Optional<TargetLock> lock;
    try {
      lock = tried(absolute, made);
    } catch (IOException e) {
      throw new MachineException(target + ": could not be locked (" + e + ").", e);
    }
    if (lock.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(work.run());
    } finally {
      lock.get().release();
    }
  }

  /** To be called each time: whoever held the lock may have made the folder, and removed it. */
  private static Optional<TargetLock> tried(Path absolute, List<Path> made) throws IOException {
    AtomicFiles.createFolders(absolute.getParent());
    try {
      Path key = key(absolute);
      return tried(key, file(key), made);
    } catch (NoSuchFileException e) {
      return Optional.empty(); // the folder went between making it and looking at it
    }
  }

  /** One name for a target, whatever links lead to its folder. */
  private static Path key(Path absolute) throws IOException {
    return absolute.getParent().toRealPath().resolve(absolute.getFileName());
  }

  private static Path file(Path key) {
    return key.resolveSibling("." + key.getFileName() + ".lock");
  }

  private static TargetLock take(Path target, Consumer<String> waiting) {
    Path absolute = target.toAbsolutePath().normalize();
    List<Path> made = missing(absolute.getParent());
    boolean told = false;
    try {
      while (true) {
        Optional<TargetLock> lock = tried(absolute, made);
        if (lock.isPresent()) {
          return lock.get();
        }
        StopRequest.check();
        if (!told) {
          waiting.accept(target + ": " + holder(absolute) + " is writing here; waiting for it.");
          told = true;
        }
        Thread.sleep(POLL_MILLIS);
      }
    } catch (IOException e) {
      throw new MachineException(target + ": could not be locked (" + e + ").", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MachineException(target + ": interrupted while another process writes here.", e);
    }
  }

  private static Optional<TargetLock> tried(Path key, Path file, List<Path> made)
      throws IOException {
    synchronized (HELD) {
      TargetLock held = HELD.get(key);
      if (held != null && held.owner == Thread.currentThread()) {
        held.holds++;
        return Optional.of(held);
      }
      TargetLock lock = new TargetLock(key, file, made);
      if (held != null || !lock.tried()) {
        return Optional.empty();
      }
      HELD.put(key, lock);
      return Optional.of(lock);
    }
  }

  private static List<Path> missing(Path folder) {
    List<Path> missing = new ArrayList<>();
    for (Path p = folder; p != null && !Files.exists(p); p = p.getParent()) {
      missing.add(p);
    }
    return missing;
  }

  /**
   * The file may have been removed by its last holder between opening and locking: then the lock is
   * on nothing that others would see.
   */
  private boolean tried() throws IOException {
    FileChannel opened;
    try {
      opened = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (NoSuchFileException e) {
      return false; // the folder went with its last lock
    }
    FileLock lock = null;
    try {
      lock = opened.tryLock();
      if (lock != null && seen(opened)) {
        channel = opened;
        return true;
      }
    } catch (IOException e) {
      if (lock != null) {
        Files.deleteIfExists(file); // ours, and nothing could be written into it
      }
      throw e;
    } finally {
      if (channel == null) {
        opened.close();
      }
    }
    return false;
  }

  /**
   * Says who holds it, and whether what was opened is what lies at its path: its length, drawn by
   * lot, shows there. The file must not be opened to see that, for on Linux closing it would give
   * up the lock.
   */
  private boolean seen(FileChannel opened) throws IOException {
    int length = LEAST + ThreadLocalRandom.current().nextInt(1 << 16);
    String text = self();
    String padded = text + " ".repeat(Math.max(0, length - text.length()));
    ByteBuffer bytes = ByteBuffer.wrap(padded.getBytes(StandardCharsets.UTF_8));
    length = bytes.remaining();
    opened.truncate(0);
    while (bytes.hasRemaining()) {
      int ignored = opened.write(bytes);
    }
    try {
      return Files.size(file) == length;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static String self() {
    return "process "
        + ProcessHandle.current().pid()
        + " on "
        + HostName.get()
        + " (since "
        + Instant.now().truncatedTo(ChronoUnit.SECONDS)
        + ")";
  }

  /** Read only where another process holds it: see {@link #seen}. */
  private static String holder(Path absolute) {
    synchronized (HELD) {
      try {
        Path key = key(absolute);
        if (HELD.containsKey(key)) {
          return "another thread of " + self();
        }
        String text = Files.readString(file(key)).strip();
        return text.startsWith("process ") ? text : "another process";
      } catch (IOException e) {
        return "another process";
      }
    }
  }

  private void release() {
    synchronized (HELD) {
      if (--holds > 0) {
        return;
      }
      HELD.remove(target);
      try {
        Files.deleteIfExists(file); // while it is still locked: nobody else's can be deleted
        channel.close();
        made.forEach(AtomicFiles::deleteIfEmpty); // nothing came of it
      } catch (IOException e) {
        throw new MachineException(target + ": could not be unlocked (" + e + ").", e);
      }
    }
  }
}
