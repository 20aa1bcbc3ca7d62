package org.unlearn4j.run;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.unlearn4j.adapter.AdapterFolder;
import org.unlearn4j.adapter.LowRank;
import org.unlearn4j.adapter.MergedWeights;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.onnx.AdapterFile;
import org.unlearn4j.train.ModelFolder;
import org.unlearn4j.weights.SafeTensors;

/** Adds adapters to the weights of the model that they belong to. */
public final class MergeStage {
  private MergeStage() {}

  /**
   * An adapter to add.
   *
   * @param folder as PEFT writes it
   * @param weight 1: as it was trained
   */
  public record Part(Path folder, double weight) {}

  /**
   * Writes a Hugging Face folder in the base's number formats, names and files, with the tokenizer
   * and what else goes along. A record of an unlearning goes along too (an adapter's, or else the
   * base's), and says what was added in a block {@code merged}. No weight stands in memory as a
   * whole.
   *
   * @param parts in any order; at least one
   * @param out an older model of that name is replaced
   * @throws UserException listing all that is wrong with the adapters, or if the base does not fit
   *     its configuration, or something else would be replaced
   */
  public static void run(Path base, List<Part> parts, Path out, PrintStream log) {
    ModelFolder.requireWritable(out, List.of(Optional.of(base)));
    for (Part part : parts) {
      if (AtomicFiles.holds(out, part.folder)) {
        throw UserException.at(out, "", "an adapter to add", "another folder to write to");
      }
    }
    Decoder decoder = Decoder.of(ModelConfig.read(base));
    Map<Part, List<LowRank>> adapters = read(parts, decoder);
    try (SafeTensors weights = SafeTensors.open(base)) {
      Map<String, List<Integer>> shapes = new LinkedHashMap<>();
      decoder.parameters().forEach(p -> shapes.put(p.name(), p.shape()));
      weights.require(shapes);
      adapters.forEach((part, all) -> all.forEach(a -> log.println(said(part, a))));
      ModelFolder.write(
          out,
          decoder,
          weights.layout(decoder.parameters().stream().map(Parameter::name).toList()),
          new MergedWeights(weights, weighted(adapters))::forEach,
          base,
          record(base, adapters));
    }
  }

  /**
   * Writes the sum of adapters as one file of ONNX Runtime's: their matrices side by side along the
   * rank, with every scale and weight in B.
   *
   * @param base the model that they belong to; the file names it by its weights
   * @param out ends in {@link AdapterFile#ENDING}; an older one is replaced
   * @throws UserException listing all that is wrong with the adapters, if one replaces parameters,
   *     or something else would be replaced
   */
  public static void adapter(Path base, List<Part> parts, Path out, PrintStream log) {
    if (!out.toString().endsWith(AdapterFile.ENDING)) {
      throw UserException.at(out, "", "another ending", AdapterFile.ENDING);
    }
    if (Files.exists(out) && !AdapterFile.is(out)) {
      throw UserException.at(
          out, "", "a file that is no adapter", "an older adapter or nothing there");
    }
    Map<Part, List<LowRank>> adapters = read(parts, Decoder.of(ModelConfig.read(base)));
    adapters.forEach((part, all) -> all.forEach(a -> log.println(said(part, a))));
    Map<String, String> sources = RuntimeModels.weightHashes(base, "tf", FileHashes.inMemory());
    AdapterFile.write(
        out, AdapterFile.modelVersion(sources), AdapterFiles.factors(weighted(adapters)));
  }

  private static List<MergedWeights.Weighted> weighted(Map<Part, List<LowRank>> adapters) {
    return adapters.entrySet().stream()
        .flatMap(
            e -> e.getValue().stream().map(a -> new MergedWeights.Weighted(a, e.getKey().weight)))
        .toList();
  }

  private static Map<Part, List<LowRank>> read(List<Part> parts, Decoder decoder) {
    Map<Part, List<LowRank>> adapters = new LinkedHashMap<>();
    List<String> mistakes = new ArrayList<>();
    for (Part part : parts) {
      try {
        if (adapters.put(part, AdapterFolder.read(part.folder, decoder)) != null) {
          mistakes.add(part.folder + ": found this adapter twice, expected it once.");
        }
      } catch (UserException e) {
        mistakes.add(e.getMessage());
      }
    }
    if (!mistakes.isEmpty()) {
      throw new UserException(String.join(System.lineSeparator(), mistakes));
    }
    return adapters;
  }

  private static String said(Part part, LowRank a) {
    Adapter adapter = a.adapter();
    List<String> kinds =
        adapter.targets().stream()
            .map(t -> t.linear().module().replaceFirst(".*\\.", ""))
            .distinct()
            .toList();
    long blocks =
        adapter.targets().stream()
            .map(t -> t.linear().module().replaceFirst("^(.*?\\.\\d+)\\..*", "$1"))
            .distinct()
            .count();
    return String.format(
        Locale.ROOT,
        "%s: rank %d, scale %.6g, weight %.6g: %d linear maps (%s) in %d blocks%s",
        part.folder,
        adapter.shape().rank(),
        adapter.shape().scale(),
        part.weight,
        adapter.targets().size(),
        String.join(", ", kinds),
        blocks,
        a.replaced().isEmpty() ? "" : ", " + a.replaced().size() + " parameters of its own");
  }

  private static Optional<ObjectNode> record(Path base, Map<Part, List<LowRank>> adapters) {
    Optional<Path> file =
        Stream.concat(adapters.keySet().stream().map(Part::folder), Stream.of(base))
            .map(f -> f.resolve(ModelFiles.UNLEARNING))
            .filter(Files::isRegularFile)
            .findFirst();
    if (file.isEmpty()) {
      return Optional.empty();
    }
    ObjectNode root = JsonInput.object(file.get(), "the record of an unlearning");
    ObjectNode block = root.putObject("merged");
    ArrayNode list = block.putArray("adapters");
    adapters.forEach(
        (part, all) -> {
          ObjectNode one = list.addObject().put("weight", part.weight);
          one.put("sha256", Hashes.sha256(part.folder.resolve(AdapterFolder.WEIGHTS)));
          ArrayNode shapes = one.putArray("shapes");
          for (LowRank a : all) {
            Adapter.Shape shape = a.adapter().shape();
            shapes
                .addObject()
                .put("rank", shape.rank())
                .put("scale", shape.scale())
                .put("linear_maps", a.adapter().targets().size());
          }
        });
    ObjectNode hashes = block.putObject("source_sha256");
    RuntimeModels.weightHashes(base, "tf", FileHashes.inMemory()).forEach(hashes::put);
    return Optional.of(root);
  }
}
