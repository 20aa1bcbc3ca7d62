package org.unlearn4j.onnx;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.UserException;

/**
 * An adapter of ONNX Runtime on disk ({@code .onnx_adapter}): matrices by the names of the graph's
 * inputs that they are for. Its only tie to a model is a number, the model version.
 *
 * <p>Source of the format: microsoft/onnxruntime, {@code onnxruntime/lora/adapter_format/}.
 */
public final class AdapterFile {
  /** Ending of such files. */
  public static final String ENDING = ".onnx_adapter";

  /** In a deployed folder, beside the models: what was learned by unlearning. */
  public static final String NAME = "unlearned" + ENDING;

  private static final int FIELDS = 4;

  private final Path path;
  private final ByteBuffer bytes;
  private final int modelVersion;
  private final Map<String, AdapterFactor> factors = new LinkedHashMap<>();

  private AdapterFile(Path path, ByteBuffer bytes) {
    this.path = path;
    this.bytes = bytes;
    byte[] identifier = new byte[4];
    bytes.get(4, identifier);
    String found = new String(identifier, StandardCharsets.ISO_8859_1);
    if (!found.equals(AdapterFileWriter.IDENTIFIER)) {
      throw none("the identifier " + found.replaceAll("[^ -~]", "?"));
    }
    int root = bytes.getInt(0);
    int version = number(root, 0);
    if (version != AdapterFileWriter.FORMAT_VERSION) {
      throw none("version " + version + " of the format");
    }
    this.modelVersion = number(root, 2);
    int list = target(root, 3);
    for (int i = 0; i < bytes.getInt(list); i++) {
      int at = list + 4 + 4 * i;
      AdapterFactor f = parameter(at + bytes.getInt(at));
      factors.put(f.name(), f);
    }
  }

