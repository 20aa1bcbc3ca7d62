package org.unlearn4j.train;

import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.Session;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Variables;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.SafeTensorsWriter;
import org.unlearn4j.weights.TensorInfo;

/**
 * The state of a training run at the end of an epoch: parameters and both moments in one
 * safetensors file, written beside and renamed, so that a killed run finds either the old state or
 * the new one, whole.
 */
final class Checkpoints {
  private static final String EPOCH = "epoch";
  private static final String STEP = "step";
  private static final String RUN = "run";

  private final Path file;
  private final String run;

  /** Where a run goes on. */
  record State(int epoch, int step) {}

  /**
   * Checkpoints in a folder.
   *
   * @param run identifies settings, data and base weights: a checkpoint of another run is not
   *     continued
   */
  Checkpoints(Path folder, String run) {
    this.file = folder.resolve("last.safetensors");
    this.run = run;
  }

  void save(TrainingStep step, State state) {
    Session session = step.graph().runtime().session();
    List<Variables> sets = sets(step);
    List<TensorInfo> tensors = new ArrayList<>();
    for (int s = 0; s < sets.size(); s++) {
      for (Parameter p : sets.get(s).parameters()) {
        tensors.add(new TensorInfo(s + "/" + p.name(), DType.F32, p.shape()));
      }
    }
    Map<String, Parameter> byName = new java.util.HashMap<>();
    step.graph().decoder().parameters().forEach(p -> byName.put(p.name(), p));
    SafeTensorsWriter.write(
        file,
        tensors,
        t -> {
          int slash = t.name().indexOf('/');
          Variables set = sets.get(Integer.parseInt(t.name().substring(0, slash)));
          return set.value(session, byName.get(t.name().substring(slash + 1)));
        },
        Map.of(EPOCH, String.valueOf(state.epoch()), STEP, String.valueOf(state.step()), RUN, run));
  }

  /** Fills the variables from the last checkpoint of this very run, if there is one. */
  Optional<State> restore(TrainingStep step) {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try (SafeTensors saved = SafeTensors.open(file)) {
      Map<String, String> metadata = saved.metadata();
      if (!run.equals(metadata.get(RUN))) {
        return Optional.empty();
      }
      List<Variables> sets = sets(step);
      for (int s = 0; s < sets.size(); s++) {
        String prefix = s + "/";
        sets.get(s)
            .assign(
                step.graph().runtime().session(),
                p -> FloatBuffer.wrap(saved.floats(prefix + p.name())));
      }
      return Optional.of(
          new State(Integer.parseInt(metadata.get(EPOCH)), Integer.parseInt(metadata.get(STEP))));
    }
  }

  /** A finished run needs none. */
  void delete() {
    AtomicFiles.deleteTree(file.getParent());
  }

  private static List<Variables> sets(TrainingStep step) {
    return List.of(
        step.graph().variables(),
        step.optimiser().firstMoments(),
        step.optimiser().secondMoments());
  }
}
