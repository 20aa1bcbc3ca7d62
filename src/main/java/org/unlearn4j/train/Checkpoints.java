package org.unlearn4j.train;

import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.AdapterWeights;
import org.unlearn4j.tf.Values;
import org.unlearn4j.tf.Variables;
import org.unlearn4j.unlearn.FeatureLayer;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.SafeTensorsWriter;
import org.unlearn4j.weights.TensorInfo;

/**
 * The state of a training run between two steps, as a rule at the end of an epoch: parameters and
 * what the optimiser remembers in one safetensors file, written beside and renamed, so that a
 * killed run finds either the old state or the new one, whole.
 */
final class Checkpoints {
  private static final String EPOCH = "epoch";
  private static final String STEP = "step";
  private static final String ALPHA = "alpha";
  private static final String RETAIN_SUM = "retain_sum";
  private static final String RETAIN_STEPS = "retain_steps";
  private static final String RUN = "run";
  private static final String JUDGED = "judged";
  private static final String QUEUE = "queue/";

  /** Names of the parameters that learn, one a line. */
  private static final String TRAINED = "trained";

  private final Path file;
  private final String run;

  /**
   * Where a run goes on.
   *
   * @param epoch that goes on or begins
   * @param step made so far, in all epochs
   * @param dual weight of the retain loss, which a dual variable moves
   * @param queue retain features, oldest first, by layer
   * @param judged what the judge of the measurements remembers
   */
  record State(
      int epoch,
      int step,
      DualVariable.State dual,
      Map<FeatureLayer, List<float[]>> queue,
      Judge.State judged) {}

  /**
   * Checkpoints in a folder.
   *
   * @param run identifies settings, data and base weights: a checkpoint of another run is not
   *     continued
   */
  Checkpoints(Path folder, String run) {
    // A name of its own: what another run has left, it can still go on from.
    this.file = folder.resolve("last-" + Hashes.sha256(run).substring(0, 12) + ".safetensors");
    this.run = run;
  }

  void save(TrainingStep step, State state) {
    List<Variables> sets = sets(step);
    List<TensorInfo> tensors = new ArrayList<>();
    Map<String, Parameter> byTensor = new HashMap<>();
    for (int s = 0; s < sets.size(); s++) {
      for (Parameter p : sets.get(s).parameters()) {
        TensorInfo info = new TensorInfo(s + "/" + p.name(), sets.get(s).format(p), p.shape());
        tensors.add(info);
        byTensor.put(info.name(), p);
      }
    }
    Map<String, float[]> queued = new LinkedHashMap<>();
    state
        .queue()
        .forEach(
            (layer, vectors) -> {
              int hidden = vectors.isEmpty() ? 0 : vectors.get(0).length;
              TensorInfo info =
                  new TensorInfo(QUEUE + layer.block(), DType.F32, List.of(vectors.size(), hidden));
              tensors.add(info);
              queued.put(info.name(), joined(vectors, hidden));
            });
    List<Values> values = sets.stream().map(Variables::values).toList();
    try {
      SafeTensorsWriter.write(
          file,
          tensors,
          (t, pieces) -> {
            if (queued.containsKey(t.name())) {
              pieces.accept(FloatBuffer.wrap(queued.get(t.name())));
              return;
            }
            int slash = t.name().indexOf('/');
            values
                .get(Integer.parseInt(t.name().substring(0, slash)))
                .read(byTensor.get(t.name()), pieces);
          },
          Map.of(
              EPOCH, String.valueOf(state.epoch()),
              STEP, String.valueOf(state.step()),
              ALPHA, String.valueOf(state.dual().alpha()),
              RETAIN_SUM, String.valueOf(state.dual().retainSum()),
              RETAIN_STEPS, String.valueOf(state.dual().steps()),
              TRAINED,
                  step.optimizer().parameters().stream()
                      .map(Parameter::name)
                      .collect(Collectors.joining("\n")),
              JUDGED, state.judged().text(),
              RUN, run));
    } finally {
      values.forEach(Values::close);
    }
  }

