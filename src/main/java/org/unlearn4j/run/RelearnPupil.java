package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.train.Trainer;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.StepGraph;

/**
 * A pupil and how it is measured: on the weights that it learned, since a second copy of them would
 * lie beside the optimiser's. A graph takes seconds to build, and none is needed where everything
 * is known.
 */
record RelearnPupil(Pupil pupil, LanguageModel model) implements AutoCloseable {
  static final RelearnPupil NOBODY = new RelearnPupil(null, null);

  static RelearnPupil of(
      Decoder decoder, Objective objective, LoopSettings loop, Computation computation) {
    Pupil pupil = new Pupil(decoder, objective, loop, computation);
    return new RelearnPupil(pupil, StageSupport.measured(pupil.graph(), RuntimeModels.MEASURING));
  }

  /**
   * Teaches rows, from the weights of a folder.
   *
   * @param curve that is measured while it learns
   */
  void learn(Path folder, List<TokenRow> rows, Trainer.Files files, RelearnCurve curve) {
    pupil.assign(folder);
    curve.at(0, model);
    pupil.learn(rows, files, "relearn " + curve.label(), curve.listener(model));
  }

  /**
   * Writes the model as it is now.
   *
   * @param folder that it began as
   * @param tokenizer folder whose tokenizer files are copied
   */
  void write(Path folder, Path out, Path tokenizer) {
    StepGraph graph = pupil.graph();
    StageSupport.write(
        graph,
        Optional.of(folder),
        out,
        StageSupport.layout(folder, graph.decoder()),
        tokenizer,
        Optional.empty());
  }

  @Override
  public void close() {
    if (pupil != null) {
      pupil.close();
    }
  }
}
