package org.unlearn4j.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.run.BatchJson;
import org.unlearn4j.run.RuntimeModels;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;

/** Logits and features of given token ids, as JSON: what does the model see in this batch? */
final class ForwardCommand implements Command {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @Override
  public String name() {
    return "forward";
  }

  @Override
  public String summary() {
    return "prints logits and features of given token ids as JSON";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required(
            "model", "DIR", "a Hugging Face folder, or for onnx an ONNX folder"),
        CommandOptions.required("runtime", "NAME", "tf, onnx or onnx:VARIANT"),
        CommandOptions.device(),
        CommandOptions.required("input", "FILE", "JSON with input_ids, attention_mask, labels"),
        CommandOptions.value(
            "columns", "LIST", "only these vocabulary columns, for instance 1,5,7"),
        CommandOptions.flag("pool", "also hidden states averaged over labelled positions"),
        CommandOptions.value(
            "greedy", "N", "also continue each row by N tokens, each the most probable"),
        CommandOptions.value(
            "cached-from",
            "K",
            "compute the first K tokens apart, and the others from their cache"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Supplier<Device> device = CommandOptions.device(line);
    JsonInput input = BatchJson.read(CommandOptions.path(line, "input").orElseThrow());
    List<TokenRow> rows = BatchJson.rows(input);
    ObjectNode root = MAPPER.createObjectNode();
    try (LanguageModel model =
        RuntimeModels.open(
            CommandOptions.path(line, "model").orElseThrow(),
            CommandOptions.text(line, "runtime").orElseThrow(),
            () -> Computation.of(Precision.FP32, device.get()))) {
      LanguageModel.Shape shape = model.shape();
      BatchJson.requireFits(input, rows, shape.vocabSize(), shape.maxPositions());
      int[] columns = columns(CommandOptions.text(line, "columns"), shape.vocabSize());
      logits(
          root.putArray("logits"),
          model,
          rows,
          CommandOptions.integer(line, "cached-from", 0, 0),
          columns);
      if (line.hasOption("pool")) {
        features(root.putObject("hidden"), model.features(rows));
      }
      int greedy = CommandOptions.integer(line, "greedy", 0, 0);
      if (greedy > 0) {
        List<int[]> prompts = rows.stream().map(TokenRow::ids).toList();
        ArrayNode all = root.putArray("greedy");
        model
            .generate(prompts, greedy, Set.of())
            .forEach(c -> Arrays.stream(c).forEach(all.addArray()::add));
      }
    }
    out.println(root);
    return ExitCode.DONE;
  }

  private static void logits(
      ArrayNode to, LanguageModel model, List<TokenRow> rows, int cachedFrom, int[] columns) {
    float[][][] logits = model.logits(rows, cachedFrom);
    int width = rows.stream().mapToInt(TokenRow::length).max().orElseThrow();
    for (float[][] row : logits) {
      ArrayNode times = to.addArray();
      for (int t = 0; t < width; t++) {
        if (t >= row.length) {
          times.addNull();
        } else {
          ArrayNode vocab = times.addArray();
          for (int c : columns) {
            vocab.add(row[t][c]);
          }
        }
      }
    }
  }

  private static void features(ObjectNode to, float[][][] features) {
    for (int l = 0; l < features.length; l++) {
      String name =
          l == 0 ? "embeddings" : l == features.length - 1 ? "final_norm" : String.valueOf(l - 1);
      ArrayNode rows = to.putArray(name);
      for (float[] row : features[l]) {
        ArrayNode values = rows.addArray();
        for (float v : row) {
          values.add(v);
        }
      }
    }
  }

  private static int[] columns(Optional<String> list, int vocab) {
    if (list.isEmpty()) {
      return java.util.stream.IntStream.range(0, vocab).toArray();
    }
    return Arrays.stream(list.get().split(",", -1))
        .mapToInt(
            c -> {
              if (!c.matches("[0-9]{1,9}") || Integer.parseInt(c) >= vocab) {
                throw new UserException(
                    "--columns: found " + c + ", expected numbers from 0 to " + (vocab - 1) + ".");
              }
              return Integer.parseInt(c);
            })
        .toArray();
  }
}
