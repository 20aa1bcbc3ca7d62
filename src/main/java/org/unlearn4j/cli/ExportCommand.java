package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.onnx.ExportOptions;
import org.unlearn4j.onnx.OnnxExporter;

/** Writes a deployable ONNX folder. */
final class ExportCommand implements Command {
  private static final int OPSET = 23;

  @Override
  public String name() {
    return "export";
  }

  @Override
  public String summary() {
    return "writes a Hugging Face folder as a deployable ONNX folder";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required("model", "DIR", "the Hugging Face folder"),
        CommandOptions.required("out", "DIR", "the ONNX folder to write"),
        CommandOptions.value("variants", "LIST", "comma-separated; fp32 is the default"),
        CommandOptions.value("opset", "N", "ONNX operator set, 23"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    List<String> variants =
        List.of(CommandOptions.text(line, "variants").orElse("fp32").split(",", -1));
    ExportOptions options =
        new ExportOptions(
            variants,
            CommandOptions.integer(line, "opset", 1, OPSET),
            ExportOptions.defaults().inlineLimit());
    Path to = CommandOptions.path(line, "out").orElseThrow();
    OnnxExporter.Exported exported =
        OnnxExporter.export(CommandOptions.path(line, "model").orElseThrow(), to, options);
    exported.notes().forEach(System.err::println);
    exported.models().forEach(m -> out.println(m));
    return ExitCode.DONE;
  }
}
