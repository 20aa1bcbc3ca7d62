package org.unlearn4j.run;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.onnx.ExportOptions;
import org.unlearn4j.onnx.OnnxExporter;
import org.unlearn4j.weights.Variant;

/** Exports an unlearned model as a pipeline says. */
public final class ExportStage {
  private final Pipeline pipeline;
  private final PrintStream log;

  /**
   * A stage.
   *
   * @param log for what the exporter has to say, for instance how many codes unlearning has changed
   */
  public ExportStage(Pipeline pipeline, PrintStream log) {
    this.pipeline = pipeline;
    this.log = log;
  }

  /**
   * Writes a deployable folder in the pipeline's operator set, and counts the codes that are those
   * of the model before unlearning.
   *
   * @param model the unlearned model's Hugging Face folder
   * @param variants in place of the pipeline's
   * @throws org.unlearn4j.base.UserException if the model is at fault
   */
  public void run(Path model, Path out, List<Variant> variants) {
    ExportOptions options =
        ExportOptions.of(variants.stream().map(Variant::label).toList())
            .opset(pipeline.export().opset())
            .before(pipeline.model().path());
    OnnxExporter.export(model, out, options).notes().forEach(log::println);
  }
}
