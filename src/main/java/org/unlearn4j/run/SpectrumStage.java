package org.unlearn4j.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.base.Spread;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.surgery.Spectrum;
import org.unlearn4j.surgery.WeightChange;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.weights.SafeTensors;

/** How many directions carry the difference between two models, in their weights and features. */
public final class SpectrumStage {
  private static final Pattern BLOCK = Pattern.compile("\\.([0-9]+)\\.");

  private SpectrumStage() {}

  /**
   * What to compare; models are Hugging Face folders of one shape.
   *
   * @param pipeline for its data and device
   * @param relearned {@code after}, taught again
   * @param rank directions of each subspace of features
   * @param rows of each set that are looked at, at most
   */
  public record Request(
      Pipeline pipeline, Path before, Path after, Optional<Path> relearned, int rank, int rows) {}

  /**
   * Compares and writes {@code spectrum.json}.
   *
   * @param log for notes on the data
   * @throws UserException if a model has another shape, or the input is at fault
   */
  public static void run(Request request, Path out, PrintStream log) {
    Decoder decoder = Decoder.of(ModelConfig.read(request.before));
    requireShape(decoder, request.before, request.after);
    request.relearned.ifPresent(p -> requireShape(decoder, request.before, p));
    ObjectNode root = new ObjectMapper().createObjectNode();
    sources(root.putObject("weights_sha256"), request);
    weights(root.putArray("weights"), decoder, request);
    features(root, decoder, request, log);
    AtomicFiles.writeString(out, root.toPrettyString() + "\n");
  }

  private static void requireShape(Decoder decoder, Path before, Path other) {
    if (!Decoder.of(ModelConfig.read(other)).parameters().equals(decoder.parameters())) {
      throw UserException.at(
          other, "config.json", "a model of another shape", "one like " + before);
    }
  }

  private static void sources(ObjectNode to, Request request) {
    to.set("before", hashes(request.before));
    to.set("after", hashes(request.after));
    request.relearned.ifPresent(p -> to.set("relearned", hashes(p)));
  }

  private static ObjectNode hashes(Path model) {
    return new ObjectMapper()
        .valueToTree(RuntimeModels.weightHashes(model, "tf", FileHashes.inMemory()));
  }

  private static void weights(ArrayNode to, Decoder decoder, Request request) {
    List<Parameter> matrices = decoder.blockMatrices().stream().distinct().toList();
    try (SafeTensors before = SafeTensors.open(request.before);
        SafeTensors after = SafeTensors.open(request.after);
        SafeTensors relearned = SafeTensors.open(request.relearned.orElse(request.after));
        ProgressBar bar = ProgressBar.named("weights")) {
      for (Parameter p : matrices) {
        ObjectNode node = to.addObject().put("layer", block(p.name())).put("matrix", p.name());
        node.put("rows", p.dim(0)).put("columns", p.dim(1));
        WeightChange change = change(p, before, after);
        put(node, change.spectrum(), change.relativeEnergy());
        if (request.relearned.isPresent()) {
          WeightChange.Update update = change.update(source(relearned));
          ObjectNode again = node.putObject("relearned");
          put(again, "energy", update.energy());
          put(again, "inside", update.inside());
          put(again, "inside_by_chance", update.byChance());
          put(again, "cosine_towards_before", update.cosine());
        }
        bar.update(to.size(), matrices.size(), p.name());
      }
    }
  }

  private static WeightChange change(Parameter p, SafeTensors before, SafeTensors after) {
    try {
      return new WeightChange(p, source(before), source(after));
    } catch (IllegalArgumentException e) {
      throw new MachineException(
          "spectrum: found " + e.getMessage() + " of " + p.name() + ", expected numbers.", e);
    }
  }

  private static WeightSource source(SafeTensors weights) {
    return (p, from, to) -> weights.read(p.name(), from, to);
  }

  /** The block that a matrix is in, which all families write into its name. */
  private static String block(String name) {
    Matcher number = BLOCK.matcher(name);
    return number.find() ? number.group(1) : "";
  }

  private static void features(ObjectNode root, Decoder decoder, Request request, PrintStream log) {
    Pipeline pipeline = request.pipeline;
    Path tokenizer = pipeline.model().tokenizerFolder().orElse(request.before);
    try (TaskData data = new TaskData(pipeline, tokenizer, decoder.config().maxPositions())) {
      List<TokenRow> forget = Spread.of(data.forget(), request.rows);
      List<TokenRow> retain = Spread.of(data.retain(), request.rows);
      data.notes().forEach(log::println);
      root.putObject("rows").put("forget", forget.size()).put("retain", retain.size());
      root.put("directions", request.rank);
      Computation computation = RuntimeModels.measuring(pipeline.model());
      try (TensorFlowModel before = TensorFlowModel.open(request.before, computation);
          TensorFlowModel after = TensorFlowModel.open(request.after, computation)) {
        new StreamChange(
                before, after, forget, retain, pipeline.evaluate().tokenBudget(), request.rank)
            .measure(root.putArray("features"));
      }
    }
  }

  /**
   * A spectrum's numbers.
   *
   * @param relative its energy over that of what changed
   */
  static void put(ObjectNode node, Spectrum spectrum, double relative) {
    put(node, "energy", spectrum.energy());
    put(node, "relative_energy", relative);
    put(node, "effective_rank", spectrum.effectiveRank());
    node.put("directions_50", spectrum.half());
    node.put("directions_90", spectrum.most());
    node.put("directions_99", spectrum.nearlyAll());
  }

  /** A number; what is none is left out, as JSON has no word for it. */
  static void put(ObjectNode node, String key, double value) {
    if (Double.isFinite(value)) {
      node.put(key, value);
    }
  }
}
