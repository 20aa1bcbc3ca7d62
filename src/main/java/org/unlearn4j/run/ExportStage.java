package org.unlearn4j.run;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.onnx.ExportOptions;
import org.unlearn4j.onnx.OnnxExporter;
import org.unlearn4j.stage.Inputs;
import org.unlearn4j.weights.Variant;

/** Exports an unlearned model as a pipeline says. */
public final class ExportStage {
  private final Pipeline pipeline;
  private final PrintStream log;
  private final FileHashes hashes;

  /**
   * A stage.
   *
   * @param log for what the exporter has to say, for instance how many codes unlearning has changed
   * @param hashes of files that are read
   */
  public ExportStage(Pipeline pipeline, PrintStream log, FileHashes hashes) {
    this.pipeline = pipeline;
    this.log = log;
    this.hashes = hashes;
  }

  /** What decides the deployable folder. */
  public Inputs inputs(Path model, List<Variant> variants) {
    int opset = pipeline.export().opset();
    StageInputs inputs =
        new StageInputs(pipeline, hashes)
            .settings("export.opset")
            .value("variants", variants.stream().map(Variant::label).toList().toString())
            .graph(model, opset == ExportOptions.defaults().opset() ? "export" : "export.opset17")
            .model("model", model)
            .file("model/" + ModelFiles.UNLEARNING, model.resolve(ModelFiles.UNLEARNING));
    variants.stream()
        .filter(v -> v != Variant.FP32)
        .forEach(v -> inputs.listing("llama.export." + v.label()));
    pipeline.model().path().ifPresent(p -> inputs.model("before", p));
    return inputs.build();
  }

  /**
   * Writes a deployable folder in the pipeline's operator set, and counts the codes that are those
   * of the model before unlearning.
   *
   * @param model the unlearned model's Hugging Face folder
   * @param variants in place of the pipeline's
   * @return the ONNX files
   * @throws org.unlearn4j.base.UserException if the model is at fault
   */
  public List<Path> run(Path model, Path out, List<Variant> variants) {
    ExportOptions options =
        ExportOptions.of(variants.stream().map(Variant::label).toList())
            .opset(pipeline.export().opset())
            .before(pipeline.model().path());
    try (ProgressBar bar = ProgressBar.named("export")) {
      OnnxExporter.Exported exported =
          OnnxExporter.export(model, out, options, (done, all) -> bar.update(done, all, "tensors"));
      exported.notes().forEach(log::println);
      return exported.models();
    }
  }
}
