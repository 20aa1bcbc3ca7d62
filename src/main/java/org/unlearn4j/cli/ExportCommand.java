package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.base.UserException;
import org.unlearn4j.onnx.ExportOptions;
import org.unlearn4j.onnx.OnnxExporter;
import org.unlearn4j.weights.Variant;

/** Writes a deployable ONNX folder. */
final class ExportCommand implements Command {
  private static final long MEGABYTE = 1_000_000;

  @Override
  public String name() {
    return "export";
  }

  @Override
  public String summary() {
    return "writes a Hugging Face folder as a deployable ONNX folder";
  }

  @Override
  public boolean resumes() {
    return true;
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required("model", "DIR", "the Hugging Face folder"),
        CommandOptions.required("out", "DIR", "the ONNX folder to write"),
        CommandOptions.value(
            "variants",
            "LIST",
            "comma-separated, of " + String.join(", ", Variant.labels()) + "; fp32 is the default"),
        CommandOptions.value("opset", "N", "ONNX operator set, 23, or 17 for older runtimes"),
        CommandOptions.value(
            "before",
            "DIR",
            "the model before unlearning; counts how many codes unlearning did not change"),
        CommandOptions.value("data-file-mb", "N", "cut the weights into files of at most N MB"),
        CommandOptions.flag("quantize-embeddings", "with int4: the token table in int4 too"),
        CodeOptions.int4(),
        CodeOptions.int8(),
        CommandOptions.flag("hidden-states", "the residual stream as outputs too"),
        CommandOptions.value("logits", "all|last", "positions that logits are given of; all"),
        CommandOptions.value(
            "attention", "standard|grouped", "the operator that attends, as export.attention"));
  }

  /** Whether the second of two words is given; the first one is the default. */
  private static boolean second(CommandLine line, String name, String usual, String other) {
    String given = CommandOptions.text(line, name).orElse(usual);
    if (!List.of(usual, other).contains(given)) {
      throw new UserException(
          "--" + name + ": found " + given + ", expected " + usual + " or " + other + ".");
    }
    return given.equals(other);
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    List<Variant> variants =
        CodeOptions.variants(CommandOptions.text(line, "variants").orElse(Variant.FP32.label()));
    ExportOptions defaults = ExportOptions.of(variants.stream().map(Variant::label).toList());
    int megabytes = CommandOptions.integer(line, "data-file-mb", 1, 0);
    ExportOptions options =
        defaults
            .opset(CommandOptions.integer(line, "opset", 1, defaults.opset()))
            .quantizedEmbeddings(line.hasOption("quantize-embeddings"))
            .dataFileLimit(megabytes == 0 ? defaults.dataFileLimit() : megabytes * MEGABYTE)
            .before(CommandOptions.path(line, "before"))
            .choices(
                CodeOptions.of(line, variants)
                    .outputs(line.hasOption("hidden-states"), second(line, "logits", "all", "last"))
                    .attention(second(line, "attention", "standard", "grouped")));
    Path to = CommandOptions.path(line, "out").orElseThrow();
    Path from = CommandOptions.path(line, "model").orElseThrow();
    OnnxExporter.Exported exported;
    try (ProgressBar bar = ProgressBar.named("export")) {
      exported =
          OnnxExporter.export(from, to, options, (done, all) -> bar.update(done, all, "tensors"));
    }
    exported.notes().forEach(System.err::println);
    exported.models().forEach(m -> out.println(m));
    return ExitCode.DONE;
  }
}
