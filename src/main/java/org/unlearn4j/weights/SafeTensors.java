package org.unlearn4j.weights;

import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.Sentences;
import org.unlearn4j.base.UserException;

/**
 * Weights of a model: one safetensors file, or the shards that {@code model.safetensors.index.json}
 * lists. Nothing is read before it is asked for, and then piece by piece, so that a model never
 * stands in the Java heap.
 */
public final class SafeTensors implements AutoCloseable {
  /**
   * What published files hold beside weights: causal masks of GPT-2 and GPT-NeoX, rotary tables of
   * old Llamas. They follow from the configuration.
   */
  private static final Pattern BUFFERS =
      Pattern.compile(
          "(.*\\.)?((attn|attention)\\.(masked_)?bias|rotary_emb\\.(inv_freq|cos_cached|sin_cached))");

  /** Heads that a file may repeat although they are tied to the token table. */
  private static final Set<String> HEADS =
      Set.of("lm_head.weight", "embed_out.weight", "language_model.lm_head.weight");

  private final Path source;
  private final List<SafeTensorsFile> files;
  private final Map<String, SafeTensorsFile> home;
  private final StoredNames stored;
  private final FusedExperts fused;

  private SafeTensors(Path source, List<SafeTensorsFile> files, Map<String, SafeTensorsFile> home) {
    this.source = source;
    this.files = files;
    this.home = home;
    Set<String> all = new HashSet<>(home.keySet());
    files.forEach(f -> all.addAll(f.others().keySet()));
    this.stored = new StoredNames(all);
    this.fused = new FusedExperts(source, home);
  }

  /**
   * Opens a file or a Hugging Face folder.
   *
   * @throws UserException if there are no weights, or a file is truncated or not safetensors
   */
  public static SafeTensors open(Path path) {
    if (!Files.isDirectory(path)) {
      return ofFiles(path, List.of(path), Map.of(), DType.OF_WEIGHTS);
    }
    Path single = path.resolve("model.safetensors");
    Path index = path.resolve("model.safetensors.index.json");
    if (Files.isRegularFile(single)) {
      return ofFiles(single, List.of(single), Map.of(), DType.OF_WEIGHTS);
    }
    if (Files.isRegularFile(index)) {
      return ofIndex(index);
    }
    throw UserException.at(
        path, "", "no weights", "model.safetensors or model.safetensors.index.json");
  }

  /**
   * Opens the state of a training run, in which tensors may be codes.
   *
   * @throws UserException if the file is truncated or not safetensors
   */
  public static SafeTensors ofState(Path file) {
    return ofFiles(file, List.of(file), Map.of(), DType.OF_STATE);
  }

  private static SafeTensors ofIndex(Path index) {
    Map<String, Path> shardOf = new LinkedHashMap<>();
    JsonInput map = JsonInput.read(index, "an index of safetensors files").get("weight_map");
    map.fields().forEach((tensor, file) -> shardOf.put(tensor, shard(index, file)));
    if (shardOf.isEmpty()) {
      throw UserException.at(index, "weight_map", "nothing", "tensor names and their files");
    }
    List<Path> shards = List.copyOf(new TreeSet<>(shardOf.values()));
    SafeTensors all = ofFiles(index, shards, shardOf, DType.OF_WEIGHTS);
    List<String> absent =
        shardOf.entrySet().stream()
            .filter(e -> !all.home.containsKey(e.getKey()))
            .map(e -> e.getKey() + " in " + e.getValue().getFileName())
            .toList();
    if (!absent.isEmpty()) {
      all.close();
      throw UserException.at(
          index, "weight_map", "tensors that are not there: " + absent, "them in these shards");
    }
    return all;
  }

  /**
   * A shard lies beside its index: a path could lead anywhere, and two folders have equal names.
   */
  private static Path shard(Path index, JsonInput file) {
    String name = file.text();
    if (!name.matches("[^/\\\\\\p{Cc}:]+") || name.equals(".") || name.equals("..")) {
      throw file.mistake("the name of a file beside the index");
    }
    return index.resolveSibling(name);
  }

