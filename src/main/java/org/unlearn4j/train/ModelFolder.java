package org.unlearn4j.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.OwnText;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.CheckpointLayout;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.TensorInfo;

/** Writes a model as a Hugging Face folder, whole or not at all. */
public final class ModelFolder {
  /** Files that go along with a model unchanged, where they exist. */
  private static final List<String> COMPANIONS =
      Stream.concat(
              ModelFiles.TOKENIZER.stream(),
              Stream.concat(Stream.of(ModelFiles.GENERATION), ModelFiles.PROCESSOR.stream()))
          .toList();

  /** The folder in it of an adapter by which the model was made. */
  public static final String ADAPTER_FOLDER = "adapter";

  private static final List<String> ADAPTER =
      List.of(
          ADAPTER_FOLDER + "/adapter_config.json", ADAPTER_FOLDER + "/adapter_model.safetensors");

  /** Writes what else belongs into a model's folder. */
  @FunctionalInterface
  public interface Beside {
    /**
     * Writes it.
     *
     * @param part the folder, not complete yet
     */
    void write(Path part) throws IOException;
  }

  private ModelFolder() {}

  /**
   * Whether a model may be written to a folder; to be asked before training.
   *
   * @param inputs what the model is made from, as far as it is named; none of it may be overwritten
   * @throws UserException if something else would be deleted
   */
  public static void requireWritable(Path folder, List<Optional<Path>> inputs) {
    AtomicFiles.requireReplaceable(
        folder, ModelFiles.CONFIG, "an older model", file -> written(folder, file));
    if (inputs.stream().flatMap(Optional::stream).anyMatch(p -> AtomicFiles.holds(folder, p))) {
      throw UserException.at(folder, "", "the model to start from", "another folder to write to");
    }
  }

  private static boolean written(Path folder, Path file) {
    String name = file.toString();
    return name.equals(ModelFiles.CONFIG)
        || name.equals(ModelFiles.UNLEARNING)
        || (name.equals(ModelFiles.CARD) && OwnText.untouched(folder.resolve(file)))
        || ADAPTER.contains(name)
        || COMPANIONS.contains(name)
        || (file.getNameCount() == 1 && CheckpointLayout.names(name));
  }

  /**
   * Writes {@code config.json}, the weights and what goes along.
   *
   * @param layout names, number formats and files of the weights
   * @param values hands out a parameter's values in pieces
   * @param tokenizer folder whose tokenizer files are copied
   * @param record written as {@code unlearning.json}
   */
  public static void write(
      Path folder,
      Decoder decoder,
      CheckpointLayout layout,
      BiConsumer<Parameter, Consumer<FloatBuffer>> values,
      Path tokenizer,
      Optional<ObjectNode> record) {
    write(folder, decoder, layout, values, tokenizer, record, part -> {});
  }

  /**
   * The same with something beside it.
   *
   * @param beside written last
   */
  public static void write(
      Path folder,
      Decoder decoder,
      CheckpointLayout layout,
      BiConsumer<Parameter, Consumer<FloatBuffer>> values,
      Path tokenizer,
      Optional<ObjectNode> record,
      Beside beside) {
    Map<String, Parameter> byName = new HashMap<>();
    decoder.parameters().forEach(p -> byName.put(p.name(), p));
    AtomicFiles.writeFolder(
        folder,
        part -> {
          ModelConfig from = decoder.config();
          ObjectNode config = (layout.wraps() ? from.whole() : from.json()).deepCopy();
          String dtype = config.has("torch_dtype") ? "torch_dtype" : "dtype";
          layout.dtype().ifPresent(d -> config.put(dtype, d.torchName()));
          config.remove("quantization_config"); // weights are written in numbers
          writeJson(part.resolve(ModelFiles.CONFIG), config);
          layout.write(part, (name, pieces) -> values.accept(byName.get(name), pieces));
          for (String name : COMPANIONS) {
            Path source = tokenizer.resolve(name);
            if (Files.isRegularFile(source)) {
              Files.copy(source, part.resolve(name));
            }
          }
          if (record.isPresent()) {
            writeJson(part.resolve(ModelFiles.UNLEARNING), record.get());
          }
          beside.write(part);
        });
  }

  /** A layout in one number format for a model that is written for the first time. */
  public static CheckpointLayout fresh(Decoder decoder, DType dtype) {
    return CheckpointLayout.fresh(
        decoder.parameters().stream().map(p -> new TensorInfo(p.name(), dtype, p.shape())).toList(),
        CheckpointLayout.SHARD);
  }

  private static void writeJson(Path file, ObjectNode json) throws IOException {
    Files.writeString(
        file, new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n");
  }
}