  /**
   * Reads a file; values are mapped, not copied.
   *
   * @throws UserException if it is none, or holds anything but matrices of float32
   */
  public static AdapterFile read(Path path) {
    try (FileChannel channel = FileChannel.open(path)) {
      ByteBuffer mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
      return new AdapterFile(path, mapped.order(ByteOrder.LITTLE_ENDIAN));
    } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
      throw new UserException(
          path + ": found a file that is cut off or damaged, expected an adapter of ONNX Runtime.",
          e);
    } catch (IOException e) {
      throw new UserException(path + ": could not be read (" + e.getMessage() + ").", e);
    }
  }

  /**
   * Writes a file, whole or not at all.
   *
   * @param modelVersion see {@link #modelVersion(Map)}; 0: of any model
   * @param factors in any order, their names all different
   * @throws UserException if it would have 2 GiB or more
   * @throws org.unlearn4j.base.MachineException if the disk refuses
   */
  public static void write(Path path, int modelVersion, List<AdapterFactor> factors) {
    AtomicFiles.writeFile(path, part -> writeTo(part, modelVersion, factors));
  }

  /** The same into a folder that is being written. */
  static void writeTo(Path path, int modelVersion, List<AdapterFactor> factors) throws IOException {
    try (WritableByteChannel to = Channels.newChannel(Files.newOutputStream(path))) {
      new AdapterFileWriter(modelVersion, factors).write(to);
    }
  }

  /**
   * The adapter that a deployable folder has for its models; a file alone has none.
   *
   * @throws UserException if there is no model of the variant
   */
  public static Optional<Path> in(Path folderOrFile, String variant) {
    if (!Files.isDirectory(folderOrFile)) {
      return Optional.empty();
    }
    return Optional.of(OnnxFile.locate(folderOrFile, variant).resolveSibling(NAME))
        .filter(Files::isRegularFile);
  }

  /** Whether a file says that it is such an adapter. */
  public static boolean is(Path path) {
    try (InputStream in = Files.newInputStream(path)) {
      byte[] head = in.readNBytes(8);
      return head.length == 8
          && new String(head, 4, 4, StandardCharsets.ISO_8859_1)
              .equals(AdapterFileWriter.IDENTIFIER);
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * The number by which an adapter names its model: the first 31 bits of a hash of its weights'
   * hashes.
   *
   * @param sources SHA-256 of each file of the model's weights, by name
   */
  public static int modelVersion(Map<String, String> sources) {
    if (sources.isEmpty()) {
      return 0;
    }
    String all = String.join("\n", sources.values().stream().sorted().toList());
    return Math.max(1, Integer.parseUnsignedInt(Hashes.sha256(all).substring(0, 8), 16) >>> 1);
  }

  /** The file. */
  public Path path() {
    return path;
  }

  /** Which model it belongs to; 0: it does not say. */
  public int modelVersion() {
    return modelVersion;
  }

  /** Its matrices by name, in the file's order. */
  public Map<String, AdapterFactor> factors() {
    return Collections.unmodifiableMap(factors);
  }

  /** A of a linear map, {@code [in, rank]}. */
  public Optional<AdapterFactor> down(String module) {
    return Optional.ofNullable(factors.get(AdapterInputs.down(module)));
  }

  /** B of a linear map with every scale, {@code [rank, out]}. */
  public Optional<AdapterFactor> up(String module) {
    return Optional.ofNullable(factors.get(AdapterInputs.up(module)));
  }

  /** The same file with some of its matrices alone, in memory. */
  byte[] only(Set<String> names) {
    List<AdapterFactor> kept =
        factors.values().stream().filter(f -> names.contains(f.name())).toList();
    AdapterFileWriter writer = new AdapterFileWriter(modelVersion, kept);
    ByteArrayOutputStream memory = new ByteArrayOutputStream(Math.toIntExact(writer.size()));
    try {
      writer.write(Channels.newChannel(memory));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return memory.toByteArray();
  }

  private AdapterFactor parameter(int table) {
    int text = target(table, 0);
    ByteBuffer raw = bytes.slice(text + 4, bytes.getInt(text));
    String name = StandardCharsets.UTF_8.decode(raw).toString();
    int type = number(table, 2);
    if (type != AdapterFileWriter.FLOAT) {
      throw mistake(name, "data type " + type, "float32 (" + AdapterFileWriter.FLOAT + ")");
    }
    int shape = target(table, 1);
    List<Long> dims = new ArrayList<>();
    for (int i = 0; i < bytes.getInt(shape); i++) {
      dims.add(bytes.getLong(shape + 4 + 8 * i));
    }
    int data = target(table, 3);
    long size = bytes.getInt(data);
    if (dims.size() != 2
        || dims.stream().anyMatch(d -> d < 0 || d > Integer.MAX_VALUE)
        || dims.get(0) * dims.get(1) != size / Float.BYTES
        || size % Float.BYTES != 0) {
      throw mistake(name, "shape " + dims + " in " + size + " bytes", "a whole matrix");
    }
    ByteBuffer values = bytes.slice(data + 4, (int) size).order(ByteOrder.LITTLE_ENDIAN);
    return new AdapterFactor(
        name,
        dims.get(0).intValue(),
        dims.get(1).intValue(),
        () -> {
          float[] all = new float[values.capacity() / Float.BYTES];
          values.asFloatBuffer().get(all);
          return all;
        });
  }

  /** Where a field of a table lies; 0 where it is left out. */
  private int field(int table, int field) {
    int vtable = table - bytes.getInt(table);
    int known = Math.min(FIELDS, bytes.getShort(vtable) / 2 - 2);
    int at = field < known ? bytes.getShort(vtable + 4 + 2 * field) : 0;
    return at == 0 ? 0 : table + at;
  }

  private int number(int table, int field) {
    int at = field(table, field);
    return at == 0 ? 0 : bytes.getInt(at);
  }

  /** What an offset leads to. */
  private int target(int table, int field) {
    int at = field(table, field);
    if (at == 0) {
      throw none("a table without field " + field);
    }
    return at + bytes.getInt(at);
  }

  private UserException none(String found) {
    return UserException.at(path, "", found, "an adapter of ONNX Runtime");
  }

  private UserException mistake(String name, String found, String expected) {
    return UserException.at(path, "parameter " + name, found, expected);
  }
}