  /**
   * Opens files.
   *
   * @param placed which of them holds a tensor, as an index says; a tensor that it does not name is
   *     where it is found
   * @param formats of the tensors that are wanted
   * @throws UserException if a tensor that the index does not name is in two files
   */
  private static SafeTensors ofFiles(
      Path source, List<Path> paths, Map<String, Path> placed, Set<DType> formats) {
    List<SafeTensorsFile> files = new ArrayList<>();
    Map<String, SafeTensorsFile> home = new LinkedHashMap<>();
    try {
      for (Path path : paths) {
        SafeTensorsFile file = SafeTensorsFile.open(path, formats);
        files.add(file);
        for (String name : file.tensors().keySet()) {
          if (!placed.getOrDefault(name, path).equals(path)) {
            continue;
          }
          SafeTensorsFile other = home.put(name, file);
          if (other != null) {
            throw UserException.at(
                source,
                "tensor " + name,
                "it in " + other.path().getFileName() + " and in " + path.getFileName(),
                "it in one file, or under weight_map");
          }
        }
      }
      return new SafeTensors(source, files, home);
    } catch (RuntimeException e) {
      files.forEach(SafeTensorsFile::close);
      throw e;
    }
  }

  /** The file that was opened (of a sharded model, its index). */
  public Path source() {
    return source;
  }

  /** The files that hold the weights. */
  public List<Path> files() {
    return files.stream().map(SafeTensorsFile::path).toList();
  }

  /** What the files say under {@code __metadata__}; later shards win. */
  public Map<String, String> metadata() {
    Map<String, String> all = new LinkedHashMap<>();
    files.forEach(f -> all.putAll(f.metadata()));
    return all;
  }

  /** Names in the order of the files. */
  public List<String> names() {
    return List.copyOf(home.keySet());
  }

  /** Whether there is a tensor of that name, or of one that published files have instead. */
  public boolean contains(String name) {
    return home.containsKey(stored(name)) || part(name).filter(fused::contains).isPresent();
  }

  /** The part of a larger tensor that a parameter is; empty where it is a tensor of its own. */
  private Optional<ExpertPart> part(String name) {
    return home.containsKey(stored(name)) ? Optional.empty() : ExpertPart.of(name);
  }

  private List<String> holders(String name) {
    return part(name).map(fused::stored).orElseGet(() -> List.of(stored(name)));
  }

  private String stored(String name) {
    return stored.of(name);
  }

  /**
   * Holds the checkpoint against what a model needs.
   *
   * @param shapes by name
   * @throws UserException listing everything that is missing, has another shape or number format,
   *     or has no place in the model; buffers that follow from the configuration are ignored
   */
  public void require(Map<String, List<Integer>> shapes) {
    List<String> mistakes = new ArrayList<>();
    shapes.forEach(
        (name, shape) -> {
          if (!contains(name) && others().containsKey(stored(name))) {
            mistakes.add(
                source
                    + ", tensor "
                    + Sentences.line(stored(name))
                    + ": found dtype "
                    + Sentences.line(others().get(stored(name)))
                    + ", expected "
                    + DType.known()
                    + ".");
          } else if (!contains(name)) {
            mistakes.add(
                source + ": found no tensor " + name + ", expected one of shape " + shape + ".");
          } else if (!info(name).shape().equals(shape)) {
            mistakes.add(
                source
                    + ", tensor "
                    + Sentences.line(stored(name))
                    + ": found shape "
                    + info(name).shape()
                    + ", expected "
                    + shape
                    + " as config.json has it.");
          }
        });
    superfluous(shapes.keySet())
        .forEach(
            name ->
                mistakes.add(
                    source
                        + ", tensor "
                        + Sentences.line(name)
                        + ": found a tensor that the model of config.json has no place for,"
                        + " expected none."));
    if (!mistakes.isEmpty()) {
      throw new UserException(String.join(System.lineSeparator(), mistakes));
    }
  }

