package org.unlearn4j.build;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Names everything in a folder that runs here and was made elsewhere: {@code bom.json} (CycloneDX
 * 1.5) with every jar, every native library within a jar and every one beside them, each with
 * version and SHA-256, and {@code THIRD-PARTY.txt} with their licences and the texts that they came
 * with. Part of the build, without any library, so that it needs no class path:
 *
 * <pre>java org.unlearn4j.build.Sbom CLASSPATH FOLDER CACHE</pre>
 *
 * <p>{@code CLASSPATH} is a file with the runtime class path as Maven has it: beside each jar of
 * its repository lies the POM that says whose it is. {@code CACHE} keeps the hashes of natives by
 * the hash of their jar, since unpacking them takes seconds.
 */
final class Sbom {
  /** Of whatever system; JNA alone has them for twenty. */
  static final Pattern NATIVE =
      Pattern.compile(".*[.](so([.][0-9]+)*|dylib|dll|jnilib|a)$|.*[.]dSYM/.*/DWARF/[^/]+$");

  private static final Pattern NOTICE =
      Pattern.compile("(?i)(.*/)?(THIRD_?PARTY[^/]*|LICEN[CS]E[^/]*|NOTICE[^/]*|COPYING[^/]*)");

  private final Path folder;
  private final Path cacheFile;
  private final Properties cache = new Properties();
  private final Map<String, SbomPom> poms = new TreeMap<>();
  private final List<SbomComponent> components = new ArrayList<>();
  private final Map<String, String> texts = new TreeMap<>();

  private Sbom(Path folder, Path cacheFile) {
    this.folder = folder;
    this.cacheFile = cacheFile;
  }

  /** See the class. */
  public static void main(String[] args) throws IOException {
    write(Files.readString(Path.of(args[0])).strip(), Path.of(args[1]), Path.of(args[2]));
  }

  /**
   * Writes both files.
   *
   * @param classPath jars of a Maven repository, separated as class paths are
   * @throws IllegalStateException if the folder has a jar that is not among them
   */
  static void write(String classPath, Path folder, Path cacheFile) throws IOException {
    Sbom sbom = new Sbom(folder, cacheFile);
    for (String jar : classPath.split(File.pathSeparator, -1)) {
      Path path = Path.of(jar);
      if (jar.endsWith(".jar")) {
        sbom.poms.put(String.valueOf(path.getFileName()), SbomPom.beside(path));
      }
    }
    sbom.all();
  }

  private void all() throws IOException {
    if (Files.exists(cacheFile)) {
      try (InputStream in = Files.newInputStream(cacheFile)) {
        cache.load(in);
      }
    }
    List<Path> files;
    try (Stream<Path> walk = Files.walk(folder)) {
      files = walk.filter(Files::isRegularFile).sorted().toList();
    }
    for (Path file : files) {
      String name = String.valueOf(file.getFileName());
      boolean runtimes = folder.relativize(file).startsWith("runtime"); // its jar is no dependency
      if (name.endsWith(".jar") && !name.startsWith("unlearn4j-") && !runtimes) {
        jar(file, name);
      } else if (NATIVE.matcher(name).matches() || (runtimes && name.endsWith(".jar"))) {
        beside(file);
      }
    }
    try (var out = Files.newBufferedWriter(cacheFile)) {
      cache.store(out, "SHA-256 of native libraries by that of their jar");
    }
    Files.writeString(folder.resolve("bom.json"), SbomComponent.bom(components));
    Files.writeString(folder.resolve("THIRD-PARTY.txt"), notices());
  }

  private void jar(Path file, String name) throws IOException {
    SbomPom pom = poms.get(name);
    if (pom == null) {
      throw new IllegalStateException(
          file + ": found a jar that is no dependency, expected those of the class path only.");
    }
    String place = folder.relativize(file).toString();
    String sha = sha256(Files.newInputStream(file));
    String classifier = pom.classifier(name);
    components.add(
        new SbomComponent(
            place,
            pom.group(),
            pom.artifact(),
            pom.version(),
            pom.purl(classifier),
            sha,
            pom.licences()));
    if (!cache.containsKey(sha)) {
      cache.setProperty(sha, natives(file));
    }
    for (String line : cache.getProperty(sha).lines().filter(l -> !l.isEmpty()).toList()) {
      String path = line.substring(65);
      String library = path.substring(path.lastIndexOf('/') + 1);
      components.add(
          new SbomComponent(
              place + "!/" + path,
              pom.group(),
              library,
              pom.version(),
              pom.purl(classifier) + "#" + path,
              line.substring(0, 64),
              pom.licences()));
    }
    notices(file);
  }

  private static String natives(Path jar) throws IOException {
    StringBuilder lines = new StringBuilder();
    try (ZipFile zip = new ZipFile(jar.toFile())) {
      for (Enumeration<? extends ZipEntry> all = zip.entries(); all.hasMoreElements(); ) {
        ZipEntry entry = all.nextElement();
        if (!entry.isDirectory() && NATIVE.matcher(entry.getName()).matches()) {
          lines.append(sha256(zip.getInputStream(entry))).append(' ');
          lines.append(entry.getName()).append('\n');
        }
      }
    }
    return lines.toString();
  }

  private void notices(Path jar) throws IOException {
    try (ZipFile zip = new ZipFile(jar.toFile())) {
      for (Enumeration<? extends ZipEntry> all = zip.entries(); all.hasMoreElements(); ) {
        ZipEntry entry = all.nextElement();
        if (!entry.isDirectory()
            && !entry.getName().endsWith(".class")
            && NOTICE.matcher(entry.getName()).matches()) {
          byte[] text = zip.getInputStream(entry).readAllBytes();
          texts.merge(
              new String(text, StandardCharsets.UTF_8).strip(),
              jar.getFileName() + "!/" + entry.getName(),
              (a, b) -> a + "\n" + b);
        }
      }
    }
  }

  /** A library that lies in the folder itself: of CUDA, of the Java runtime, of this system. */
  private void beside(Path file) throws IOException {
    String place = folder.relativize(file).toString();
    SbomSystem.Origin origin = SbomSystem.origin(folder, place, poms.values());
    origin.text().ifPresent(t -> texts.merge(t.strip(), place, (a, b) -> a + "\n" + b));
    components.add(
        new SbomComponent(
            place,
            origin.owner(),
            String.valueOf(file.getFileName()),
            origin.version(),
            "",
            sha256(Files.newInputStream(file)),
            origin.licences()));
  }

  private String notices() {
    StringBuilder out = new StringBuilder();
    out.append("Unlearn4J is distributed with the following, each under its own licence.\n");
    for (SbomComponent c : components) {
      if (!c.place().contains("!/")) {
        out.append('\n').append(c.place()).append("\n  ").append(c.group()).append(' ');
        out.append(c.name()).append(' ').append(c.version()).append('\n');
        c.licences().forEach(l -> out.append("  ").append(l).append('\n'));
      }
    }
    texts.forEach(
        (text, from) ->
            out.append("\n")
                .append("-".repeat(80))
                .append('\n')
                .append(from)
                .append("\n\n")
                .append(text)
                .append('\n'));
    return out.toString();
  }

  static String sha256(InputStream from) throws IOException {
    try (InputStream in = from) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] piece = new byte[1 << 18];
      for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
        digest.update(piece, 0, n);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
