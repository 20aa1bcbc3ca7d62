package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.HostMemory;
import org.unlearn4j.base.Tree;
import org.unlearn4j.base.UserException;
import org.unlearn4j.inspect.Inspection;
import org.unlearn4j.run.DeployedRecord;

/** What is in a model folder, a safetensors file, an ONNX file or a run folder? */
final class InspectCommand implements Command {
  private static final double GIB = 1L << 30;

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
    return CommandOptions.of(
        CommandOptions.json(),
        CommandOptions.flag(
            "verify-hashes",
            "compare every file of a deployed folder with the record that verify wrote; exit code 1"
                + " if one differs, or no verdict is on one of its ONNX files"),
        CommandOptions.flag(
            "plan", "what it would take to unlearn the model of this config.json, weights or not"),
        CommandOptions.value(
            "memory", "GIB", "with --plan: memory of the device (what is free here)"),
        CommandOptions.value("rows", "N", "with --plan, forget rows of a micro-batch, 4"),
        CommandOptions.value("tokens", "N", "with --plan, tokens of a row, 256"),
        CommandOptions.value("devices", "N", "with --plan: devices that share the training, 1"),
        CommandOptions.set());
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path path = Path.of(line.getArgList().get(0));
    requireOfPlan(line);
    if (line.hasOption("verify-hashes")) {
      return verifyHashes(path, out, line.hasOption("json"));
    }
    if (line.hasOption("plan")) {
      plan(line, path).print(out, line.hasOption("json"));
      return ExitCode.DONE;
    }
    inspect(path).print(out, line.hasOption("json"));
    return ExitCode.DONE;
  }

  /** A plan's options without a plan would be dropped silently. */
  private static void requireOfPlan(CommandLine line) {
    boolean plan = line.hasOption("plan");
    List<String> lost =
        Stream.of("verify-hashes", "memory", "rows", "tokens", "devices", "set")
            .filter(option -> line.hasOption(option) && plan == option.equals("verify-hashes"))
            .map(option -> "--" + option)
            .toList();
    if (!lost.isEmpty()) {
      throw new UserException(
          "inspect: found "
              + String.join(", ", lost)
              + (plan ? " beside --plan, expected one of them." : ", expected --plan too."));
    }
  }

  private static Tree plan(CommandLine line, Path path) {
    double gib = CommandOptions.number(line, "memory", HostMemory.available() / GIB);
    if (!(gib > 0)) {
      throw new UserException("--memory: found " + gib + ", expected more than 0 GiB.");
    }
    return Inspection.plan(
        path,
        CommandOptions.integer(line, "rows", 1, 4),
        CommandOptions.integer(line, "tokens", 2, 256),
        (long) (gib * GIB),
        CommandOptions.integer(line, "devices", 1, 1),
        CommandOptions.sets(line));
  }

  private static int verifyHashes(Path folder, PrintStream out, boolean json) {
    if (!Files.isDirectory(folder)) {
      throw UserException.at(
          folder, "", Files.exists(folder) ? "a file" : "nothing", "a deployed folder");
    }
    DeployedRecord.Comparison c = DeployedRecord.compare(folder);
    if (json) {
      new Tree()
          .put("path", folder.toString())
          .put("as_recorded", c.differences().isEmpty())
          .put("files", c.files())
          .put("verdict", c.verdict())
          .put("judged", c.judged())
          .put("differences", c.differences())
          .print(out, true);
    } else {
      c.differences().forEach(out::println);
      out.printf(
          Locale.ROOT,
          "%s: %s of %d files; the verdict on %s was %s%n",
          folder,
          c.differences().isEmpty() ? "as recorded, all" : c.differences().size() + " differences,",
          c.files(),
          c.judged().isEmpty() ? "no file" : String.join(", ", c.judged().keySet()),
          c.verdict());
    }
    return c.differences().isEmpty() ? ExitCode.DONE : ExitCode.GATE;
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
