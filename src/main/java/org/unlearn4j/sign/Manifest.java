package org.unlearn4j.sign;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;

/**
 * The files of a model and their digests: the predicate {@value #PREDICATE} of OpenSSF Model
 * Signing, whose subject is the digest of all digests.
 *
 * @param files SHA-256 of each file, by its path with slashes, in the order of path parts
 * @param ignored paths that are no part of it
 */
record Manifest(String name, Map<String, String> files, List<String> ignored) {
  static final String PREDICATE = "https://model_signing/signature/v1.0";

  private static final String SHA256 = "sha256";
  private static final List<String> GIT =
      List.of(".git", ".gitattributes", ".github", ".gitignore");
  private static final ObjectMapper JSON = new ObjectMapper();

  Manifest {
    files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
    ignored = List.copyOf(ignored);
  }

  /**
   * Reads a folder.
   *
   * @param ignored paths within it that are no part of the model, beside those of Git
   * @throws UserException if there is no such folder, or a link in it: what it leads to is not
   *     signed
   */
  static Manifest of(Path folder, List<String> ignored) {
    if (!Files.isDirectory(folder)) {
      throw UserException.at(
          folder, "", Files.exists(folder) ? "a file" : "nothing", "a model's folder");
    }
    List<String> all = new ArrayList<>(ignored);
    GIT.stream().filter(g -> !all.contains(g)).forEach(all::add);
    Map<String, String> files =
        new TreeMap<>(Comparator.comparing((String p) -> List.of(p.split("/")), Manifest::parts));
    try {
      Files.walkFileTree(
          folder,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes a) {
              return all.contains(name(folder, dir))
                  ? FileVisitResult.SKIP_SUBTREE
                  : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes a) {
              String name = name(folder, file);
              if (!all.contains(name)) {
                files.put(name, digest(file, a));
              }
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new MachineException(folder + ": could not be read (" + e + ").", e);
    }
    Path last = folder.toAbsolutePath().normalize().getFileName();
    return new Manifest(last == null ? "" : last.toString(), files, all);
  }

  private static String digest(Path file, BasicFileAttributes a) {
    if (!a.isRegularFile()) {
      throw UserException.at(
          file,
          "",
          a.isSymbolicLink() ? "a link" : "no regular file",
          "only regular files, because a signature covers the bytes of files");
    }
    return Hashes.sha256(file);
  }

  private static String name(Path folder, Path file) {
    return folder.relativize(file).toString().replace('\\', '/');
  }

  private static int parts(List<String> a, List<String> b) {
    for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
      int order = a.get(i).compareTo(b.get(i));
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(a.size(), b.size());
  }

  /** SHA-256 over the digests of all files, in their order. */
  String root() {
    MessageDigest all = Hashes.digest();
    files.values().forEach(d -> all.update(HexFormat.of().parseHex(d)));
    return HexFormat.of().formatHex(all.digest());
  }

  ObjectNode predicate() {
    ObjectNode predicate = JSON.createObjectNode();
    ObjectNode how = predicate.putObject("serialization");
    how.put("method", "files").put("hash_type", SHA256).put("allow_symlinks", false);
    ArrayNode paths = how.putArray("ignore_paths");
    ignored.forEach(paths::add);
    ArrayNode resources = predicate.putArray("resources");
    files.forEach(
        (name, digest) ->
            resources.addObject().put("name", name).put("algorithm", SHA256).put("digest", digest));
    return predicate;
  }

  /**
   * Reads a predicate.
   *
   * @throws IllegalArgumentException saying what in it is not of this form, or not known here
   */
  static Manifest read(String name, JsonNode predicate) {
    JsonNode how = predicate.path("serialization");
    if (!how.path("method").asText().equals("files")
        || !how.path("hash_type").asText().equals(SHA256)) {
      throw new IllegalArgumentException("a serialization of " + how);
    }
    List<String> ignored = new ArrayList<>();
    how.path("ignore_paths").forEach(p -> ignored.add(p.asText()));
    Map<String, String> files = new LinkedHashMap<>();
    for (JsonNode r : predicate.path("resources")) {
      String digest = r.path("digest").asText();
      boolean known = r.path("algorithm").asText().equals(SHA256) && digest.matches("[0-9a-f]{64}");
      if (!known || files.put(r.path("name").asText(), digest) != null) {
        throw new IllegalArgumentException("a resource " + r);
      }
    }
    return new Manifest(name, files, ignored);
  }
}
