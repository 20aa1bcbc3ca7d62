package org.unlearn4j.gpu;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.unlearn4j.base.Programs;
import org.unlearn4j.gpu.GpuFacts.Card;
import org.unlearn4j.gpu.GpuFacts.User;

/**
 * Reads a machine's {@link GpuFacts}. What cannot be read is taken as absent: this looks for
 * reasons, it never fails.
 *
 * @param root of the file system
 * @param environment variables
 * @param output what a program prints, by its command line; empty where it does not run
 */
public record GpuFactsReader(
    Path root, Map<String, String> environment, Function<List<String>, String> output) {

  private static final Pattern DRIVER = Pattern.compile("NVRM version:.*?\\s(\\d+(?:\\.\\d+)+)\\s");
  private static final Pattern CACHED = Pattern.compile("\\s*(\\S+) \\(([^)]*)\\) => (\\S+)\\s*");

  /** Where the dynamic linker looks by itself, on the distributions there are. */
  private static final List<String> DEFAULT_FOLDERS =
      List.of(
          "lib/x86_64-linux-gnu",
          "usr/lib/x86_64-linux-gnu",
          "lib64",
          "usr/lib64",
          "lib",
          "usr/lib");

  private static final String ONNX = "ai/onnxruntime/native/linux-x64/";
  private static final String PROVIDER = "libonnxruntime_providers_cuda.so";
  private static final String TENSORFLOW = "org/tensorflow/internal/c_api/linux-x86_64";

  /** The machine this runs on. */
  public static GpuFacts ofThisMachine() {
    return new GpuFactsReader(
            Path.of("/"), System.getenv(), command -> Programs.output(command).orElse(""))
        .read(system(), builds(GpuFactsReader.class.getClassLoader()));
  }

  private static String system() {
    return (System.getProperty("os.name") + " " + System.getProperty("os.arch"))
        .toLowerCase(Locale.ROOT);
  }

  private static GpuFacts.Builds builds(ClassLoader loader) {
    // A bundle has ONNX Runtime's natives in a folder, since what is in a jar is unpacked at every
    // start.
    Path unpacked = Path.of(System.getProperty("onnxruntime.native.path", "no such folder"));
    try {
      return new GpuFacts.Builds(
          loader.getResource(TENSORFLOW + "/libjnitensorflow.so") != null,
          loader.getResource(TENSORFLOW + "-gpu/libjnitensorflow.so") != null,
          Collections.list(loader.getResources(ONNX + "libonnxruntime.so")).size(),
          loader.getResource(ONNX + PROVIDER) != null || Files.exists(unpacked.resolve(PROVIDER)));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  GpuFacts read(String system, GpuFacts.Builds builds) {
    return new GpuFacts(
        system,
        onBus(),
        driver(),
        cards(),
        libraries(),
        Optional.ofNullable(environment.get("CUDA_VISIBLE_DEVICES")),
        builds);
  }

  /** A display or 3D controller (class 03) of vendor 10de. */
  private boolean onBus() {
    return children("sys/bus/pci/devices").stream()
        .anyMatch(
            d ->
                text(d.resolve("vendor")).strip().equals("0x10de")
                    && text(d.resolve("class")).startsWith("0x03"));
  }

  private GpuFacts.Driver driver() {
    Path version = root.resolve("proc/driver/nvidia/version");
    List<String> nodes =
        children("dev").stream()
            .map(p -> String.valueOf(p.getFileName()))
            .filter(n -> n.startsWith("nvidia") || n.equals("dxg"))
            .toList();
    return new GpuFacts.Driver(
        Files.exists(version) || nodes.contains("dxg"), driverVersion(text(version)), nodes);
  }

  /** The version in {@code /proc/driver/nvidia/version}, whichever kernel module it speaks of. */
  static Optional<String> driverVersion(String text) {
    Matcher m = DRIVER.matcher(text);
    return m.find() ? Optional.of(m.group(1)) : Optional.empty();
  }

  private List<Card> cards() {
    List<String[]> users =
        rows(
            output.apply(
                List.of(
                    "nvidia-smi",
                    "--query-compute-apps=gpu_uuid,pid,process_name,used_memory",
                    "--format=csv,noheader,nounits")),
            4);
    List<Card> cards = new ArrayList<>();
    for (String[] row :
        rows(
            output.apply(
                List.of(
                    "nvidia-smi",
                    "--query-gpu=index,uuid,compute_cap,memory.total,memory.free,name",
                    "--format=csv,noheader,nounits")),
            6)) {
      List<User> own =
          users.stream()
              .filter(u -> u[0].equals(row[1]))
              .map(u -> new User(number(u[1]), u[2], number(u[3])))
              .toList();
      Optional<String> capability =
          Optional.of(row[2]).filter(c -> c.matches("[0-9]{1,3}\\.[0-9]{1,2}"));
      cards.add(
          new Card((int) number(row[0]), row[5], capability, number(row[3]), number(row[4]), own));
    }
    return cards;
  }

  /** Lines of exactly that many columns whose first is no complaint. */
  private static List<String[]> rows(String csv, int columns) {
    return csv.lines()
        .map(line -> line.split("\\s*,\\s*", columns))
        .filter(row -> row.length == columns)
        .toList();
  }

  /** A number of megabytes or the like; 0 where there is another word, as in virtual machines. */
  private static long number(String text) {
    return text.strip().matches("[0-9]{1,15}") ? Long.parseLong(text.strip()) : 0;
  }

  /** The first of each name wins, in the order of the dynamic linker. */
  private Map<String, String> libraries() {
    Map<String, String> found = new LinkedHashMap<>();
    String path = environment.getOrDefault("LD_LIBRARY_PATH", "");
    Arrays.stream(path.split(File.pathSeparator, -1))
        .filter(f -> !f.isBlank())
        .forEach(f -> folder(root.resolve(f), found));
    output
        .apply(List.of("/sbin/ldconfig", "-p"))
        .lines()
        .map(CACHED::matcher)
        .filter(m -> m.matches() && m.group(2).contains("x86-64"))
        .filter(m -> interesting(m.group(1)))
        .forEach(m -> found.putIfAbsent(m.group(1), behind(Path.of(m.group(3)))));
    DEFAULT_FOLDERS.forEach(f -> folder(root.resolve(f), found));
    return found;
  }

  private static void folder(Path folder, Map<String, String> found) {
    for (Path file : list(folder)) {
      String name = String.valueOf(file.getFileName());
      if (interesting(name) && Files.exists(file)) { // a link may lead nowhere
        found.putIfAbsent(name, behind(file));
      }
    }
  }

  private static boolean interesting(String name) {
    return name.contains(".so.")
        && name.matches("lib(cuda|cu[a-zA-Z]+|nv[a-zA-Z]+|z)[a-z_-]*\\.so\\..*");
  }

  /** The name of the file that a chain of links ends at. */
  private static String behind(Path file) {
    try {
      return String.valueOf(file.toRealPath().getFileName());
    } catch (IOException e) {
      return String.valueOf(file.getFileName());
    }
  }

  private List<Path> children(String folder) {
    return list(root.resolve(folder));
  }

  private static List<Path> list(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }
}
