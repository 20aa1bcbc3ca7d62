package org.unlearn4j.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.JsonInput;
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
  private static final String FILE = "precision.json";

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
          "%s, hidden %d, ffn %d, %d layers, %d heads, %d rows of %d tokens",
          config.modelType(),
          config.hiddenSize(),
          config.intermediateSize(),
          config.layers(),
          config.heads(),
          rows,
          tokens);
    }
  }

  /**
   * A pipeline that says which precision it has; the same one where it said so already.
   *
   * @param folder of the run, which remembers the choice
   * @param keep whether a new choice is written there
   * @throws org.unlearn4j.base.UserException if the folder's record is broken, or the model's
   *     configuration is at fault
   */
  public Pipeline of(Pipeline pipeline, Path folder, boolean keep) {
    if (pipeline.model().precision() != ModelSettings.Precision.AUTO) {
      return pipeline;
    }
    Shape shape = shape(pipeline);
    String device = RuntimeModels.device(pipeline.model()).setting();
    Optional<String> kept = kept(folder.resolve(FILE), shape.text(), device);
    if (kept.isPresent()) {
      return pipeline.with("model.precision=" + kept.get());
    }
    PrecisionRace race = race(shape, RuntimeModels.device(pipeline.model()));
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
    if (keep) {
      ObjectNode json = new ObjectMapper().createObjectNode();
      json.put("chosen", chosen)
          .put("shape", shape.text())
          .put("device", device)
          .put("fp32_ms", race.fp32Ms())
          .put("bf16_ms", race.bf16Ms());
      AtomicFiles.writeString(folder.resolve(FILE), json.toPrettyString() + "\n");
    }
    return pipeline.with("model.precision=" + chosen);
  }

  private PrecisionRace race(Shape shape, Device device) {
    return measurement.of(shape.config(), shape.rows(), shape.tokens(), device);
  }

  /** An earlier choice for this shape on such a device. */
  private static Optional<String> kept(Path file, String shape, String device) {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    JsonInput record = JsonInput.read(file, "what precision: auto was settled to");
    if (!record.get("shape").text().equals(shape) || !record.get("device").text().equals(device)) {
      return Optional.empty();
    }
    String chosen = record.get("chosen").text();
    if (!chosen.equals("fp32") && !chosen.equals("bf16")) {
      throw record.get("chosen").mistake("fp32 or bf16");
    }
    return Optional.of(chosen);
  }

  /**
   * Says so where a pipeline asks a CPU for bfloat16 that is slower there than float32; measures
   * nothing where the choice was a measurement's.
   *
   * @param folder of the run
   */
  public void warn(Pipeline pipeline, ModelConfig config, LoopSettings loop, Path folder) {
    if (pipeline.model().precision() != ModelSettings.Precision.BF16
        || Files.isRegularFile(folder.resolve(FILE))) {
      return;
    }
    Device device = RuntimeModels.device(pipeline.model());
    if (device.isGpu()) {
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
    return new Shape(config, loop.batchSize(), Math.min(TOKENS, longest));
  }
}
