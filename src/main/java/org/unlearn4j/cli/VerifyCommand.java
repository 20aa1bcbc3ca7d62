package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.job.Chain;
import org.unlearn4j.job.Context;
import org.unlearn4j.job.Job;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.parity.Verdict;
import org.unlearn4j.run.BatchJson;
import org.unlearn4j.run.PairCheck;
import org.unlearn4j.run.RuntimeModels;
import org.unlearn4j.weights.Variant;

/**
 * Holds deployed files against trained weights, or any model against any other; the exit code is
 * the verdict.
 */
final class VerifyCommand implements Command {
  private static final String PIPELINE = "pipeline";
  private static final String MODEL = "model";
  private static final String ONNX = "onnx";
  private static final String OTHER = "other";
  private static final String DATA = "data";
  private static final String TOKENIZER = "tokenizer";
  private static final String LIMITS = "limits";
  private static final String OUT = "out";

  /** Long enough for generations to part, short enough for models without a cache. */
  private static final String ANSWERS = "evaluate.max_new_tokens=32";

  @Override
  public String name() {
    return "verify";
  }

  @Override
  public String summary() {
    return "compares an exported folder with the trained weights, or, without a pipeline, any two"
        + " models; exit code 1 if a gate fails";
  }

  @Override
  public boolean resumes() {
    return true;
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required(
            MODEL,
            "PATH",
            "the unlearned Hugging Face folder; without a pipeline the model that is taken to be"
                + " right, a Hugging Face folder, an ONNX folder or file"),
        CommandOptions.value(
            PIPELINE, "FILE", "the pipeline file; then every gate of a run is judged"),
        CommandOptions.set(),
        CommandOptions.value(
            ONNX, "PATH", "the exported folder; without a pipeline an ONNX folder or file"),
        CommandOptions.value(
            OTHER, "PATH", "without a pipeline, in place of --onnx: another model of any kind"),
        CommandOptions.value(
            DATA,
            "FILE",
            "without a pipeline: JSON Lines with question and answer or with text, or a .json file"
                + " of token ids as forward reads it"),
        CommandOptions.value(
            TOKENIZER,
            "DIR",
            "without a pipeline: folder with the tokenizer, if neither model has one"),
        CommandOptions.value(
            LIMITS,
            "FORMAT",
            "without a pipeline: fp32 (default), fp16, int8, ...: whose limits hold"),
        CommandOptions.value(
            OUT, "FILE", "the verdict to write, as JSON (required with a pipeline)"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    RuntimeModels.onlyMeasured();
    return line.hasOption(PIPELINE) ? ofRun(line, out) : ofPair(line, out);
  }

  private static int ofRun(CommandLine line, PrintStream out) {
    refuse(line, "with --pipeline", OTHER, DATA, TOKENIZER, LIMITS);
    require(line, "with --pipeline", ONNX, OUT);
    Pipeline pipeline = CommandOptions.readPipeline(line);
    Context context = Context.of(System.err);
    return ExitCode.of(
        Job.run(
            Chain.verdict(
                pipeline,
                CommandOptions.path(line, MODEL).orElseThrow(),
                CommandOptions.path(line, ONNX).orElseThrow(),
                CommandOptions.out(line),
                context),
            context,
            out));
  }

  private static int ofPair(CommandLine line, PrintStream out) {
    require(line, "without --pipeline", DATA);
    if (line.hasOption(ONNX) == line.hasOption(OTHER)) {
      throw new UserException(
          "unlearn4j verify: found "
              + (line.hasOption(ONNX) ? "both --onnx and --other" : "neither --onnx nor --other")
              + ", expected exactly one: the model to compare with --model.");
    }
    List<String> sets = new ArrayList<>(List.of(ANSWERS));
    sets.addAll(CommandOptions.sets(line));
    PairCheck check = new PairCheck(Pipeline.defaults("NPO", sets));
    PairCheck.Side reference =
        new PairCheck.Side(CommandOptions.path(line, MODEL).orElseThrow(), false);
    PairCheck.Side other =
        new PairCheck.Side(
            CommandOptions.path(line, ONNX)
                .or(() -> CommandOptions.path(line, OTHER))
                .orElseThrow(),
            line.hasOption(ONNX));
    Path data = CommandOptions.path(line, DATA).orElseThrow();
    PairCheck.Rows rows =
        data.toString().endsWith(".json")
            ? ids(check, data)
            : check.records(data, reference, other, CommandOptions.path(line, TOKENIZER));
    Verdict verdict = check.run(reference, other, rows, limits(line));
    Optional<Path> target = CommandOptions.path(line, OUT);
    target.ifPresent(verdict::write);
    for (ParityResult result : verdict.results()) {
      result.gates().stream().map(Gate::sentence).forEach(out::println);
    }
    out.println(target.map(t -> t + ": ").orElse("") + word(verdict));
    return ExitCode.of(verdict.pass());
  }

  private static PairCheck.Rows ids(PairCheck check, Path file) {
    JsonInput input = BatchJson.read(file);
    List<TokenRow> rows = BatchJson.rows(input);
    return shape -> {
      BatchJson.requireFits(input, rows, shape.vocabSize(), shape.maxPositions());
      return check.ids(rows, file);
    };
  }

  private static Variant limits(CommandLine line) {
    return Variant.named(CommandOptions.text(line, LIMITS).orElse(Variant.FP32.label()));
  }

  private static void require(CommandLine line, String when, String... names) {
    for (String name : names) {
      if (!line.hasOption(name)) {
        throw new UserException(
            "unlearn4j verify: found no --" + name + ", expected it " + when + " (see --help).");
      }
    }
  }

  private static void refuse(CommandLine line, String when, String... names) {
    for (String name : names) {
      if (line.hasOption(name)) {
        throw new UserException(
            "unlearn4j verify: found --" + name + " " + when + ", expected none (see --help).");
      }
    }
  }

  private static String word(Verdict verdict) {
    return verdict.pass() ? "pass" : "fail";
  }
}
