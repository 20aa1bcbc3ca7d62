package org.unlearn4j.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.Processor;
import org.unlearn4j.base.Tree;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.report.LinePlot;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.train.BenchHistory;
import org.unlearn4j.train.BenchShape;
import org.unlearn4j.train.GpuMemory;
import org.unlearn4j.train.StepBenchmark;
import org.unlearn4j.train.StepGrowth;
import org.unlearn4j.unlearn.Adaptations;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.weights.DType;

/** Times real training steps of a random model. */
final class BenchCommand implements Command {
  @Override
  public String name() {
    return "bench";
  }

  @Override
  public String summary() {
    return "times training steps of a random model of a given shape";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.value(
            "shape",
            "NAME",
            BenchShape.spellings() + " (5m): what is not given below is this shape's"),
        CommandOptions.value("hidden", "N", "width of the residual stream"),
        CommandOptions.value("layers", "N", "blocks"),
        CommandOptions.value("heads", "N", "query heads"),
        CommandOptions.value("kv-heads", "N", "key/value heads"),
        CommandOptions.value("ffn", "N", "width of the MLP"),
        CommandOptions.value("vocab", "N", "vocabulary"),
        CommandOptions.value("rows", "N", "forget rows a step, and as many retain rows"),
        CommandOptions.value("tokens", "N", "tokens a row"),
        CommandOptions.value("labelled", "SHARE", "share of the tokens that are labelled, 1"),
        CommandOptions.value("objective", "NAME", "for instance NPO, the default"),
        CommandOptions.flag("clreg", "with the contrastive regulariser at its defaults"),
        CommandOptions.set(),
        CommandOptions.device(),
        CommandOptions.value("precision", "P", "fp32 (default), tf32 or bf16"),
        CommandOptions.value(
            "stored", "FORMAT", "of the weights beside adapters: fp32 (default), fp16 or bf16"),
        CommandOptions.value("steps", "N", "steps to time, after those that warm up, 20"),
        CommandOptions.flag("memory", "only measure a step's memory, against the plan"),
        CommandOptions.flag("trace", "only list where a step's time goes, by kind of operation"),
        CommandOptions.value(
            "growth",
            "DIR",
            "only show how time and memory grow as sizes are doubled, with two pictures there"),
        CommandOptions.value(
            "history", "FILE", "add what is measured to this file, a line of JSON a measurement"),
        CommandOptions.value("trend", "FILE", "only show how such a file's measurements changed"),
        CommandOptions.json());
  }

  /** What it does besides timing, or in its place: one at a time. */
  private static final List<String> ALONE =
      List.of("growth", "history", "memory", "trace", "trend");

  private static void requireOne(CommandLine line) {
    List<String> given =
        ALONE.stream().filter(line::hasOption).map(option -> "--" + option).toList();
    if (given.size() > 1) {
      throw new UserException(
          "bench: found "
              + String.join(" and ", given)
              + ", expected one of --"
              + String.join(", --", ALONE)
              + ".");
    }
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    requireOne(line);
    Optional<Path> trend = CommandOptions.path(line, "trend");
    if (trend.isPresent()) {
      trends(new BenchHistory(trend.get())).print(out, line.hasOption("json"));
      return ExitCode.DONE;
    }
    OptionalLong before = GpuMemory.usedMb(); // no CUDA context is there yet: it counts too
    BenchShape.Numbers shape =
        BenchShape.of("--shape", CommandOptions.text(line, "shape").orElse("5m")).numbers();
    int tokens = CommandOptions.integer(line, "tokens", 2, shape.tokens());
    int rows = CommandOptions.integer(line, "rows", 1, shape.rows());
    ModelConfig config = config(line, shape, tokens);
    List<String> sets = new ArrayList<>(CommandOptions.sets(line));
    if (line.hasOption("clreg")) {
      sets.add("unlearn.clreg.weight=0.1");
    }
    UnlearnSettings unlearn = CommandOptions.objective(line, sets).unlearn();
    Decoder decoder = Decoder.of(config);
    String stored = CommandOptions.text(line, "stored").orElse("fp32");
    DType format = stored(stored);
    Objective objective = objective(unlearn, decoder, format);
    double labelled = CommandOptions.number(line, "labelled", 1);
    if (!(labelled > 0 && labelled <= 1)) {
      throw new UserException(
          "--labelled: found " + labelled + ", expected more than 0 and at most 1.");
    }
    StepBenchmark.Work work =
        new StepBenchmark.Work(
            config,
            objective,
            new Computation(
                precision(CommandOptions.text(line, "precision").orElse("fp32")),
                CommandOptions.device(line).get(),
                unlearn.loop().recompute()),
            rows,
            tokens,
            labelled,
            CommandOptions.integer(line, "steps", 1, 20),
            unlearn.loop().optimizer());
    CommandOptions.path(line, "history").map(BenchHistory::new).ifPresent(BenchHistory::requireOwn);
    Optional<Path> growth = CommandOptions.path(line, "growth");
    if (growth.isPresent()) {
      Growth.requireFolder(growth.get());
      Growth.write(
              StepGrowth.of(
                  work, c -> objective(unlearn, Decoder.of(c), format), StepBenchmark::cost),
              growth.get())
          .print(out, line.hasOption("json"));
      return ExitCode.DONE;
    }
    if (line.hasOption("memory")) {
      memory(StepBenchmark.memory(work)).print(out, line.hasOption("json"));
      return ExitCode.DONE;
    }
    if (line.hasOption("trace")) {
      Tree times = new Tree().put("unit", "ms of all processors");
      StepBenchmark.trace(work)
          .forEach(o -> times.put(o.type() + " x " + o.count(), rounded(o.ms(), 100)));
      times.print(out, line.hasOption("json"));
      return ExitCode.DONE;
    }
    StepBenchmark.Measured m = StepBenchmark.run(work);
    Tree measured = new Tree();
    measured
        .put("first_step_s", rounded(m.firstStepSeconds(), 10))
        .put("signatures", m.signatures())
        .put("step_ms", rounded(m.stepMs(), 10))
        .put("fastest_ms", rounded(m.fastestMs(), 10))
        .put("slowest_ms", rounded(m.slowestMs(), 10))
        .put("processor_ms", rounded(m.processorMs(), 10))
        .put("tokens_per_second", rounded(m.tokensPerSecond(), 1))
        .put("peak_rss_mb", rounded(m.peakRssMb(), 1))
        .put("gemm_gflops", rounded(m.gemmGflops(), 10))
        .put("utilisation", rounded(m.utilisation(), 1000))
        .put("device_memory_mb", grown(before, m.cardsUsedMb()))
        .put("parameters", m.parameters())
        .put("shape", shape(config))
        .put("rows", rows)
        .put("tokens", tokens)
        .put("labelled", labelled)
        .put("objective", objective.name() + (line.hasOption("clreg") ? "+CLReg" : ""))
        .put("precision", work.computation().precision().name())
        .put("device", work.computation().device().setting())
        .put("recompute", work.computation().recompute())
        .put("stored", stored)
        .put("adapter", unlearn.loop().adapter().map(a -> "rank " + a.rank()).orElse("none"))
        .put("optimizer", unlearn.loop().optimizer().form().spelling())
        .put("sets", sets.stream().sorted().collect(Collectors.joining(" ")))
        .put("threads", Runtime.getRuntime().availableProcessors())
        .put("final_loss", m.lastTotal());
    measured.print(out, line.hasOption("json"));
    CommandOptions.path(line, "history")
        .ifPresent(
            file -> {
              ObjectNode json = new ObjectMapper().valueToTree(measured.entries());
              new BenchHistory(file).append(json, Processor.own().name());
            });
    return ExitCode.DONE;
  }

  private static Objective objective(UnlearnSettings unlearn, Decoder decoder, DType stored) {
    return Objectives.forTraining(unlearn, decoder, Adaptations.stored(decoder, stored));
  }

  /** The widths: models of equal parameters may have different ones. */
  private static String shape(ModelConfig c) {
    return String.format(
        Locale.ROOT,
        "hidden %d layers %d heads %d/%d ffn %d vocab %d",
        c.hiddenSize(),
        c.layers(),
        c.heads(),
        c.kvHeads(),
        c.intermediateSize(),
        c.vocabSize());
  }

  private static Tree trends(BenchHistory history) {
    Tree tree = new Tree();
    for (BenchHistory.Trend t : history.trends()) {
      tree.put(
          t.what(),
          new Tree()
              .put("measurements", t.count())
              .put("first_ms", rounded(t.first(), 10))
              .put("median_before_ms", rounded(t.before(), 10))
              .put("last_ms", rounded(t.last(), 10))
              .put("last_to_median", rounded(t.ratio(), 1000)));
    }
    return tree;
  }

  private static Tree memory(StepBenchmark.Memory m) {
    double mib = 1 << 20;
    long step = m.planned().step();
    return new Tree()
        .put("unit", "MiB")
        .put("variables", rounded((m.planned().total() - step) / mib, 1))
        .put("step_planned", rounded(step / mib, 10))
        .put("step_measured", rounded(m.measuredStep() / mib, 10))
        .put("planned_to_measured", rounded((double) step / m.measuredStep(), 1000));
  }

  private static OptionalLong grown(OptionalLong before, OptionalLong after) {
    return before.isPresent() && after.isPresent()
        ? OptionalLong.of(after.getAsLong() - before.getAsLong())
        : OptionalLong.empty();
  }

  private static double rounded(double value, double by) {
    return Math.round(value * by) / by;
  }

  private static DType stored(String name) {
    return switch (name) {
      case "fp32" -> DType.F32;
      case "fp16" -> DType.F16;
      case "bf16" -> DType.BF16;
      default ->
          throw new UserException("--stored: found " + name + ", expected fp32, fp16 or bf16.");
    };
  }

  static Precision precision(String name) {
    return switch (name) {
      case "fp32" -> Precision.FP32;
      case "tf32" -> Precision.TF32;
      case "bf16" -> Precision.BF16;
      default ->
          throw new UserException("--precision: found " + name + ", expected fp32, tf32 or bf16.");
    };
  }

  private static ModelConfig config(CommandLine line, BenchShape.Numbers shape, int tokens) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    int heads = CommandOptions.integer(line, "heads", 1, shape.heads());
    int keyValueHeads = line.hasOption("heads") ? heads : shape.kvHeads();
    json.put("model_type", "llama")
        .put("hidden_size", CommandOptions.integer(line, "hidden", 1, shape.hidden()))
        .put("num_hidden_layers", CommandOptions.integer(line, "layers", 1, shape.layers()))
        .put("num_attention_heads", heads)
        .put("num_key_value_heads", CommandOptions.integer(line, "kv-heads", 1, keyValueHeads))
        .put("intermediate_size", CommandOptions.integer(line, "ffn", 1, shape.ffn()))
        .put("vocab_size", CommandOptions.integer(line, "vocab", 2, shape.vocab()))
        .put("max_position_embeddings", tokens)
        .put("rms_norm_eps", 1e-5)
        .put("tie_word_embeddings", true);
    return ModelConfig.of(json);
  }

  /** Shows how a step's cost grows: numbers, and two pictures with logarithmic axes. */
  static final class Growth {
    private static final double MIB = 1 << 20;

    private Growth() {}

    /** To be asked before minutes of measuring, not after them. */
    static void requireFolder(Path folder) {
      if (Files.exists(folder) && !Files.isDirectory(folder)) {
        throw UserException.at(folder, "", "a file", "a folder for pictures, or nothing");
      }
    }

    /**
     * Writes {@code growth-time.svg} and {@code growth-memory.svg}.
     *
     * @return the numbers
     */
    static Tree write(List<StepGrowth.Curve> curves, Path folder) {
      AtomicFiles.writeString(
          folder.resolve("growth-time.svg"), plot("time", curves, StepGrowth.Curve::timeDoublings));
      AtomicFiles.writeString(
          folder.resolve("growth-memory.svg"),
          plot("memory", curves, StepGrowth.Curve::memoryDoublings));
      Tree all = new Tree();
      for (StepGrowth.Curve c : curves) {
        all.put(
            c.axis().words(),
            new Tree()
                .put("from", c.first())
                .put("ms", c.costs().stream().map(x -> rounded(x.ms(), 10)).toList())
                .put("mib", c.costs().stream().map(x -> rounded(x.bytes() / MIB, 10)).toList())
                .put("time_power", rounded(c.timePower(), 100))
                .put("memory_power", rounded(c.memoryPower(), 100)));
      }
      return all;
    }

    private interface Doublings {
      List<Double> of(StepGrowth.Curve curve);
    }

    private static String plot(String what, List<StepGrowth.Curve> curves, Doublings doublings) {
      LinePlot.Frame frame =
          new LinePlot.Frame(
              "How the " + what + " of a training step grows with its sizes, on logarithmic axes.",
              "doublings of a size",
              "doublings of the " + what);
      List<LinePlot.Line> lines =
          curves.stream()
              .map(c -> new LinePlot.Line(c.axis().words(), 0, doublings.of(c)))
              .toList();
      return LinePlot.svg(frame, lines, List.of());
    }
  }
}
