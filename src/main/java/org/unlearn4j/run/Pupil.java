package org.unlearn4j.run;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.train.Trainer;
import org.unlearn4j.train.TrainingData;
import org.unlearn4j.train.TrainingStep;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.StepGraph;

/** A model that is taught rows: what every stage that teaches does alike. */
final class Pupil implements AutoCloseable {
  private final StepGraph graph;
  private final TrainingStep step;
  private final LoopSettings loop;

  /**
   * Builds the graph of a step; its parameters have no values yet.
   *
   * @param objective by which it learns, through adapters or not
   */
  Pupil(Decoder decoder, Objective objective, LoopSettings loop, Computation computation) {
    this.loop = loop;
    this.graph = new StepGraph(decoder, objective, computation);
    this.step = new TrainingStep(graph, loop.optimizer(), loop.accumulate());
  }

  StepGraph graph() {
    return graph;
  }

  /** Gives all parameters their values. */
  void assign(Function<Parameter, FloatBuffer> values) {
    graph.variables().assign(values);
  }

  /** Gives all parameters the values that a folder has. */
  void assign(Path folder) {
    StageSupport.assign(graph, folder);
    AdapterStart.of(graph, loop).assign(folder);
  }

  /**
   * Teaches, from the values that the parameters have or from a checkpoint of the same run.
   *
   * @param label of the progress bar
   * @throws org.unlearn4j.base.MachineException if the loss is no longer a number
   */
  Trainer.Finished learn(List<TokenRow> rows, Trainer.Files files, String label) {
    return learn(rows, files, label, (done, total, outcome) -> {});
  }

  /**
   * The same.
   *
   * @param also told after every step, when the parameters have their new values
   */
  Trainer.Finished learn(
      List<TokenRow> rows, Trainer.Files files, String label, Trainer.Listener also) {
    Trainer trainer =
        new Trainer(step, loop, TrainingData.learn(rows), Trainer.Regularisation.NONE);
    try (ProgressBar bar = ProgressBar.named(label)) {
      Trainer.Listener shown = StageSupport.bar(bar);
      return trainer.run(
          files,
          (done, total, outcome) -> {
            shown.step(done, total, outcome);
            also.step(done, total, outcome);
          });
    }
  }

  @Override
  public void close() {
    step.close();
  }
}