  private static float[] joined(List<float[]> vectors, int hidden) {
    float[] flat = new float[vectors.size() * hidden];
    for (int i = 0; i < vectors.size(); i++) {
      System.arraycopy(vectors.get(i), 0, flat, i * hidden, hidden);
    }
    return flat;
  }

  private static Map<FeatureLayer, List<float[]>> queue(SafeTensors saved) {
    Map<FeatureLayer, List<float[]>> queue = new LinkedHashMap<>();
    for (String name : saved.names()) {
      if (name.startsWith(QUEUE)) {
        float[] flat = saved.floats(name);
        int hidden = saved.info(name).shape().get(1);
        List<float[]> vectors = new ArrayList<>();
        for (int from = 0; from < flat.length; from += hidden) {
          vectors.add(Arrays.copyOfRange(flat, from, from + hidden));
        }
        queue.put(new FeatureLayer(Integer.parseInt(name.substring(QUEUE.length()))), vectors);
      }
    }
    return queue;
  }

  /** The last checkpoint of this very run, if there is one, to be closed. */
  private Optional<SafeTensors> last() {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    SafeTensors saved = SafeTensors.ofState(file);
    if (run.equals(saved.metadata().get(RUN))) {
      return Optional.of(saved);
    }
    saved.close();
    return Optional.empty();
  }

  /** Names of the parameters that this run trains, if there is a checkpoint of it. */
  Optional<Set<String>> trained() {
    Optional<SafeTensors> last = last();
    if (last.isEmpty()) {
      return Optional.empty();
    }
    try (SafeTensors saved = last.get()) {
      return Optional.of(
          saved.metadata().getOrDefault(TRAINED, "").lines().collect(Collectors.toSet()));
    }
  }

  /** Fills the variables from the last checkpoint of this very run, if there is one. */
  Optional<State> restore(TrainingStep step) {
    Optional<SafeTensors> last = last();
    if (last.isEmpty()) {
      return Optional.empty();
    }
    try (SafeTensors saved = last.get()) {
      Map<String, String> metadata = saved.metadata();
      List<Variables> sets = sets(step);
      for (int s = 0; s < sets.size(); s++) {
        String prefix = s + "/";
        sets.get(s).assign(p -> FloatBuffer.wrap(saved.floats(prefix + p.name())));
      }
      return Optional.of(
          new State(
              Integer.parseInt(metadata.get(EPOCH)),
              Integer.parseInt(metadata.get(STEP)),
              new DualVariable.State(
                  Double.parseDouble(metadata.get(ALPHA)),
                  Double.parseDouble(metadata.getOrDefault(RETAIN_SUM, "0")),
                  Integer.parseInt(metadata.getOrDefault(RETAIN_STEPS, "0"))),
              queue(saved),
              Optional.ofNullable(metadata.get(JUDGED))
                  .map(Judge.State::of)
                  .orElse(Judge.State.NONE)));
    }
  }

  /** Removes the checkpoint alone. */
  void forget() {
    AtomicFiles.deleteTree(file);
  }

  /** A finished run needs none. Those of other runs stay, and so does whatever else lies there. */
  void delete() {
    forget();
    Path folder = file.toAbsolutePath().getParent();
    AtomicFiles.deleteIfEmpty(folder);
    AtomicFiles.deleteIfEmpty(folder.getParent());
  }

  private static List<Variables> sets(TrainingStep step) {
    List<Variables> sets = new ArrayList<>();
    sets.add(step.graph().learned());
    sets.addAll(step.optimizer().state());
    step.attacked().ifPresent(sets::add);
    step.averaged().ifPresent(sets::add);
    // Found from rows, by a pass whose rounding may be another one next time.
    step.graph().weights().adapter().flatMap(AdapterWeights::start).ifPresent(sets::add);
    step.graph().avoided().ifPresent(sets::add);
    return sets;
  }
}
