package org.unlearn4j.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.unlearn4j.adapter.AdapterFolder;
import org.unlearn4j.adapter.LowRank;
import org.unlearn4j.adapter.MergedWeights;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.AdapterWeights;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.Values;
import org.unlearn4j.tf.Variables;
import org.unlearn4j.train.ModelFolder;
import org.unlearn4j.train.Trainer;
import org.unlearn4j.unlearn.StepGraph;
import org.unlearn4j.weights.CheckpointLayout;
import org.unlearn4j.weights.SafeTensors;

/** What teaching and unlearning share. */
final class StageSupport {
  private StageSupport() {}

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
   * A graph's model as it is at the time, to be measured without weights of its own; to be asked
   * for before the graph has any values.
   */
  static TensorFlowModel measured(StepGraph graph, Precision precision) {
    return TensorFlowModel.within(graph.runtime(), graph.decoder(), graph.weights(), precision);
  }

  /**
   * Writes a graph's model as it is at the time, adapters merged and as a folder of their own.
   *
   * @param base the model that the graph began as; read where adapters learned beside it
   * @param tokenizer folder whose tokenizer files are copied
   * @param record written as {@code unlearning.json}
   */
  static void write(
      StepGraph graph,
      Optional<Path> base,
      Path out,
      CheckpointLayout layout,
      Path tokenizer,
      Optional<ObjectNode> record) {
    Optional<AdapterWeights> adapter = graph.weights().adapter();
    if (adapter.isEmpty()) {
      write(graph.variables(), graph.decoder(), out, layout, tokenizer, record);
      return;
    }
    LowRank learned = Adapters.learned(adapter.get());
    Path from = base.orElseThrow();
    try (SafeTensors weights = SafeTensors.open(from)) {
      ModelFolder.write(
          out,
          graph.decoder(),
          layout,
          new MergedWeights(weights, List.of(MergedWeights.Weighted.whole(learned)))::forEach,
          tokenizer,
          record,
          part ->
              AdapterFolder.write(
                  part.resolve(ModelFolder.ADAPTER_FOLDER),
                  learned,
                  graph.decoder(),
                  from.toString()));
    }
  }

  /** The same of variables that belong to no step. */
  static void write(
      Variables variables,
      Decoder decoder,
      Path out,
      CheckpointLayout layout,
      Path tokenizer,
      Optional<ObjectNode> record) {
    try (Values values = variables.values()) {
      ModelFolder.write(out, decoder, layout, values::read, tokenizer, record);
    }
  }

  /** Names, number formats and files of a model's weights, to write another one alike. */
  static CheckpointLayout layout(Path folder, Decoder decoder) {
    try (SafeTensors weights = SafeTensors.open(folder)) {
      return weights.layout(decoder.parameters().stream().map(Parameter::name).toList());
    }
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
}
