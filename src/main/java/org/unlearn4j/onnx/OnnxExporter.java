package org.unlearn4j.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.Variant;

/**
 * A Hugging Face folder made deployable: {@code config.json}, {@code generation_config.json},
 * {@code genai_config.json}, tokenizer files, {@code unlearning.json} and {@code onnx/model.onnx}.
 * ONNX Runtime, Optimum, transformers.js and onnxruntime-genai load the folder as it is.
 */
public final class OnnxExporter {
  /** The folder, inside the deployable one, that holds the models. */
  static final String MODELS = "onnx";

  private static final String GENERATION = "generation_config.json";

  /** Whatever of these the source has is copied. */
  private static final List<String> TOKENIZER =
      List.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.json",
          "merges.txt",
          "tokenizer.model",
          "chat_template.jinja");

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private OnnxExporter() {}

  /**
   * What was written.
   *
   * @param models the ONNX files
   * @param notes sentences that the user should read, for instance that there is no tokenizer
   */
  public record Exported(Path folder, List<Path> models, List<String> notes) {
    public Exported {
      models = List.copyOf(models);
      notes = List.copyOf(notes);
    }
  }

  /**
   * Exports a model; the folder is either written whole or left as it was.
   *
   * @param from Hugging Face folder with config.json and safetensors
   * @param to an older folder of that name is replaced
   * @throws UserException if the source lacks something, its weights do not fit its configuration,
   *     or the target holds something else than an older export
   * @throws org.unlearn4j.base.MachineException if the disk refuses
   */
  public static Exported export(Path from, Path to, ExportOptions options) {
    if (overlap(from, to)) {
      throw UserException.at(
          to, "", "the model's own folder", "another one, for the export replaces its target");
    }
    AtomicFiles.requireReplaceable(to, MODELS, "an older export");
    ModelConfig config = ModelConfig.read(from);
    List<String> notes = new ArrayList<>();
    try (SafeTensors weights = SafeTensors.open(from)) {
      OnnxWriter writer = new OnnxWriter(DecoderGraph.of(Decoder.of(config)), weights);
      boolean external = writer.external(options.inlineLimit());
      List<Variant> variants = options.variants().stream().map(Variant::named).toList();
      AtomicFiles.writeFolder(
          to,
          part -> {
            Path models = Files.createDirectories(part.resolve(MODELS));
            for (Variant v : variants) {
              writer.write(models.resolve(v.fileName()), Provenance.of(from, weights, v), external);
            }
            writeConfigs(config, from, part, external ? variants : List.of());
            copyTokenizer(from, part, notes);
            copy(from, part, Provenance.UNLEARNING_FILE);
          });
      List<Path> files =
          variants.stream().map(v -> to.resolve(MODELS).resolve(v.fileName())).toList();
      return new Exported(to, files, notes);
    }
  }

  /** Writing one would delete the other. */
  private static boolean overlap(Path from, Path to) {
    Path source = from.toAbsolutePath().normalize();
    Path target = to.toAbsolutePath().normalize();
    return source.startsWith(target);
  }

  private static void writeConfigs(ModelConfig config, Path from, Path part, List<Variant> external)
      throws IOException {
    ObjectNode json = config.json().deepCopy();
    ObjectNode outside = new ObjectMapper().createObjectNode();
    external.forEach(v -> outside.put(v.fileName(), true));
    if (!outside.isEmpty()) {
      // transformers.js fetches <file>_data only where the configuration says that there is one.
      json.putObject("transformers.js_config").set("use_external_data_format", outside);
    }
    JSON.writeValue(part.resolve("config.json").toFile(), json);
    JsonNode generation = generation(config, from.resolve(GENERATION));
    JSON.writeValue(part.resolve(GENERATION).toFile(), generation);
    String model = MODELS + "/" + Variant.FP32.fileName();
    JSON.writeValue(
        part.resolve("genai_config.json").toFile(), GenAiConfig.of(config, model, generation));
  }

  private static JsonNode generation(ModelConfig config, Path file) throws IOException {
    if (Files.isRegularFile(file)) {
      return new ObjectMapper().readTree(file.toFile());
    }
    ObjectNode made = new ObjectMapper().createObjectNode().put("_from_model_config", true);
    for (String key : List.of("bos_token_id", "eos_token_id", "pad_token_id")) {
      JsonNode id = config.json().path(key);
      if (!id.isMissingNode() && !id.isNull()) {
        made.set(key, id);
      }
    }
    return made;
  }

  private static void copyTokenizer(Path from, Path part, List<String> notes) throws IOException {
    boolean any = false;
    for (String name : TOKENIZER) {
      any |= copy(from, part, name);
    }
    if (!any) {
      notes.add(from + ": has no tokenizer files, so the exported folder has none either.");
    }
  }

  private static boolean copy(Path from, Path part, String name) throws IOException {
    Path file = from.resolve(name);
    if (!Files.isRegularFile(file)) {
      return false;
    }
    Files.copy(file, part.resolve(name));
    return true;
  }
}
