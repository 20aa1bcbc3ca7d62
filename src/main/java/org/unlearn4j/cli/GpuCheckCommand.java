package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.StopRequest;
import org.unlearn4j.base.UserException;
import org.unlearn4j.check.Allowance;
import org.unlearn4j.check.CheckOutcomes;
import org.unlearn4j.check.CheckVerdict;
import org.unlearn4j.check.ChildProcess;
import org.unlearn4j.check.GpuCheck;
import org.unlearn4j.train.BenchShape;

/** Everything a card can be asked, into one JSON. Exit 1 where a part failed. */
final class GpuCheckCommand implements Command {
  private static final String SHAPES = "5m,135m,1b";
  private static final int MOST_MINUTES = 1440;

  @Override
  public String name() {
    return "gpu-check";
  }

  @Override
  public String summary() {
    return "checks a device from a bundle: doctor, fixtures, a run on Fable and timings, as one"
        + " JSON";
  }

  /** It is asked to stop, not ended: what was found out is kept. */
  @Override
  public boolean resumes() {
    return true;
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required("home", "DIR", "the bundle (make gpu-bundle)"),
        CommandOptions.value("out", "FILE", "the JSON to write (gpu-check.json)"),
        CommandOptions.value("device", "NAME", "auto (default), cpu or gpu:N"),
        CommandOptions.value("parts", "REGEX", "parts whose names match, for instance fixtures"),
        CommandOptions.value(
            "shapes", "LIST", "shapes to time, of " + BenchShape.spellings() + " (" + SHAPES + ")"),
        CommandOptions.value("lora", "SHAPE", "timed through adapters, with --minutes (8b)"),
        CommandOptions.value(
            "minutes", "N", "the most valuable parts first, as many as fit, a line of JSON each"),
        CommandOptions.value("steps", "N", "steps of each timing, after those that warm up, 20"),
        CommandOptions.value("limit", "SECONDS", "ends a part that takes longer, 3600"),
        CommandOptions.set());
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path home = CommandOptions.path(line, "home").orElseThrow().toAbsolutePath();
    Path program = home.resolve("bin/unlearn4j");
    if (!Files.isExecutable(program)) {
      throw UserException.at(home, "", "no bin/unlearn4j", "a bundle (make gpu-bundle)");
    }
    Path target =
        CommandOptions.path(line, "out").orElse(Path.of("gpu-check.json")).toAbsolutePath();
    String device = CommandOptions.text(line, "device").orElse("auto");
    if (!device.matches("auto|cpu|gpu:[0-9]{1,3}")) {
      throw new UserException("--device: found " + device + ", expected auto, cpu or gpu:N.");
    }
    GpuCheck.Request request =
        new GpuCheck.Request(
            home,
            target,
            device,
            CommandOptions.matching(line, "parts"),
            BenchShape.list("--shapes", CommandOptions.text(line, "shapes").orElse(SHAPES)),
            BenchShape.of("--lora", CommandOptions.text(line, "lora").orElse("8b")),
            CommandOptions.integer(line, "steps", 1, 20),
            CommandOptions.sets(line));
    int limit = CommandOptions.integer(line, "limit", 1, 3600);
    BooleanSupplier stopped = () -> StopRequest.signal().isPresent();
    Allowance allowance = Allowance.of(seconds(line), stopped);
    ChildProcess programs = new ChildProcess(home, () -> allowance.limit(limit), stopped);
    CheckVerdict verdict = new GpuCheck(request, programs::run, allowance, out, System.err).run();
    if (!allowance.limited()) {
      CheckOutcomes.lines(target).forEach(out::println);
      out.println(target + ": " + verdict.spelling());
    }
    return verdict == CheckVerdict.FAIL ? ExitCode.GATE : ExitCode.DONE;
  }

  private static int seconds(CommandLine line) {
    if (!line.hasOption("minutes")) {
      return Allowance.UNLIMITED;
    }
    double minutes = CommandOptions.number(line, "minutes", 0);
    if (!(minutes >= 0.1 && minutes <= MOST_MINUTES)) {
      throw new UserException(
          "--minutes: found " + minutes + ", expected 0.1 to " + MOST_MINUTES + ".");
    }
    return (int) Math.round(60 * minutes);
  }
}
