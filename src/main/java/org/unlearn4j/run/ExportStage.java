package org.unlearn4j.run;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.onnx.ExportOptions;
import org.unlearn4j.onnx.OnnxExporter;
import org.unlearn4j.stage.Inputs;
import org.unlearn4j.train.ModelFolder;
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
        .forEach(
            v ->
                inputs
                    .listing("llama.export." + v.label())
                    .value("choices of " + v.label(), pipeline.export().choices().changes(v)));
    String whole = pipeline.export().choices().changes(Variant.FP32);
    if (variants.contains(Variant.FP32) && !whole.isEmpty()) {
      inputs.value("choices of fp32", whole);
    }
    pipeline.model().path().ifPresent(p -> inputs.model("before", p));
    if (pipeline.export().separate()) {
      inputs
          .settings("export.adapter")
          .listing("llama." + GraphListings.EXPORT_ADAPTER)
          .adapter(model.resolve(ModelFolder.ADAPTER_FOLDER));
    }
    return inputs.build();
  }

  /**
   * Writes a deployable folder in the pipeline's operator set, and counts the codes that are those
   * of the model before unlearning. Where adapters are to stay apart, the folder has that model and
   * what was learned beside it.
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
            .choices(pipeline.export().choices());
    return pipeline.export().separate()
        ? write(
            AdapterFiles.base(pipeline),
            out,
            options.adapter(
                Optional.of(AdapterFiles.separate(model, AdapterFiles.learned(pipeline, model)))))
        : write(model, out, options.before(pipeline.model().path()));
  }

  private List<Path> write(Path from, Path out, ExportOptions options) {
    try (ProgressBar bar = ProgressBar.named("export")) {
      OnnxExporter.Exported exported =
          OnnxExporter.export(from, out, options, (done, all) -> bar.update(done, all, "tensors"));
      exported.notes().forEach(log::println);
      return exported.models();
    }
  }
}
