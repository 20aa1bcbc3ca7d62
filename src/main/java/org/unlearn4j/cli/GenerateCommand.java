package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.UserException;
import org.unlearn4j.data.PromptFile;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.Sampling;
import org.unlearn4j.run.RuntimeModels;
import org.unlearn4j.text.ChatPrompt;
import org.unlearn4j.text.Prompting;
import org.unlearn4j.text.Tokenizer;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;

/** Text from prompts, streamed: greedy, or drawn from a seed. */
final class GenerateCommand implements Command {
  private static final int DEFAULT_TOKENS = 64;
  private static final int DEFAULT_BATCH = 8;

  @Override
  public String name() {
    return "generate";
  }

  @Override
  public String summary() {
    return "continues prompts, by the most probable token or by drawing from a seed";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required(
            "model", "DIR", "a Hugging Face folder, or for onnx an ONNX folder"),
        CommandOptions.value("runtime", "NAME", "tf (default), onnx or onnx:VARIANT"),
        CommandOptions.device(),
        CommandOptions.value("prompt", "TEXT", "what to continue; repeatable"),
        CommandOptions.value(
            "prompts", "FILE", "prompts, one a line, or in a .jsonl file under \"prompt\""),
        CommandOptions.value(
            "template", "NAME", "put prompts into this template, for instance default or chat"),
        CommandOptions.value(
            "tokenizer", "DIR", "folder with the tokenizer, if the model's has none"),
        CommandOptions.value("max-new-tokens", "N", DEFAULT_TOKENS + " by default"),
        CommandOptions.value(
            "stop", "TEXT", "ends a continuation and is no part of it; repeatable"),
        CommandOptions.value(
            "temperature", "T", "0 (default): the most probable token; above: tokens are drawn"),
        CommandOptions.value(
            "top-p", "P", "drawn from the fewest tokens of this probability, 1 by default"),
        CommandOptions.value("seed", "N", "seed of the draws, 0 by default"),
        CommandOptions.value(
            "batch-size", "N", "prompts at a time, " + DEFAULT_BATCH + " by default"),
        CommandOptions.flag("json", "print a line of JSON a prompt"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Supplier<Device> device = CommandOptions.device(line);
    Path folder = CommandOptions.path(line, "model").orElseThrow();
    List<String> texts = texts(line);
    Optional<String> template = CommandOptions.text(line, "template");
    int most = CommandOptions.integer(line, "max-new-tokens", 1, DEFAULT_TOKENS);
    int batch = CommandOptions.integer(line, "batch-size", 1, DEFAULT_BATCH);
    Sampling sampling = sampling(line);
    List<String> stopWords = stopWords(line);
    Path tokenizerFolder =
        CommandOptions.path(line, "tokenizer").orElseGet(() -> tokenizerFolder(folder));
    try (Tokenizer tokenizer = Tokenizer.open(tokenizerFolder);
        LanguageModel model =
            RuntimeModels.open(
                folder,
                CommandOptions.text(line, "runtime").orElse("tf"),
                () -> Computation.of(Precision.FP32, device.get()))) {
      Optional<Prompting> asked =
          template.map(t -> Prompting.of(t, tokenizer, ChatPrompt.Settings.NONE));
      Generation how = new Generation(most, stopIds(tokenizer, asked), sampling, 0);
      List<int[]> prompts = texts.stream().map(t -> ids(tokenizer, asked, t)).toList();
      Continuations.Form form =
          line.hasOption("json")
              ? Continuations.Form.JSON
              : texts.size() == 1 ? Continuations.Form.TEXT : Continuations.Form.NUMBERED;
      for (int from = 0; from < prompts.size(); from += batch) {
        int to = Math.min(prompts.size(), from + batch);
        Continuations continuations =
            new Continuations(
                texts.subList(from, to),
                from,
                ids -> tokenizer.decode(ids, true),
                stopWords,
                form,
                out);
        model.generate(prompts.subList(from, to), how.from(from), continuations);
        continuations.end();
      }
    }
    return ExitCode.DONE;
  }

  private static List<String> texts(CommandLine line) {
    List<String> texts = new ArrayList<>(CommandOptions.texts(line, "prompt"));
    CommandOptions.path(line, "prompts").ifPresent(file -> texts.addAll(PromptFile.read(file)));
    if (texts.isEmpty()) {
      throw new UserException(
          "unlearn4j generate: found neither --prompt nor --prompts, expected one of them.");
    }
    return texts;
  }

  private static Sampling sampling(CommandLine line) {
    double temperature = CommandOptions.number(line, "temperature", 0);
    if (temperature < 0) {
      throw new UserException(
          "--temperature: found " + temperature + ", expected 0 (greedy) or more.");
    }
    for (String drawn : List.of("top-p", "seed")) {
      if (temperature == 0 && line.hasOption(drawn)) {
        throw new UserException(
            "--"
                + drawn
                + ": found no --temperature above 0, expected one, because greedy decoding draws nothing.");
      }
    }
    double topP = CommandOptions.number(line, "top-p", 1);
    if (!(topP > 0 && topP <= 1)) {
      throw new UserException("--top-p: found " + topP + ", expected more than 0 and at most 1.");
    }
    return new Sampling(temperature, topP, CommandOptions.integer(line, "seed", 0, 0));
  }

  private static List<String> stopWords(CommandLine line) {
    List<String> words = CommandOptions.texts(line, "stop");
    if (words.contains("")) {
      throw new UserException("--stop: found an empty text, expected what ends a continuation.");
    }
    return words;
  }

  /** Of an ONNX file: where it lies, or the folder above, as in a deployable folder. */
  private static Path tokenizerFolder(Path model) {
    Path folder = Files.isDirectory(model) ? model : model.toAbsolutePath().getParent();
    boolean above =
        !Files.isRegularFile(folder.resolve("tokenizer.json"))
            && !Files.isDirectory(model)
            && folder.getParent() != null;
    return above ? folder.getParent() : folder;
  }

  /**
   * What generation begins with in evaluation too: the tokens in front of a text, but none behind
   * it, where a tokenizer may put one that ends the text.
   */
  private static int[] ids(Tokenizer tokenizer, Optional<Prompting> template, String text) {
    String prompt = template.map(t -> t.prompt(text)).orElse(text);
    boolean begun = template.map(Prompting::beginsItself).orElse(false);
    int[] ids =
        IntStream.concat(
                Arrays.stream(begun ? new int[0] : tokenizer.leadingIds()),
                Arrays.stream(tokenizer.encode(prompt, false)))
            .toArray();
    if (ids.length == 0) {
      throw new UserException("--prompt: found no token, expected a text to continue.");
    }
    return ids;
  }

  private static Set<Integer> stopIds(Tokenizer tokenizer, Optional<Prompting> template) {
    return template.map(t -> t.stopIds(tokenizer)).orElse(tokenizer.stopIds());
  }
}
