package org.unlearn4j.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.Nearest;
import org.unlearn4j.base.Shard;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.ObjectiveName;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.run.SettledPrecision;
import org.unlearn4j.tf.Device;

/** How commands declare their options and read the values. All options are long ones. */
public final class CommandOptions {
  private CommandOptions() {}

  public static Options of(Option... options) {
    Options all = new Options();
    for (Option option : options) {
      all.addOption(option);
    }
    return all;
  }

  /** An option that takes no value. */
  public static Option flag(String name, String doc) {
    return Option.builder().longOpt(name).desc(doc).get();
  }

  /** An option that takes a value, which help shows as {@code argument}. */
  public static Option value(String name, String argument, String doc) {
    return Option.builder().longOpt(name).hasArg().argName(argument).desc(doc).get();
  }

  /** An option that takes a value and must be given. */
  public static Option required(String name, String argument, String doc) {
    return Option.builder().longOpt(name).hasArg().argName(argument).desc(doc).required().get();
  }

  public static Option json() {
    return flag("json", "print JSON");
  }

  public static Option pipeline() {
    return required("pipeline", "FILE", "the pipeline file (see docs/reference/pipelines.md)");
  }

  /** Where TensorFlow computes, for commands without a pipeline. */
  public static Option device() {
    return value("device", "NAME", "where TensorFlow computes: auto (default), cpu or gpu:N");
  }

  /**
   * The device that {@link #device()} asks for; whether it is there is known once it is asked for,
   * because that loads TensorFlow.
   *
   * @return throws {@link org.unlearn4j.base.NoGpuException} if there is no such GPU
   * @throws UserException if it is no such name
   */
  public static Supplier<Device> device(CommandLine line) {
    String name = text(line, "device").orElse("auto");
    if (!name.matches("auto|cpu|gpu:[0-9]{1,3}")) {
      throw new UserException("--device: found " + name + ", expected auto, cpu or gpu:N.");
    }
    return () -> Device.named("--device", name);
  }

  /** May be given any number of times. */
  public static Option set() {
    return value(
        "set",
        "KEY=VALUE",
        "override one entry of the pipeline, for instance unlearn.epochs=3; repeatable");
  }

  /** The pipeline that {@link #pipeline()} and {@link #set()} ask for. */
  public static Pipeline readPipeline(CommandLine line) {
    return Pipeline.read(path(line, "pipeline").orElseThrow(), sets(line));
  }

  /**
   * The same with a settled precision.
   *
   * @param out what is written, beside which a choice is kept
   */
  static Pipeline settledPipeline(CommandLine line, Path out) {
    return new SettledPrecision(System.err)
        .of(readPipeline(line), out.toAbsolutePath().normalize().getParent());
  }

  /**
   * The file or folder that {@code --out} asks for.
   *
   * @throws UserException if it is the pipeline file itself
   */
  static Path out(CommandLine line) {
    Path out = path(line, "out").orElseThrow();
    Optional<Path> pipeline = path(line, "pipeline");
    if (pipeline.isPresent() && AtomicFiles.holds(pipeline.get(), out)) {
      throw UserException.at(out, "", "the pipeline file", "another file to write to");
    }
    return out;
  }

  /**
   * The defaults of the objective that {@code --objective} names, NPO where it is not given.
   *
   * @param sets overrides
   * @throws UserException if there is no such objective, or an override is at fault
   */
  static Pipeline objective(CommandLine line, List<String> sets) {
    String name = text(line, "objective").orElse(ObjectiveName.NPO.spelling());
    List<String> known =
        Arrays.stream(ObjectiveName.values()).map(ObjectiveName::spelling).toList();
    if (!known.contains(name)) {
      throw new UserException(
          "--objective: found "
              + name
              + ", expected one of "
              + String.join(", ", known)
              + Nearest.hint(name, known)
              + ".");
    }
    Pipeline pipeline = Pipeline.defaults(name, sets);
    double share = pipeline.unlearn().salientShare();
    if (share < 1) {
      throw new UserException(
          "--set unlearn.salient_share: found "
              + share
              + ", expected 1 (this command has no forget set to search for salient modules in).");
    }
    int retainRows = pipeline.unlearn().retainRows();
    if (retainRows > 1) {
      throw new UserException(
          "--set unlearn.retain_rows: found "
              + retainRows
              + ", expected 1 (this command's steps have as many rows of each kind).");
    }
    return pipeline;
  }

  /** Every {@code --set}, in order. */
  public static List<String> sets(CommandLine line) {
    return texts(line, "set");
  }

  /** Every value of an option that may be given several times, in order. */
  public static List<String> texts(CommandLine line, String name) {
    String[] values = line.getOptionValues(name);
    return values == null ? List.of() : List.of(values);
  }

  public static Optional<String> text(CommandLine line, String name) {
    return Optional.ofNullable(line.getOptionValue(name));
  }

  /**
   * Names in which the regular expression of an option is found; all of them where it is not given.
   *
   * @throws UserException if it is none
   */
  static Predicate<String> matching(CommandLine line, String name) {
    String regex = text(line, name).orElse("");
    try {
      return Pattern.compile(regex).asPredicate();
    } catch (PatternSyntaxException e) {
      throw new UserException(
          "--" + name + ": found " + regex + ", expected a regular expression.", e);
    }
  }

  public static Optional<Path> path(CommandLine line, String name) {
    return text(line, name).map(Path::of);
  }

  /**
   * The part of the work that {@code --shard} asks for.
   *
   * @throws UserException if it is none
   */
  static Optional<Shard> shard(CommandLine line) {
    return text(line, "shard").map(text -> Shard.parse("--shard", text));
  }

  /**
   * An integer option, or {@code otherwise} where it is not given.
   *
   * @throws UserException if it is no integer of at least {@code least}
   */
  public static int integer(CommandLine line, String name, int least, int otherwise) {
    Optional<String> given = text(line, name);
    if (given.isEmpty()) {
      return otherwise;
    }
    return given
        .filter(s -> s.matches("-?[0-9]{1,9}"))
        .map(Integer::valueOf)
        .filter(i -> i >= least)
        .orElseThrow(
            () ->
                new UserException(
                    "--"
                        + name
                        + ": found "
                        + given.get()
                        + ", expected an integer of at least "
                        + least
                        + "."));
  }

  /**
   * A number option, or {@code otherwise} where it is not given.
   *
   * @throws UserException if it is no finite number
   */
  public static double number(CommandLine line, String name, double otherwise) {
    return text(line, name).map(given -> number(name, given)).orElse(otherwise);
  }

  /** Every value of a number option that may be given several times, in order. */
  static List<Double> numbers(CommandLine line, String name) {
    return texts(line, name).stream().map(given -> number(name, given)).toList();
  }

  private static double number(String name, String given) {
    return Optional.of(given)
        .filter(s -> s.matches("[-+]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][-+]?[0-9]{1,3})?"))
        .map(Double::valueOf)
        .filter(Double::isFinite)
        .orElseThrow(
            () -> new UserException("--" + name + ": found " + given + ", expected a number."));
  }
}
