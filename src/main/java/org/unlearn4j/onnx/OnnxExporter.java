package org.unlearn4j.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.StopRequest;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.weights.CodeFormat;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.Variant;

/**
 * A Hugging Face folder made deployable: {@code config.json}, {@code generation_config.json},
 * {@code genai_config.json}, tokenizer files, {@code unlearning.json} and, in {@code onnx/}, a
 * model file for each variant. ONNX Runtime, Optimum, transformers.js and onnxruntime-genai load
 * the folder as it is.
 */
public final class OnnxExporter {
  /** The folder, inside the deployable one, that holds the models. */
  static final String MODELS = "onnx";

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
   *     or the target holds anything that an export has not written
   * @throws org.unlearn4j.base.MachineException if the disk refuses
   * @throws StopRequest.Stopped if the process was asked to stop; nothing is left behind then
   */
  public static Exported export(Path from, Path to, ExportOptions options) {
    return export(from, to, options, (done, all) -> {});
  }

  /** Hears of each tensor that was written, over all variants. */
  @FunctionalInterface
  public interface Progress {
    void tensors(int done, int all);
  }

  /** The same with somebody who is told how far it is. */
  public static Exported export(Path from, Path to, ExportOptions options, Progress progress) {
    ExportTarget.require(to, from, options.before());
    ModelConfig config = ModelConfig.read(from);
    options.requireLayers(config.layers(), from);
    requireHeads(options.choices(), config, from);
    Decoder decoder = Decoder.of(config);
    JsonNode generation = generation(config, from.resolve(ModelFiles.GENERATION));
    List<String> notes = new ArrayList<>();
    try (SafeTensors weights = SafeTensors.open(from)) {
      List<GraphForm> forms = options.forms();
      Map<GraphForm, OnnxWriter> writers = new LinkedHashMap<>();
      Set<String> adapted = options.adapter().map(SeparateAdapter::modules).orElse(Set.of());
      forms.forEach(
          f -> writers.put(f, new OnnxWriter(DecoderGraph.of(decoder, f, adapted), weights)));
      Path record = options.adapter().map(SeparateAdapter::unlearned).orElse(from);
      AtomicFiles.writeFolder(
          to,
          part -> {
            Map<String, String> origin = Provenance.of(record, weights);
            Optional<EqualCodes> equal = compare(decoder, weights, options, part);
            equal.ifPresent(e -> notes.addAll(e.sentences()));
            Path models = Files.createDirectories(part.resolve(MODELS));
            Map<Variant, Integer> dataFiles = new LinkedHashMap<>();
            int all = writers.values().stream().mapToInt(OnnxWriter::tensors).sum();
            int[] done = {0};
            for (GraphForm form : forms) {
              Variant v = form.variant();
              OnnxWriter writer = writers.get(form);
              boolean external = writer.external(options.inlineLimit());
              Path file = models.resolve(v.fileName());
              Map<String, String> metadata = metadata(origin, form, equal);
              Runnable after =
                  () -> {
                    progress.tensors(++done[0], all);
                    StopRequest.check();
                  };
              dataFiles.put(
                  v, writer.write(file, metadata, external, options.dataFileLimit(), after));
            }
            if (options.adapter().isPresent()) {
              AdapterFile.writeTo(
                  models.resolve(AdapterFile.NAME),
                  AdapterFile.modelVersion(Provenance.sources(origin)),
                  options.adapter().get().factors());
            }
            writeConfigs(config, generation, part, dataFiles, options.choices().grouped());
            copyTokenizer(from, part, notes);
            copy(record, part, ModelFiles.UNLEARNING);
          });
      List<Path> files =
          forms.stream().map(f -> to.resolve(MODELS).resolve(f.variant().fileName())).toList();
      return new Exported(to, files, notes);
    }
  }

  /**
   * Insists that the operator that attends takes heads of a model's size.
   *
   * @throws UserException naming the size if it does not
   */
  public static void requireHeads(GraphChoices choices, ModelConfig config, Path model) {
    if (choices.grouped()) {
      GroupedAttention.require(config, model.toString());
    }
  }

  /** Holds the weights against the model before, where one is named, and writes what was found. */
  private static Optional<EqualCodes> compare(
      Decoder decoder, SafeTensors weights, ExportOptions options, Path part) throws IOException {
    if (options.before().isEmpty()) {
      return Optional.empty();
    }
    try (SafeTensors before = SafeTensors.open(options.before().get())) {
      EqualCodes equal = EqualCodes.of(decoder, weights, before, options.forms());
      Map<String, String> digests = new TreeMap<>();
      for (Path file : before.files()) {
        digests.put(String.valueOf(file.getFileName()), Hashes.sha256(file));
      }
      JSON.writeValue(part.resolve(Provenance.QUANTIZATION_FILE).toFile(), equal.json(digests));
      return Optional.of(equal);
    }
  }

  private static Map<String, String> metadata(
      Map<String, String> origin, GraphForm form, Optional<EqualCodes> equal) {
    Map<String, String> metadata = new TreeMap<>(origin);
    metadata.put(Provenance.VARIANT, form.variant().label());
    Variant v = form.variant();
    if (v.codes().isPresent() && form.codes().block() != CodeFormat.CHANNEL) {
      metadata.put(Provenance.ACCURACY_LEVEL, String.valueOf(form.codes().accuracyLevel()));
    }
    if (!form.choices().changes(v).isEmpty()) {
      metadata.put(Provenance.CHOICES, form.choices().changes(v));
    }
    equal
        .filter(e -> e.same().containsKey(form.variant()))
        .ifPresent(e -> metadata.putAll(e.metadata(form.variant())));
    return metadata;
  }

  private static void writeConfigs(
      ModelConfig config,
      JsonNode generation,
      Path part,
      Map<Variant, Integer> dataFiles,
      boolean shared)
      throws IOException {
    ObjectNode json = config.json().deepCopy();
    json.remove("quantization_config"); // of the checkpoint; the variants have their own formats
    json.remove(ClientConfig.KEY);
    ClientConfig.of(dataFiles).ifPresent(c -> json.set(ClientConfig.KEY, c));
    JSON.writeValue(part.resolve(ModelFiles.CONFIG).toFile(), json);
    JSON.writeValue(part.resolve(ModelFiles.GENERATION).toFile(), generation);
    Variant first = dataFiles.keySet().stream().min(Comparator.naturalOrder()).orElseThrow();
    String model = MODELS + "/" + first.fileName();
    JSON.writeValue(
        part.resolve(ExportTarget.MARKER).toFile(),
        GenAiConfig.of(config, model, generation, shared));
  }

  private static JsonNode generation(ModelConfig config, Path file) {
    if (Files.isRegularFile(file)) {
      JsonInput json = JsonInput.read(file, "defaults for generating");
      if (!json.node().isObject()) {
        throw json.mistake("an object");
      }
      return json.node();
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
    for (String name : ModelFiles.TOKENIZER) {
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
