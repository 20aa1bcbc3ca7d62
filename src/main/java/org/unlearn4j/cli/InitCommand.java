package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.HostMemory;
import org.unlearn4j.base.UserException;
import org.unlearn4j.init.FirstPipeline;
import org.unlearn4j.init.Room;
import org.unlearn4j.tf.Device;

/** Which pipeline fits this model, these rows and this machine? */
final class InitCommand implements Command {
  private static final double GIB = 1L << 30;
  private static final String STANDARD_OUTPUT = "-";
  private static final Path FILE = Path.of("mine.yaml");

  @Override
  public String name() {
    return "init";
  }

  @Override
  public String summary() {
    return "writes a first pipeline file for a model and rows of one's own, with a reason for each"
        + " value";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required("model", "DIR", "the Hugging Face folder that is to forget"),
        CommandOptions.required(
            "data",
            "PATH",
            "a folder with rows to forget and to keep, or the file to forget, with the others"
                + " beside it"),
        CommandOptions.value(
            "forget", "NAME", "the file or folder to forget (the one with forget in its name)"),
        CommandOptions.value(
            "retain", "NAME", "the file or folder to keep (the one with retain in its name)"),
        CommandOptions.value("reference", "DIR", "a retain-only model, if there is one"),
        CommandOptions.value("out", "FILE", "the file to write (mine.yaml); - prints it"),
        CommandOptions.flag("force", "replace the file if it is there"),
        CommandOptions.value(
            "memory", "GIB", "plan for this much memory (what is free on the device)"),
        CommandOptions.device());
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    String target = CommandOptions.text(line, "out").orElse(FILE.toString());
    boolean print = target.equals(STANDARD_OUTPUT);
    Path file = print ? FILE : Path.of(target);
    if (!print && Files.exists(file) && !(line.hasOption("force") && Files.isRegularFile(file))) {
      throw UserException.at(
          file,
          "",
          Files.isDirectory(file) ? "a folder" : "a file",
          Files.isDirectory(file) ? "a file to write" : "nothing there, or --force");
    }
    FirstPipeline first =
        FirstPipeline.of(
            new FirstPipeline.Given(
                CommandOptions.path(line, "model").orElseThrow(),
                CommandOptions.path(line, "reference"),
                CommandOptions.path(line, "data").orElseThrow(),
                CommandOptions.text(line, "forget"),
                CommandOptions.text(line, "retain"),
                file,
                CommandOptions.text(line, "device")),
            room(line));
    if (print) {
      out.print(first.text());
    } else {
      AtomicFiles.writeString(file, first.text());
      first.said().forEach(out::println);
      out.println(file);
    }
    return ExitCode.DONE;
  }

  /** Where memory is given, no device is asked. */
  private static Room room(CommandLine line) {
    Optional<String> memory = CommandOptions.text(line, "memory");
    Device device = memory.isPresent() ? Device.CPU : CommandOptions.device(line).get();
    long free = device.isGpu() ? device.memoryBytes() : HostMemory.available();
    double gib = CommandOptions.number(line, "memory", free / GIB);
    if (!(gib > 0)) {
      throw new UserException("--memory: found " + gib + ", expected more than 0 GiB.");
    }
    return new Room((long) (gib * GIB), device.isGpu());
  }
}
