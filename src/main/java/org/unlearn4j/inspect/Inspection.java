package org.unlearn4j.inspect;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.Tree;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.onnx.OnnxSummary;
import org.unlearn4j.sign.FolderSignature;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.TensorInfo;

/** What there is to say of the things the program reads and writes. */
public final class Inspection {
  private Inspection() {}

  /** A Hugging Face folder; its weights may be safetensors, ONNX, or both. */
  public static Tree model(Path folder) {
    JsonInput json = JsonInput.read(folder.resolve("config.json"), "a Hugging Face config.json");
    List<String> problems = new ArrayList<>();
    Optional<Decoder> decoder = decoder(folder, problems);
    Tree tree =
        new Tree()
            .put("kind", "Hugging Face model")
            .put("path", folder.toString())
            .put("model_type", json.node().path("model_type").asText(""));
    boolean weights =
        Stream.of("model.safetensors", "model.safetensors.index.json")
            .anyMatch(f -> Files.isRegularFile(folder.resolve(f)));
    Tree totals = new Tree();
    if (weights) {
      try (SafeTensors tensors = SafeTensors.open(folder)) {
        decoder.ifPresent(d -> collect(problems, () -> tensors.require(shapes(d))));
        totals = totals(tensors);
      }
    }
    tree.put("supported", problems.isEmpty());
    if (!problems.isEmpty()) {
      tree.put("problems", problems);
    }
    decoder.ifPresent(d -> decoder(tree, d));
    tree.put("tokenizer", Files.isRegularFile(folder.resolve("tokenizer.json")));
    if (weights) {
      tree.put("weights", totals);
    }
    List<Path> onnx = files(folder.resolve("onnx"), ".onnx");
    if (!onnx.isEmpty()) {
      Tree variants = new Tree();
      onnx.forEach(f -> variants.put(f.getFileName().toString(), onnxTotals(f)));
      tree.put("onnx", variants);
    }
    signatures(folder, tree);
    return tree.put("unlearning", json(folder.resolve(ModelFiles.UNLEARNING)));
  }

  /**
   * What it would take to unlearn the model of a folder's configuration; its weights need not be
   * there.
   *
   * @param rows forget rows of a micro-batch
   * @param tokens of a row
   * @param memory of a device, in bytes
   * @param devices that share the training
   * @param sets overrides of the pipeline's defaults
   * @throws UserException if an override is none
   */
  public static Tree plan(
      Path folder, int rows, int tokens, long memory, int devices, List<String> sets) {
    Decoder decoder = Decoder.of(ModelConfig.read(folder));
    return new UnlearningPlans(decoder, rows, tokens, memory, devices, sets).tree();
  }

  /** What signatures claim; verify-signature says whether it is so. */
  private static void signatures(Path folder, Tree tree) {
    List<FolderSignature.Claim> claims = FolderSignature.claims(folder);
    if (!claims.isEmpty()) {
      Tree all = new Tree();
      for (FolderSignature.Claim claim : claims) {
        Tree one =
            new Tree()
                .put("checked", false)
                .put("key", claim.key())
                .put("predicate", claim.predicate())
                .put("model_sha256", claim.subject());
        all.put(claim.signature(), claim.files() == 0 ? one : one.put("files", claim.files()));
      }
      tree.put("signatures", all);
    }
  }

  /** The model that a configuration describes, or what is wrong with it, a sentence each. */
  private static Optional<Decoder> decoder(Path folder, List<String> problems) {
    List<Decoder> found = new ArrayList<>();
    collect(problems, () -> found.add(Decoder.of(ModelConfig.read(folder))));
    return found.stream().findFirst();
  }

  private static void collect(List<String> problems, Runnable check) {
    try {
      check.run();
    } catch (UserException e) {
      e.getMessage().lines().forEach(problems::add);
    }
  }

  private static Map<String, List<Integer>> shapes(Decoder decoder) {
    Map<String, List<Integer>> shapes = new LinkedHashMap<>();
    decoder.parameters().forEach(p -> shapes.put(p.name(), p.shape()));
    return shapes;
  }

  private static void decoder(Tree tree, Decoder decoder) {
    long parameters = decoder.parameters().stream().mapToLong(Parameter::size).sum();
    tree.put("parameters", parameters)
        .put("shape", shape(decoder.config()))
        .put("memory", new MemoryNeeds(decoder).tree());
  }

  private static Tree shape(ModelConfig config) {
    return new Tree()
        .put("vocabulary", config.vocabSize())
        .put("hidden_size", config.hiddenSize())
        .put("intermediate_size", config.intermediateSize())
        .put("layers", config.layers())
        .put("heads", config.heads())
        .put("kv_heads", config.kvHeads())
        .put("head_dim", config.headDim())
        .put("max_positions", config.maxPositions())
        .put("windows", windows(config))
        .put("tied_embeddings", config.tiedEmbeddings());
  }

