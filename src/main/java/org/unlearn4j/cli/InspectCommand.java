package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.UserException;

/** What is in a model folder, a safetensors file, an ONNX file or a run folder? */
final class InspectCommand implements Command {
  @Override
  public String name() {
    return "inspect";
  }

  @Override
  public String summary() {
    return "shows what is in a Hugging Face folder, a safetensors file, an ONNX file or a run";
  }

  @Override
  public List<String> arguments() {
    return List.of("PATH");
  }

  @Override
  public Options options() {
    return CommandOptions.of(CommandOptions.json());
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    inspect(Path.of(line.getArgList().get(0))).print(out, line.hasOption("json"));
    return ExitCode.DONE;
  }

  private static Tree inspect(Path path) {
    String name = path.toString();
    if (Files.isRegularFile(path.resolve("pipeline.yaml"))) {
      return Inspection.run(path);
    }
    if (Files.isRegularFile(path.resolve("config.json"))) {
      return Inspection.model(path);
    }
    if (Files.isRegularFile(path) && name.endsWith(".safetensors")) {
      return Inspection.safetensors(path);
    }
    if (Files.isRegularFile(path) && name.endsWith(".onnx")) {
      return Inspection.onnx(path);
    }
    String found =
        Files.isDirectory(path) ? "a folder without config.json and pipeline.yaml" : "another file";
    throw UserException.at(
        path,
        "",
        Files.exists(path) ? found : "nothing",
        "a Hugging Face folder, a .safetensors or .onnx file, or a run folder");
  }
}
