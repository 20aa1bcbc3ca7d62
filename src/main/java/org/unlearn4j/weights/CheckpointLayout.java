package org.unlearn4j.weights;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.unlearn4j.base.AtomicFiles;

/**
 * Which file of a checkpoint holds which tensors, under which names and in which number format.
 *
 * @param files by name, in their order
 */
public record CheckpointLayout(Map<String, List<Entry>> files) {
  /** What a published shard is at most, in bytes. */
  public static final long SHARD = 5_000_000_000L;

  /** Values copied at a time. */
  private static final int PIECE = 1 << 18;

  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = SINGLE + ".index.json";

  /**
   * One tensor.
   *
   * @param parameter the model's name for it, which may differ from the stored one; empty for a
   *     tensor that is no parameter of the text model
   * @param kept the file whose values such a tensor keeps
   */
  public record Entry(String parameter, TensorInfo stored, Optional<Path> kept) {
    static Entry of(String parameter, TensorInfo stored) {
      return new Entry(parameter, stored, Optional.empty());
    }

    static Entry kept(TensorInfo stored, Path file) {
      return new Entry("", stored, Optional.of(file));
    }
  }

  public CheckpointLayout {
    files = new LinkedHashMap<>(files);
  }

  /**
   * A layout for a model that comes from no file: one file, or several of at most {@code limit}
   * bytes.
   */
  public static CheckpointLayout fresh(List<TensorInfo> tensors, long limit) {
    List<List<Entry>> shards = new ArrayList<>();
    long room = 0;
    for (TensorInfo t : FusedExperts.fused(tensors)) {
      long bytes = t.size() * t.dtype().bytes();
      if (shards.isEmpty() || bytes > room) {
        shards.add(new ArrayList<>());
        room = limit;
      }
      room -= bytes;
      shards.get(shards.size() - 1).add(Entry.of(t.name(), t));
    }
    Map<String, List<Entry>> files = new LinkedHashMap<>();
    for (int i = 0; i < shards.size(); i++) {
      String name =
          shards.size() == 1
              ? SINGLE
              : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
      files.put(name, shards.get(i));
    }
    return new CheckpointLayout(files);
  }

  /** Whether a file of that name can be one of a checkpoint: weights, or their index. */
  public static boolean names(String file) {
    return file.endsWith(".safetensors") || file.equals(INDEX);
  }

  /** Whether there are tensors of a model around the text model. */
  public boolean wraps() {
    return files.values().stream().flatMap(List::stream).anyMatch(e -> e.kept().isPresent());
  }

  /** The number format of all tensors, if they share one. */
  public Optional<DType> dtype() {
    Set<DType> all =
        files.values().stream()
            .flatMap(List::stream)
            .map(e -> e.stored().dtype())
            .collect(Collectors.toSet());
    return all.size() == 1 ? Optional.of(all.iterator().next()) : Optional.empty();
  }

  /**
   * Writes the files, and an index where there are several.
   *
   * @param values hands out a parameter's values in pieces
   * @throws org.unlearn4j.base.MachineException if the disk refuses
   */
  public void write(Path folder, BiConsumer<String, Consumer<FloatBuffer>> values) {
    files.forEach((file, entries) -> write(folder.resolve(file), entries, values));
    if (!files.keySet().equals(Set.of(SINGLE))) {
      AtomicFiles.writeString(folder.resolve(INDEX), index());
    }
  }

  private static void write(
      Path file, List<Entry> entries, BiConsumer<String, Consumer<FloatBuffer>> values) {
    Map<String, Entry> byName = new HashMap<>();
    entries.forEach(e -> byName.put(e.stored().name(), e));
    SafeTensorsWriter.write(
        file,
        entries.stream().map(Entry::stored).toList(),
        (t, pieces) -> {
          Entry e = byName.get(t.name());
          if (e.kept().isPresent()) {
            copy(e.kept().get(), t, pieces);
          } else if (ExpertPart.whole(t.name())) {
            FusedExperts.write(t, values, pieces);
          } else {
            values.accept(e.parameter(), pieces);
          }
        },
        Map.of("format", "pt"));
  }

  /** Values of a tensor as they are; narrowing what was widened gives the same bits again. */
  private static void copy(Path from, TensorInfo tensor, Consumer<FloatBuffer> pieces) {
    try (SafeTensorsFile file = SafeTensorsFile.open(from)) {
      FloatBuffer piece = FloatBuffer.allocate((int) Math.min(PIECE, tensor.size()));
      for (long at = 0; at < tensor.size(); at += PIECE) {
        piece.clear().limit((int) Math.min(PIECE, tensor.size() - at));
        file.read(tensor.name(), at, piece);
        pieces.accept(piece.flip());
      }
    }
  }

  private String index() {
    ObjectMapper json = new ObjectMapper();
    ObjectNode root = json.createObjectNode();
    ObjectNode metadata = root.putObject("metadata");
    ObjectNode map = root.putObject("weight_map");
    long bytes = 0;
    for (Map.Entry<String, List<Entry>> file : files.entrySet()) {
      for (Entry e : file.getValue()) {
        map.put(e.stored().name(), file.getKey());
        bytes += e.stored().size() * e.stored().dtype().bytes();
      }
    }
    metadata.put("total_size", bytes);
    try {
      return json.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
