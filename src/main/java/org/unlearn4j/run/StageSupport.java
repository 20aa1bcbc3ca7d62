package org.unlearn4j.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.Values;
import org.unlearn4j.tf.Variables;
import org.unlearn4j.train.AdamWSettings;
import org.unlearn4j.train.ModelFolder;
import org.unlearn4j.train.Trainer;
import org.unlearn4j.unlearn.StepGraph;
import org.unlearn4j.weights.CheckpointLayout;
import org.unlearn4j.weights.SafeTensors;

/** What teaching and unlearning share. */
final class StageSupport {
  private StageSupport() {}

  static AdamWSettings optimiser(LoopSettings loop) {
    return new AdamWSettings(loop.weightDecay(), loop.clipNorm());
  }

  /** A listener that draws the total loss beside a bar. */
  static Trainer.Listener bar(ProgressBar bar) {
    return (done, total, outcome) ->
        bar.update(done, total, String.format(Locale.ROOT, "loss %.4f", outcome.total()));
  }

  /**
   * Fills a graph's parameters, and those of its frozen twin, from a checkpoint.
   *
   * @param base folder or safetensors file
   */
  static void assign(StepGraph graph, Path base) {
    assign(graph, base, base);
  }

  /**
   * Fills a graph's parameters and those of its frozen twin.
   *
   * @param reference of the twin; not read where there is none
   */
  static void assign(StepGraph graph, Path policy, Path reference) {
    fill(graph.variables(), policy);
    graph.frozen().ifPresent(twin -> fill(twin, reference));
  }

  private static void fill(Variables variables, Path from) {
    try (SafeTensors weights = SafeTensors.open(from)) {
      variables.assign(TfRuntime.checkpoint(weights, variables.parameters()));
    }
  }

  /**
   * What makes two training runs the same run, so that a checkpoint of another one is not
   * continued: the settings that the stage reads, base weights, tokenizer and data. How results are
   * measured and gated is none of them.
   *
   * @param stage the block of the pipeline file
   */
  static String identity(
      Pipeline pipeline, String stage, String baseWeights, Path tokenizer, TaskData data) {
    Path vocabulary = tokenizer.resolve("tokenizer.json");
    return Hashes.sha256(
        pipeline.toYaml(Set.of("model", "data", stage))
            + baseWeights
            + (Files.isRegularFile(vocabulary) ? Hashes.sha256(vocabulary) : "")
            + data.provenance());
  }

  /**
   * A graph's model as it is at the time, to be measured without weights of its own; to be asked
   * for before the graph has any values.
   */
  static LanguageModel measured(StepGraph graph, Precision precision) {
    return TensorFlowModel.within(graph.runtime(), graph.decoder(), graph.variables(), precision);
  }

  /**
   * Writes a graph's model as it is at the time.
   *
   * @param tokenizer folder whose tokenizer files are copied
   * @param record written as {@code unlearning.json}
   */
  static void write(
      StepGraph graph,
      Path out,
      CheckpointLayout layout,
      Path tokenizer,
      Optional<ObjectNode> record) {
    try (Values values = graph.variables().values()) {
      ModelFolder.write(out, graph.decoder(), layout, values::read, tokenizer, record);
    }
  }

  /** Names, number formats and files of a model's weights, to write another one alike. */
  static CheckpointLayout layout(Path folder, Decoder decoder) {
    try (SafeTensors weights = SafeTensors.open(folder)) {
      return weights.layout(decoder.parameters().stream().map(Parameter::name).toList());
    }
  }

  /** SHA-256 of each weight file of a folder, by name. */
  static Map<String, String> weightHashes(Path folder) {
    Map<String, String> hashes = new TreeMap<>();
    try (SafeTensors weights = SafeTensors.open(folder)) {
      weights.files().forEach(f -> hashes.put(String.valueOf(f.getFileName()), Hashes.sha256(f)));
    }
    return hashes;
  }

  /** SHA-256 of each file of a model, Hugging Face folder, ONNX folder or file, by name. */
  static Map<String, String> modelHashes(Path model, Fingerprints fingerprints) {
    Map<String, String> hashes = new TreeMap<>();
    try (Stream<Path> files = Files.walk(model)) {
      files
          .filter(Files::isRegularFile)
          .forEach(f -> hashes.put(model.relativize(f).toString(), fingerprints.of(f)));
    } catch (IOException e) {
      throw new MachineException(model + ": could not be read (" + e + ").", e);
    }
    return hashes;
  }

  /**
   * Files of a training run beside its result: {@code logs/} and {@code checkpoints/} of the run
   * folder.
   */
  static Trainer.Files files(Path out, String log, String run) {
    Path folder = out.toAbsolutePath().getParent();
    return new Trainer.Files(
        folder.resolve("checkpoints").resolve(String.valueOf(out.getFileName())),
        folder.resolve("logs").resolve(log),
        run);
  }

  /** Removes checkpoints, and their folder when it is empty. */
  static void clean(Trainer.Files files) {
    Trainer.clean(files);
    Path parent = files.checkpoints().getParent();
    String[] left = parent.toFile().list();
    if (left != null && left.length == 0 && Files.isDirectory(parent)) {
      org.unlearn4j.base.AtomicFiles.deleteTree(parent);
    }
  }
}
