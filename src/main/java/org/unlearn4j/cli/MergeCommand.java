package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.UserException;
import org.unlearn4j.run.MergeStage;

/** Adds adapters to the weights of a model. */
final class MergeCommand implements Command {
  private static final String FORM = "form";
  private static final String WEIGHTS = "weights";
  private static final String ONNX_ADAPTER = "onnx_adapter";

  @Override
  public String name() {
    return "merge";
  }

  @Override
  public String summary() {
    return "adds low-rank adapters (PEFT folders) to the weights of their model, or joins them";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required("model", "DIR", "the Hugging Face folder that was adapted"),
        CommandOptions.required(
            "adapter", "DIR", "a folder with adapter_config.json; repeatable, all are added"),
        CommandOptions.value(
            "weight", "X", "how much of an adapter is added (1); repeatable, in their order"),
        CommandOptions.value(
            FORM,
            "NAME",
            "weights (the default): a Hugging Face folder; onnx_adapter: a file of ONNX Runtime's"),
        CommandOptions.required("out", "PATH", "the folder or the .onnx_adapter file to write"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path to = CommandOptions.path(line, "out").orElseThrow();
    List<String> adapters = CommandOptions.texts(line, "adapter");
    List<Double> weights = CommandOptions.numbers(line, "weight");
    if (!weights.isEmpty() && weights.size() != adapters.size()) {
      throw new UserException(
          "--weight: found "
              + weights.size()
              + " of them, expected one for each --adapter ("
              + adapters.size()
              + "), or none.");
    }
    List<MergeStage.Part> parts = new ArrayList<>();
    for (int i = 0; i < adapters.size(); i++) {
      parts.add(
          new MergeStage.Part(Path.of(adapters.get(i)), weights.isEmpty() ? 1 : weights.get(i)));
    }
    Path model = CommandOptions.path(line, "model").orElseThrow();
    String form = line.getOptionValue(FORM, WEIGHTS);
    switch (form) {
      case WEIGHTS -> MergeStage.run(model, parts, to, System.err);
      case ONNX_ADAPTER -> MergeStage.adapter(model, parts, to, System.err);
      default ->
          throw new UserException(
              "--form: found " + form + ", expected " + WEIGHTS + " or " + ONNX_ADAPTER + ".");
    }
    out.println(to);
    return ExitCode.DONE;
  }
}
