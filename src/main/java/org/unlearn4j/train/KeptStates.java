package org.unlearn4j.train;

import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Values;
import org.unlearn4j.tf.Variables;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.SafeTensorsWriter;
import org.unlearn4j.weights.TensorInfo;

/**
 * What learned, as it was after some step: the best state so far, and the one that was the best
 * when the last checkpoint was written, which a killed run goes back to. So there are at most two.
 */
final class KeptStates {
  private final Path folder;
  private final String prefix;
  private int checkpointed;

  /**
   * States in the folder of a run's checkpoints.
   *
   * @param run as for {@link Checkpoints}
   */
  KeptStates(Path folder, String run) {
    this.folder = folder;
    this.prefix = "kept-" + Hashes.sha256(run).substring(0, 12) + "-";
  }

  private Path file(int step) {
    return folder.resolve(prefix + step + ".safetensors");
  }

  /** Keeps the state after a step, in place of what was the best before. */
  void keep(Variables learned, int step) {
    Map<String, Parameter> byName = new HashMap<>();
    learned.parameters().forEach(p -> byName.put(p.name(), p));
    List<TensorInfo> tensors =
        learned.parameters().stream()
            .map(p -> new TensorInfo(p.name(), learned.format(p), p.shape()))
            .toList();
    try (Values values = learned.values()) {
      SafeTensorsWriter.write(
          file(step), tensors, (t, pieces) -> values.read(byName.get(t.name()), pieces), Map.of());
    }
    deleteAllBut(step, checkpointed);
  }

  /** A checkpoint was written, or read, that has this state for the best. */
  void checkpointed(int step) {
    checkpointed = step;
    deleteAllBut(step, step);
  }

  /**
   * Fills the variables with a state.
   *
   * @throws MachineException if somebody has removed it
   */
  void restore(Variables learned, int step) {
    if (!Files.isRegularFile(file(step))) {
      throw new MachineException(
          file(step)
              + ": found no such file, expected the state that was kept after step "
              + step
              + "; delete "
              + folder
              + " to begin anew.");
    }
    try (SafeTensors saved = SafeTensors.ofState(file(step))) {
      learned.assign(p -> FloatBuffer.wrap(saved.floats(p.name())));
    }
  }

  /** Gives up all of them. */
  void delete() {
    deleteAllBut(0, 0);
  }

  private void deleteAllBut(int a, int b) {
    String[] names = folder.toFile().list((f, name) -> name.startsWith(prefix));
    for (String name : names == null ? new String[0] : names) {
      Path file = folder.resolve(name);
      if (!file.equals(file(a)) && !file.equals(file(b))) {
        AtomicFiles.deleteTree(file);
      }
    }
  }
}
