package org.unlearn4j.base;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * SHA-256 of files, each read once as long as its size, its times of modification and change, its
 * inode and its device stay the same. The change time is the system's and cannot be set back, so
 * that a file that was replaced by one of equal size and date is seen.
 *
 * <p>A file that changed within the last second is read again the next time: two changes within one
 * tick of the clock have one time. Safe for several threads.
 */
public final class FileHashes {
  private static final String CONTENT = "content";
  private static final Duration TICK = Duration.ofSeconds(1);
  private static final int MOST = 4096;
  private static final String HEADER = "unlearn4j file hashes 1";

  /** What a file's content is known by; {@code text} says all of it. */
  private record Stamp(String text, Instant changed) {}

  private final Optional<Path> memory;
  private final Map<String, String> known = new LinkedHashMap<>();
  private final Map<String, Optional<String>> resources = new ConcurrentHashMap<>();
  private boolean grown;

  private FileHashes(Optional<Path> memory) {
    this.memory = memory;
  }

  /** Remembers as long as it lives. */
  public static FileHashes inMemory() {
    return new FileHashes(Optional.empty());
  }

  /** Remembers what earlier processes have read, too, once they called {@link #save}. */
  public static FileHashes in(Path memory) {
    FileHashes hashes = new FileHashes(Optional.of(memory));
    try {
      List<String> lines =
          Files.isRegularFile(memory)
              ? Files.readAllLines(memory, StandardCharsets.UTF_8)
              : List.of();
      if (!lines.isEmpty() && lines.get(0).equals(HEADER)) {
        lines.stream()
            .skip(1)
            .map(line -> line.split("=", 2))
            .filter(pair -> pair.length == 2 && pair[1].matches("[0-9a-f]{64}"))
            .forEach(pair -> hashes.known.put(pair[0], pair[1]));
      }
    } catch (IOException e) {
      hashes.known.clear(); // nobody's input: what cannot be read is hashed again
    }
    return hashes;
  }

  /**
   * Of a file's bytes.
   *
   * @throws UserException if the file changes while it is read
   */
  public String of(Path file) {
    return of(file, CONTENT, Hashes::sha256);
  }

  /**
   * Of what a file means, as {@code meaning} has it: remembered like that of its bytes.
   *
   * @param kind names the meaning
   * @param meaning SHA-256 of what counts in the file
   * @throws UserException if the file changes while it is read
   */
  public String of(Path file, String kind, Function<Path, String> meaning) {
    Stamp stamp = stamp(file);
    String key = kind + " " + stamp.text;
    synchronized (known) {
      String hash = known.remove(key); // put back as the latest
      if (hash != null) {
        known.put(key, hash);
        return hash;
      }
    }
    Instant begun = Instant.now();
    String hash = meaning.apply(file);
    if (!stamp(file).equals(stamp)) {
      throw UserException.at(
          file, "", "a file that changed while it was read", "a file that no program is writing");
    }
    if (stamp.changed.isBefore(begun.minus(TICK))) {
      synchronized (known) {
        known.put(key, hash);
        grown = true;
      }
    }
    return hash;
  }

  /**
   * Of a resource of this program.
   *
   * @param path from the root of the class path, with a slash before it
   * @return empty where there is none
   */
  public Optional<String> ofResource(String path) {
    return resources.computeIfAbsent(path, this::resource);
  }

  private Optional<String> resource(String path) {
    URL url = FileHashes.class.getResource(path);
    if (url == null) {
      return Optional.empty();
    }
    try {
      // Of an archive that was read before nothing is read again.
      return Optional.of(
          url.openConnection() instanceof JarURLConnection jar
              ? of(Path.of(jar.getJarFileURL().toURI()), "resource " + path, f -> content(url))
              : content(url));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(url + " is no file", e);
    }
  }

  private static String content(URL url) {
    try (InputStream in = url.openStream()) {
      return Hashes.sha256(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Stamp stamp(Path file) {
    try {
      Map<String, Object> a;
      try {
        a = Files.readAttributes(file, "unix:dev,ino,size,lastModifiedTime,ctime");
      } catch (UnsupportedOperationException | IllegalArgumentException e) {
        a = new LinkedHashMap<>(Files.readAttributes(file, "size,lastModifiedTime,fileKey"));
        a.put("path", file.toRealPath());
      }
      FileTime modified = (FileTime) a.get("lastModifiedTime");
      FileTime changed = (FileTime) a.getOrDefault("ctime", modified);
      StringBuilder text = new StringBuilder();
      for (String name : List.of("path", "fileKey", "dev", "ino", "size")) {
        if (a.get(name) != null) {
          text.append(String.valueOf(a.get(name)).replace('=', '_').replace('\n', '_'));
          text.append(' ');
        }
      }
      text.append(modified.toInstant()).append(' ').append(changed.toInstant());
      return new Stamp(text.toString(), changed.toInstant());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes down what is known, for later processes, the latest {@value #MOST} files of it. */
  public void save() {
    if (memory.isEmpty()) {
      return;
    }
    StringBuilder text = new StringBuilder(HEADER).append('\n');
    synchronized (known) {
      if (!grown) {
        return;
      }
      known.entrySet().stream()
          .skip(Math.max(0, known.size() - MOST))
          .forEach(e -> text.append(e.getKey()).append('=').append(e.getValue()).append('\n'));
      grown = false;
    }
    AtomicFiles.writeString(memory.get(), text.toString());
  }
}
