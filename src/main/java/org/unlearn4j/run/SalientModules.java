package org.unlearn4j.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.train.SaliencyPass;
import org.unlearn4j.train.Trainer;
import org.unlearn4j.train.TrainingData;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Saliency;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepGraph;

/**
 * Which modules of a model learn, where {@code unlearn.salient_share} asks for the most salient
 * ones only: found by a pass over the forget set at the weights that unlearning starts from. A run
 * that is taken up again trains what its checkpoint has moments of.
 *
 * @param settings with the share
 * @param base folder of the weights that unlearning starts from
 */
record SalientModules(
    UnlearnSettings settings, Decoder decoder, Computation computation, Path base) {

  /** Beside the training log: every module that could have been chosen. */
  private static final String FILE = "saliency.json";

  /**
   * What was chosen.
   *
   * @param modules in the order of the decoder
   * @param weights of these modules
   */
  record Chosen(double share, List<String> modules, long weights) {
    Chosen {
      modules = List.copyOf(modules);
    }

    /** For the record of the unlearned model. */
    ObjectNode json() {
      ObjectNode node = new ObjectMapper().createObjectNode();
      node.put("share", share).put("weights", weights);
      ArrayNode names = node.putArray("modules");
      modules.forEach(names::add);
      return node;
    }
  }

  /**
   * Chooses, and says what in one line; empty where the whole model learns.
   *
   * @param objective of the training
   * @param reference what the model at the start says of the rows
   * @throws org.unlearn4j.base.UserException if its forget loss reaches no module
   * @throws org.unlearn4j.base.MachineException if the pass does not fit into memory, or what it
   *     finds is no number
   */
  Optional<Chosen> choose(
      Objective objective,
      TrainingData rows,
      Function<LanguageModel, Map<Segment, double[]>> reference,
      Trainer.Files files,
      PrintStream log) {
    Path file = files.log().resolveSibling(FILE);
    if (settings.salientShare() == 1) {
      AtomicFiles.deleteTree(file); // an earlier run's
      return Optional.empty();
    }
    Optional<Set<String>> earlier = Trainer.trained(files);
    Set<String> names = earlier.orElseGet(() -> search(objective, rows, reference, file, log));
    List<Parameter> candidates = Saliency.candidates(decoder, objective);
    List<Parameter> chosen = candidates.stream().filter(p -> names.contains(p.name())).toList();
    Chosen found =
        new Chosen(
            settings.salientShare(), chosen.stream().map(Parameter::name).toList(), size(chosen));
    log.printf(
        Locale.ROOT,
        "unlearn: %d of %d linear maps of the blocks learn, %.1f %% of their weights"
            + " (salient_share %s%s)%n",
        chosen.size(),
        candidates.size(),
        100.0 * found.weights() / size(candidates),
        settings.salientShare(),
        earlier.isPresent() ? "; those of the checkpoint" : "; logs/" + FILE);
    return Optional.of(found);
  }

  private static long size(List<Parameter> parameters) {
    return parameters.stream().mapToLong(Parameter::size).sum();
  }

  private Set<String> search(
      Objective objective,
      TrainingData rows,
      Function<LanguageModel, Map<Segment, double[]>> reference,
      Path file,
      PrintStream log) {
    Objective forgetting = SaliencyPass.objective(decoder, objective);
    MemoryCheck.ofTraining("unlearn", decoder, forgetting, computation, settings.loop(), rows)
        .withoutUpdates()
        .require(log);
    Saliency saliency;
    try (SaliencyPass pass = SaliencyPass.open(decoder, objective, computation);
        ProgressBar bar = ProgressBar.named("saliency " + objective.name())) {
      StepGraph graph = pass.graph();
      LanguageModel model = StageSupport.measured(graph, computation.precision());
      StageSupport.assign(graph, base);
      TrainingData told =
          graph.objective().referenceNll().isEmpty()
              ? rows
              : rows.withReference(reference.apply(model));
      saliency =
          pass.run(told, settings.loop().batchSize(), (done, total) -> bar.update(done, total, ""));
    }
    List<Saliency.Module> most = saliency.most(settings.salientShare());
    write(file, objective.name(), saliency, most.size());
    return most.stream().map(Saliency.Module::name).collect(Collectors.toSet());
  }

  private void write(Path file, String loss, Saliency saliency, int learning) {
    ObjectNode root = new ObjectMapper().createObjectNode();
    root.put("salient_share", settings.salientShare());
    root.put("forget_loss", loss);
    root.put("weights", saliency.weights());
    ArrayNode modules = root.putArray("modules");
    for (Saliency.Module m : saliency.modules()) {
      modules
          .addObject()
          .put("name", m.name())
          .put("weights", m.weights())
          .put("saliency", m.value())
          .put("learns", modules.size() <= learning);
    }
    AtomicFiles.writeString(file, root.toPrettyString() + "\n");
  }
}
