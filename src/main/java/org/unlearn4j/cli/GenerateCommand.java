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
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.run.RuntimeModels;
import org.unlearn4j.text.ChatPrompt;
import org.unlearn4j.text.Prompting;
import org.unlearn4j.text.Tokenizer;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;

/** Text from a prompt, greedy, streamed. */
final class GenerateCommand implements Command {
  private static final int DEFAULT_TOKENS = 64;

  @Override
  public String name() {
    return "generate";
  }

  @Override
  public String summary() {
    return "text from a prompt, greedy, streamed";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required(
            "model", "DIR", "a Hugging Face folder, or for onnx an ONNX folder"),
        CommandOptions.value("runtime", "NAME", "tf (default), onnx or onnx:VARIANT"),
        CommandOptions.device(),
        CommandOptions.required("prompt", "TEXT", "what to continue"),
        CommandOptions.value(
            "template", "NAME", "put the prompt into this template, for instance default or chat"),
        CommandOptions.value("tokenizer", "DIR", "where the model's own folder has none"),
        CommandOptions.value("max-new-tokens", "N", DEFAULT_TOKENS + " by default"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Supplier<Device> device = CommandOptions.device(line);
    Path folder = CommandOptions.path(line, "model").orElseThrow();
    String text = CommandOptions.text(line, "prompt").orElseThrow();
    Optional<String> template = CommandOptions.text(line, "template");
    int most = CommandOptions.integer(line, "max-new-tokens", 1, DEFAULT_TOKENS);
    Path tokenizerFolder =
        CommandOptions.path(line, "tokenizer").orElseGet(() -> tokenizerFolder(folder));
    try (Tokenizer tokenizer = Tokenizer.open(tokenizerFolder);
        LanguageModel model =
            RuntimeModels.open(
                folder,
                CommandOptions.text(line, "runtime").orElse("tf"),
                () -> Computation.of(Precision.FP32).on(device.get()))) {
      Streamed streamed = new Streamed(tokenizer, out);
      Optional<Prompting> asked =
          template.map(t -> Prompting.of(t, tokenizer, ChatPrompt.Settings.NONE));
      model.generate(
          List.of(ids(tokenizer, asked, text)), most, stopIds(tokenizer, asked), streamed::token);
      streamed.end();
    }
    return ExitCode.DONE;
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

  /**
   * Prints what is new; decodes all so far each time, because a character may be spread over
   * several tokens.
   */
  private static final class Streamed {
    private final Tokenizer tokenizer;
    private final PrintStream out;
    private final List<Integer> ids = new ArrayList<>();
    private int printed;

    Streamed(Tokenizer tokenizer, PrintStream out) {
      this.tokenizer = tokenizer;
      this.out = out;
    }

    void token(int row, int token) {
      ids.add(token);
      String text = text();
      boolean unfinished = text.endsWith("\uFFFD");
      if (!unfinished) {
        print(text);
      }
    }

    /** Prints what was held back too, since nothing comes that could complete it. */
    void end() {
      print(text());
      out.println();
    }

    private String text() {
      return tokenizer.decode(ids.stream().mapToInt(Integer::intValue).toArray(), true);
    }

    private void print(String text) {
      if (text.length() > printed) {
        out.print(text.substring(printed));
        out.flush();
        printed = text.length();
      }
    }
  }
}