  private List<String> superfluous(Set<String> wanted) {
    Set<String> used =
        wanted.stream().flatMap(n -> holders(n).stream()).collect(Collectors.toSet());
    return Stream.concat(home.keySet().stream(), others().keySet().stream())
        .filter(n -> !home.containsKey(n) || !stored.elsewhere(n))
        .filter(n -> !used.contains(n) && !HEADS.contains(n) && !BUFFERS.matcher(n).matches())
        .toList();
  }

  /** Tensors in number formats that no weights have, by name. */
  public Map<String, String> others() {
    Map<String, String> all = new LinkedHashMap<>();
    files.forEach(f -> all.putAll(f.others()));
    return all;
  }

  /**
   * Which file holds which of these tensors, so that a model can be written as it came. Other parts
   * of a multimodal model are kept as they are.
   *
   * @param names of all the model's parameters; each must be there
   */
  public CheckpointLayout layout(Collection<String> names) {
    Map<String, String> parameters = new HashMap<>();
    names.forEach(n -> holders(n).forEach(h -> parameters.put(h, n)));
    Map<String, List<CheckpointLayout.Entry>> layout = new LinkedHashMap<>();
    for (SafeTensorsFile file : files) {
      List<CheckpointLayout.Entry> entries =
          file.tensors().values().stream()
              .map(SafeTensorsFile.Entry::info)
              .filter(i -> home.get(i.name()) == file)
              .filter(i -> parameters.containsKey(i.name()) || stored.elsewhere(i.name()))
              .flatMap(i -> entry(parameters.get(i.name()), i, file.path()).stream())
              .toList();
      if (!entries.isEmpty()) {
        layout.put(String.valueOf(file.path().getFileName()), entries);
      }
    }
    return new CheckpointLayout(layout);
  }

  /** Codes are written as numbers, in the file of the blocks; their scales are no more. */
  private Optional<CheckpointLayout.Entry> entry(String parameter, TensorInfo info, Path file) {
    if (parameter == null) {
      return Optional.of(CheckpointLayout.Entry.kept(info, file));
    }
    if (info.name().endsWith(ExpertPart.SCALES) && ExpertPart.codes(info.name())) {
      return Optional.empty();
    }
    TensorInfo numbers = part(parameter).map(fused::whole).orElse(info);
    boolean whole = ExpertPart.whole(numbers.name());
    return Optional.of(CheckpointLayout.Entry.of(whole ? numbers.name() : parameter, numbers));
  }

  /**
   * A tensor's format and shape.
   *
   * @throws UserException if no tensor has that name
   */
  public TensorInfo info(String name) {
    Optional<ExpertPart> part = part(name).filter(fused::contains);
    return part.isPresent()
        ? fused.info(name, part.get())
        : file(name).tensors().get(stored(name)).info();
  }

  /**
   * Widens values of a tensor to float32.
   *
   * @param from index of the first among the flattened values
   * @param to is filled, from its position to its limit
   */
  public void read(String name, long from, FloatBuffer to) {
    Optional<ExpertPart> part = part(name).filter(fused::contains);
    if (part.isPresent()) {
      fused.read(name, part.get(), from, to);
    } else {
      file(name).read(stored(name), from, to);
    }
  }

  /** All values of a tensor as float32. */
  public float[] floats(String name) {
    FloatBuffer values = FloatBuffer.allocate(Math.toIntExact(info(name).size()));
    read(name, 0, values);
    return values.array();
  }

  private SafeTensorsFile file(String name) {
    SafeTensorsFile file = home.get(stored(name));
    if (file == null) {
      throw UserException.at(source, "", "no tensor " + name, "one of that name");
    }
    return file;
  }

  @Override
  public void close() {
    files.forEach(SafeTensorsFile::close);
  }
}
