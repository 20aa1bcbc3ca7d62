package org.unlearn4j.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.Tree;
import org.unlearn4j.base.UserException;
import org.unlearn4j.check.FixtureChecks;
import org.unlearn4j.check.FixtureComparison;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Precision;

/** Does the device compute what it should? Exit 1 where a number is off. */
final class CheckCommand implements Command {
  @Override
  public String name() {
    return "check";
  }

  @Override
  public String summary() {
    return "compares logits, losses and gradients on a device with float64 reference numbers";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required(
            "fixtures", "DIR", "a folder of fixtures (src/test/resources/fixtures)"),
        CommandOptions.value("only", "REGEX", "fixtures whose names match"),
        CommandOptions.value("methods", "REGEX", "losses and CLReg cases whose names match"),
        CommandOptions.value("precision", "P", "fp32 (default), tf32 or bf16"),
        CommandOptions.device(),
        CommandOptions.json());
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path root = CommandOptions.path(line, "fixtures").orElseThrow();
    Precision precision =
        BenchCommand.precision(CommandOptions.text(line, "precision").orElse("fp32"));
    Predicate<String> only = CommandOptions.matching(line, "only");
    Predicate<String> methods = CommandOptions.matching(line, "methods");
    Computation computation = Computation.of(precision, CommandOptions.device(line).get());
    Map<String, FixtureComparison> found = new LinkedHashMap<>();
    for (Path folder : fixtures(root)) {
      String name = String.valueOf(folder.getFileName());
      if (!only.test(name)) {
        continue;
      }
      FixtureChecks checks = new FixtureChecks(folder, computation);
      found.put(name, checks.forward());
      if (checks.hasLosses()) {
        found.put(name + ", losses", checks.losses(methods));
        found.put(name + ", CLReg", checks.clReg(methods));
      }
    }
    found.values().removeIf(c -> c.worst().isEmpty());
    if (found.isEmpty()) {
      throw UserException.at(root, "", "no such fixtures", "folders with expected.json");
    }
    boolean pass = found.values().stream().allMatch(FixtureComparison::holds);
    Tree tree =
        new Tree().put("verdict", pass ? "pass" : "fail").put("precision", precision.name());
    tree.put("device", computation.device().setting());
    List<Map<String, Object>> rows = new ArrayList<>();
    found.forEach((name, c) -> c.worst().forEach((kind, w) -> rows.add(row(name, kind, w))));
    tree.put("checks", rows).print(out, line.hasOption("json"));
    return pass ? ExitCode.DONE : ExitCode.GATE;
  }

  private static Map<String, Object> row(String name, String kind, FixtureComparison.Worst worst) {
    return new Tree()
        .put("outcome", worst.holds() ? "pass" : "fail")
        .put("fixture", name)
        .put("what", kind)
        .put("worst", worst.difference())
        .put("allowed", worst.allowed())
        .put("where", worst.where())
        .entries();
  }

  private static List<Path> fixtures(Path root) {
    if (!Files.isDirectory(root)) {
      throw UserException.at(root, "", "no such folder", "a folder of fixtures");
    }
    try (Stream<Path> folders = Files.list(root)) {
      return folders.filter(f -> Files.isRegularFile(f.resolve("expected.json"))).sorted().toList();
    } catch (IOException e) {
      throw new MachineException(root + ": could not be listed (" + e + ").", e);
    }
  }
}
