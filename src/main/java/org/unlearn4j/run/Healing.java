package org.unlearn4j.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.SurgerySettings;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Variables;
import org.unlearn4j.train.ModelFolder;
import org.unlearn4j.train.Trainer;
import org.unlearn4j.train.TrainingData;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.weights.DType;

/**
 * A few steps of ordinary training on retain rows once directions are cut out. All weights learn.
 * Between the cut and these steps the weights lie on disk in float32, without loss: those of an
 * unlearning and its moments would be in no plan beside those of a second training.
 */
final class Healing {
  private final Decoder decoder;
  private final LoopSettings loop;
  private final int steps;
  private final Computation computation;
  private final Surgery.Rows rows;
  private final Path tokenizer;
  private final Trainer.Files files;
  private final Path cut;
  private final PrintStream log;

  private Healing(
      Pipeline pipeline,
      SurgerySettings.Healing settings,
      Decoder decoder,
      Surgery.Rows rows,
      Path tokenizer,
      Path out,
      PrintStream log) {
    this.decoder = decoder;
    this.rows = rows;
    this.tokenizer = tokenizer;
    this.log = log;
    this.steps = settings.steps();
    this.loop = loop(pipeline.unlearn().loop(), settings);
    this.computation = RuntimeModels.training(pipeline.model(), loop);
    String name = out.getFileName() + "-healing";
    this.files = StageSupport.files(out.resolveSibling(name), name + ".jsonl", name);
    this.cut = files.checkpoints().resolveSibling(out.getFileName() + "-cut");
  }

  /**
   * Prepares it, if the settings ask for it; to be asked for before anybody waits for a model.
   *
   * @param rows that are taught, those to keep, and measured, both
   * @param tokenizer folder whose tokenizer files are copied
   * @param out the folder that will be written
   * @throws UserException if there is nothing to teach
   * @throws org.unlearn4j.base.MachineException if there is not the memory for it
   */
  static Optional<Healing> of(
      Pipeline pipeline,
      Decoder decoder,
      Surgery.Rows rows,
      Path tokenizer,
      Path out,
      PrintStream log) {
    Optional<Healing> healing =
        pipeline
            .unlearn()
            .surgery()
            .flatMap(SurgerySettings::healing)
            .map(s -> new Healing(pipeline, s, decoder, rows, tokenizer, out, log));
    healing.ifPresent(Healing::require);
    return healing;
  }

  /** That of the unlearning, over so many steps; it is too short to go on with. */
  private static LoopSettings loop(LoopSettings other, SurgerySettings.Healing settings) {
    return new LoopSettings(
        1,
        other.batchSize(),
        other.accumulate(),
        settings.learningRate(),
        other.schedule(),
        0,
        other.optimizer(),
        other.seed(),
        0,
        other.recompute(),
        Optional.empty(),
        other.router());
  }

  private void require() {
    if (rows.retain().isEmpty()) {
      throw new UserException(
          "unlearn.surgery.healing: found no rows to keep, expected some, by which a model heals.");
    }
    MemoryCheck.ofTraining(
            "unlearn", decoder, objective(), computation, loop, TrainingData.learn(taught()))
        .require(log);
  }

  private Objective objective() {
    return Adapters.of(Objective.finetune(), loop, "unlearn", decoder, List.of());
  }

  /** As many rows as the steps take: every row once before any row is there again. */
  private List<TokenRow> taught() {
    Random random = new Random(loop.seed());
    int all = Math.multiplyExact(steps, Math.multiplyExact(loop.batchSize(), loop.accumulate()));
    List<TokenRow> taught = new ArrayList<>();
    while (taught.size() < all) {
      List<TokenRow> shuffled = new ArrayList<>(rows.retain());
      Collections.shuffle(shuffled, random);
      taught.addAll(shuffled.subList(0, Math.min(shuffled.size(), all - taught.size())));
    }
    return taught;
  }

  /** Keeps the weights that were cut, until they are written healed. */
  void keep(Variables weights) {
    AtomicFiles.deleteTree(cut);
    StageSupport.write(
        weights, decoder, cut, ModelFolder.fresh(decoder, DType.F32), tokenizer, Optional.empty());
  }

  /**
   * Teaches what was kept, and writes it; the graph that was cut shall be closed by then.
   *
   * @param like the folder whose names, number formats and files are those of the new one
   * @param record whose block {@code surgery} gets a block {@code healing}
   * @param measured told how likely the healed model finds the rows to forget, before it is written
   */
  void write(Path out, Path like, ObjectNode record, Consumer<Likelihood> measured) {
    Trainer.clean(files); // of a healing that was stopped: it begins anew, since it is short
    try (Pupil pupil = new Pupil(decoder, objective(), loop, computation)) {
      LanguageModel model = StageSupport.measured(pupil.graph(), computation.precision());
      pupil.assign(cut);
      Likelihood retain = likelihood(model, rows.retain(), "retain set cut");
      Likelihood forget = likelihood(model, rows.forget(), "forget set cut");
      Trainer.Finished finished = pupil.learn(taught(), files, "healing");
      Likelihood kept = likelihood(model, rows.retain(), "retain set healed");
      Likelihood forgotten = likelihood(model, rows.forget(), "forget set healed");
      log.printf(
          Locale.ROOT,
          "healing: %d steps, nats a token of the retain rows %.4f, before %.4f, of the forget rows"
              + " %.4f, before %.4f%n",
          finished.steps(),
          kept.meanNll(),
          retain.meanNll(),
          forgotten.meanNll(),
          forget.meanNll());
      ObjectNode json = record.withObjectProperty("surgery").putObject("healing");
      json.put("steps", finished.steps()).put("learning_rate", loop.learningRate());
      json.put("retain_nll_cut", retain.meanNll()).put("retain_nll", kept.meanNll());
      json.put("forget_nll_cut", forget.meanNll()).put("forget_nll", forgotten.meanNll());
      measured.accept(forgotten);
      StageSupport.write(
          pupil.graph(),
          Optional.of(like),
          out,
          StageSupport.layout(like, decoder),
          tokenizer,
          Optional.of(record));
    }
    AtomicFiles.deleteTree(cut);
    Trainer.clean(files);
    AtomicFiles.deleteIfEmpty(cut.getParent());
  }

  private Likelihood likelihood(LanguageModel model, List<TokenRow> some, String what) {
    return Likelihood.of(model, some, rows.tokenBudget(), what);
  }
}
