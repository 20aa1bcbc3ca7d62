package org.unlearn4j.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.RemoteIterator;

/**
 * The folder that a command runs in. One of this machine, or shared by all, is used as it is. One
 * of another file system, by Hadoop's connectors, is copied here before and what the command has
 * written is copied back: each file whole, under another name first.
 */
final class Project {
  private static final String TEMPORARY = ".tmp";

  private final org.apache.hadoop.fs.Path remote;
  private final FileSystem system;
  private final Path folder;
  private final boolean copied;

  /** Size and time of files of the folder as they came, by name. */
  private final Map<String, String> came = new HashMap<>();

  /**
   * Opens a folder.
   *
   * @param scratch where a copy is kept, which later units on this machine use again
   */
  Project(String address, Configuration hadoop, Path scratch) throws IOException {
    this.remote = new org.apache.hadoop.fs.Path(address);
    this.system = remote.getFileSystem(hadoop);
    this.copied = !system.getScheme().equals("file");
    this.folder = copied ? scratch : Path.of(remote.toUri().getPath());
    if (copied) {
      fetch();
    }
  }

  Path folder() {
    return folder;
  }

  /** Copies what is not here yet, or is another than here. */
  private void fetch() throws IOException {
    RemoteIterator<LocatedFileStatus> files = system.listFiles(remote, true);
    String root = system.makeQualified(remote).toUri().getPath();
    while (files.hasNext()) {
      FileStatus file = files.next();
      if (file.getPath().getName().endsWith(TEMPORARY)) {
        continue; // of a unit that is writing, or was lost while it wrote
      }
      String name = file.getPath().toUri().getPath().substring(root.length()).replaceAll("^/+", "");
      Path here = folder.resolve(name);
      boolean same =
          Files.isRegularFile(here)
              && Files.size(here) == file.getLen()
              && Files.getLastModifiedTime(here).toMillis() == file.getModificationTime();
      if (!same) {
        Files.createDirectories(here.getParent());
        Files.deleteIfExists(here);
        system.copyToLocalFile(
            false, file.getPath(), new org.apache.hadoop.fs.Path(here.toUri()), true);
        Files.setLastModifiedTime(here, FileTime.fromMillis(file.getModificationTime()));
      }
      // Only what came: work that an earlier try has left here was never given back.
      came.put(name(here), stamp(here));
    }
    Files.createDirectories(folder);
  }

  private String name(Path file) {
    return folder.relativize(file).toString();
  }

  private static String stamp(Path file) {
    try {
      return Files.size(file) + " " + Files.getLastModifiedTime(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Copies back what is new or another than it came. */
  void give() throws IOException {
    if (!copied) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        String name = name(file);
        if (!stamp(file).equals(came.get(name)) && !name.endsWith(".lock")) {
          give(file, new org.apache.hadoop.fs.Path(remote, name));
        }
      }
    }
  }

  private void give(Path file, org.apache.hadoop.fs.Path to) throws IOException {
    org.apache.hadoop.fs.Path beside =
        new org.apache.hadoop.fs.Path(
            to.getParent(), "." + to.getName() + "." + UUID.randomUUID() + TEMPORARY);
    try {
      system.copyFromLocalFile(false, true, new org.apache.hadoop.fs.Path(file.toUri()), beside);
      // In one step: other units read the file, and may give it back at this moment.
      FileContext.getFileContext(system.getUri(), system.getConf())
          .rename(beside, to, Options.Rename.OVERWRITE);
    } catch (IOException e) {
      boolean ignored = system.delete(beside, false);
      throw e;
    }
  }
}
