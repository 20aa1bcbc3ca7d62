package org.unlearn4j.run;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.unlearn4j.base.Processor;
import org.unlearn4j.config.FinetuneSettings;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.ModelSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.train.PrecisionRace;

/**
 * {@code precision: auto} becomes what is faster on this machine, once for each run folder: a run
 * that goes on, there or on another machine, keeps what was chosen.
 */
public final class SettledPrecision {
  /** Rows are rarely longer, and what is faster does not depend on it beyond. */
  private static final int TOKENS = 128;

  private final PrecisionRace.Measurement measurement;
  private final PrintStream log;

  /** As {@link #SettledPrecision(PrecisionRace.Measurement, PrintStream)}, on this machine. */
  public SettledPrecision(PrintStream log) {
    this(PrecisionRace::run, log);
  }

  /**
   * With a measurement of one's own.
   *
   * @param log told what was chosen, and why
   */
  public SettledPrecision(PrecisionRace.Measurement measurement, PrintStream log) {
    this.measurement = measurement;
    this.log = log;
  }

  /** What is measured: the model's widths and a batch. */
  private record Shape(ModelConfig config, int rows, int tokens) {
    String text() {
      return String.format(
          Locale.ROOT,
          "%s, hidden %d, ffn %d, %d layers, %d heads of %d, %d key/value heads, vocabulary %d,"
              + " %d rows of %d tokens",
          config.modelType(),
          config.hiddenSize(),
          config.intermediateSize(),
          config.layers(),
          config.heads(),
          config.headDim(),
          config.kvHeads(),
          config.vocabSize(),
          rows,
          tokens);
    }
  }

  private static boolean isOpen(Pipeline pipeline) {
    return pipeline.model().precision() == ModelSettings.Precision.AUTO;
  }

  /**
   * A pipeline that says which precision it has; the same one where it said so already.
   *
   * @param folder of the run, which remembers the choice
   * @throws org.unlearn4j.base.UserException if the folder's record is broken, or the model's
   *     configuration is at fault
   */
  public Pipeline of(Pipeline pipeline, Path folder) {
    if (!isOpen(pipeline)) {
      return pipeline;
    }
    Shape shape = shape(pipeline);
    Device device = RuntimeModels.device(pipeline.model());
    PrecisionChoices.Choice choice =
        new PrecisionChoices(folder)
            .findOr(shape.text(), device.setting(), log::println, () -> chosen(shape, device));
    return pipeline.with("model.precision=" + choice.chosen());
  }

  /**
   * What {@link #of} would give where nothing is measured and nothing written: a pipeline stays
   * open where no choice is known yet, and the log says so.
   */
  public Pipeline planned(Pipeline pipeline, Path folder) {
    if (!isOpen(pipeline)) {
      return pipeline;
    }
    Optional<PrecisionChoices.Choice> known =
        new PrecisionChoices(folder)
            .find(shape(pipeline).text(), RuntimeModels.device(pipeline.model()).setting());
    if (known.isEmpty()) {
      log.println("model.precision: auto is to be measured when it runs.");
    }
    return known.map(c -> pipeline.with("model.precision=" + c.chosen())).orElse(pipeline);
  }

  /**
   * The same as {@link #of} for a batch that is computed once: nothing is kept.
   *
   * @param rows of the batch
   * @param tokens of its longest row
   */
  public Pipeline once(Pipeline pipeline, ModelConfig config, int rows, int tokens, Device device) {
    if (!isOpen(pipeline)) {
      return pipeline;
    }
    int few = Math.max(2, Math.min(TOKENS, tokens)); // a row of one token predicts nothing
    return pipeline.with(
        "model.precision=" + chosen(new Shape(config, Math.max(1, rows), few), device).chosen());
  }

  private PrecisionChoices.Choice chosen(Shape shape, Device device) {
    PrecisionRace race = race(shape, device);
    String chosen =
        (race.brainWins() ? Precision.BF16 : Precision.FP32).name().toLowerCase(Locale.ROOT);
    log.printf(
        Locale.ROOT,
        "model.precision: auto is %s here: a step of one block takes %.1f ms in fp32 and %.1f in"
            + " bf16 (%s).%n",
        chosen,
        race.fp32Ms(),
        race.bf16Ms(),
        shape.text());
    return new PrecisionChoices.Choice(
        chosen,
        shape.text(),
        device.setting(),
        Processor.own().name(),
        Runtime.getRuntime().availableProcessors(),
        race.fp32Ms(),
        race.bf16Ms());
  }

  private PrecisionRace race(Shape shape, Device device) {
    return measurement.of(shape.config(), shape.rows(), shape.tokens(), device);
  }

  /**
   * Says so where a pipeline asks a CPU for bfloat16 that is slower there than float32; measures
   * nothing where the choice was a measurement's.
   *
   * @param folder of the run
   */
  public void warn(Pipeline pipeline, ModelConfig config, LoopSettings loop, Path folder) {
    if (pipeline.model().precision() != ModelSettings.Precision.BF16) {
      return;
    }
    Device device = RuntimeModels.device(pipeline.model());
    if (device.isGpu() || new PrecisionChoices(folder).choseBrain(device.setting())) {
      return;
    }
    PrecisionRace race = race(shape(pipeline, config, loop), device);
    if (race.bf16Ms() > race.fp32Ms()) {
      log.printf(
          Locale.ROOT,
          "model.precision: bf16 is slower than fp32 on this CPU: a step of one block takes %.1f ms"
              + " instead of %.1f.%n",
          race.bf16Ms(),
          race.fp32Ms());
    }
  }

  private static Shape shape(Pipeline pipeline) {
    Optional<FinetuneSettings> taught = pipeline.finetune();
    ModelConfig config =
        pipeline.model().init() == ModelSettings.Init.RANDOM
            ? TeachStage.fresh(pipeline.model())
            : ModelConfig.read(pipeline.model().path().orElseThrow());
    LoopSettings loop =
        taught.map(FinetuneSettings::loop).orElseGet(() -> pipeline.unlearn().loop());
    return shape(pipeline, config, loop);
  }

  private static Shape shape(Pipeline pipeline, ModelConfig config, LoopSettings loop) {
    int longest = Math.min(config.maxPositions(), pipeline.data().maxLength());
    return new Shape(config, loop.batchSize(), Math.max(2, Math.min(TOKENS, longest)));
  }
}