  /** How many positions each layer sees, where any sees fewer than all. */
  private static Optional<List<Object>> windows(ModelConfig config) {
    return config.windows().stream().allMatch(OptionalInt::isEmpty)
        ? Optional.empty()
        : Optional.of(
            config.windows().stream()
                .map(w -> w.isPresent() ? (Object) w.getAsInt() : "all")
                .toList());
  }

  /** Every tensor of a file. */
  public static Tree safetensors(Path file) {
    try (SafeTensors tensors = SafeTensors.open(file)) {
      Tree list = new Tree();
      for (String name : tensors.names()) {
        TensorInfo info = tensors.info(name);
        list.put(name, info.dtype().code() + " " + info.shape());
      }
      return new Tree()
          .put("kind", "safetensors")
          .put("path", file.toString())
          .put("weights", totals(tensors))
          .put("tensors", list);
    }
  }

  private static Tree totals(SafeTensors tensors) {
    Map<String, Integer> formats = new TreeMap<>();
    long values = 0;
    long bytes = 0;
    for (String name : tensors.names()) {
      TensorInfo info = tensors.info(name);
      formats.merge(info.dtype().code(), 1, Integer::sum);
      values += info.parameters();
      bytes += info.size() * info.dtype().bytes();
    }
    return new Tree()
        .put("files", tensors.files().size())
        .put("tensors", tensors.names().size())
        .put("parameters", values)
        .put("bytes", bytes)
        .put("formats", formats);
  }

  /** An ONNX file: what goes in and out, operators, formats, metadata. */
  public static Tree onnx(Path file) {
    OnnxSummary summary = OnnxSummary.of(file);
    return new Tree()
        .put("kind", "ONNX model")
        .put("path", file.toString())
        .put("file", onnxTotals(summary))
        .put("inputs", ports(summary.inputs()))
        .put("outputs", ports(summary.outputs()))
        .put("operators", summary.operators())
        .put("metadata", summary.metadata());
  }

  private static Tree onnxTotals(Path file) {
    return onnxTotals(OnnxSummary.of(file));
  }

  private static Tree onnxTotals(OnnxSummary summary) {
    return new Tree()
        .put("producer", summary.producer())
        .put("opsets", summary.opsets())
        .put("parameters", summary.parameters())
        .put("formats", summary.types())
        .put("bytes", summary.bytes());
  }

  private static Tree ports(List<OnnxSummary.Port> ports) {
    Tree tree = new Tree();
    ports.forEach(p -> tree.put(p.name(), p.type() + " " + p.shape()));
    return tree;
  }

  /** A run folder: which stages are done, what was measured, what the verdict is. */
  public static Tree run(Path folder) {
    Pipeline pipeline = Pipeline.readRecord(folder.resolve("pipeline.yaml"));
    Tree stages = new Tree();
    if (pipeline.finetune().isPresent()) {
      stages.put("finetune", done(folder, "target/config.json"));
    }
    stages.put("unlearn", done(folder, "unlearned/config.json"));
    stages.put("export", !files(folder.resolve("onnx/onnx"), ".onnx").isEmpty());
    stages.put("evaluate", !files(folder.resolve("eval"), ".json").isEmpty());
    stages.put("verify", done(folder, "verify.json"));
    stages.put("report", done(folder, "report.html"));
    Tree metrics = new Tree();
    for (Path file : files(folder.resolve("eval"), ".json")) {
      String name = file.getFileName().toString().replaceFirst("\\.json$", "");
      json(file).map(m -> m.get("metrics")).ifPresent(m -> metrics.put(name, m));
    }
    return new Tree()
        .put("kind", "run")
        .put("path", folder.toString())
        .put("name", pipeline.name())
        .put("objective", pipeline.unlearn().objective().name().spelling())
        .put("clreg", pipeline.unlearn().clreg().isPresent())
        .put("done", stages)
        .put("metrics", metrics)
        .put("verdict", json(folder.resolve("verify.json")).map(v -> v.get("verdict")));
  }

  private static boolean done(Path folder, String file) {
    return Files.isRegularFile(folder.resolve(file));
  }

  private static List<Path> files(Path folder, String suffix) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> list = Files.list(folder)) {
      return list.filter(f -> f.toString().endsWith(suffix)).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Optional<Map<String, Object>> json(Path file) {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    return Optional.of(
        new ObjectMapper()
            .convertValue(
                JsonInput.object(file, "a JSON object"),
                new TypeReference<LinkedHashMap<String, Object>>() {}));
  }
}
