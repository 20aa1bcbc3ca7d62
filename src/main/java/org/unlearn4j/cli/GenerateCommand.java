package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.run.RuntimeModels;
import org.unlearn4j.text.PromptTemplate;
import org.unlearn4j.text.Tokenizer;
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
        CommandOptions.required("prompt", "TEXT", "what to continue"),
        CommandOptions.value(
            "template", "NAME", "put the prompt into this template, for instance default"),
        CommandOptions.value("tokenizer", "DIR", "where the model's own folder has none"),
        CommandOptions.value("max-new-tokens", "N", DEFAULT_TOKENS + " by default"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path folder = CommandOptions.path(line, "model").orElseThrow();
    String text = CommandOptions.text(line, "prompt").orElseThrow();
    String prompt =
        CommandOptions.text(line, "template")
            .map(t -> PromptTemplate.of(t).prompt(text))
            .orElse(text);
    int most = CommandOptions.integer(line, "max-new-tokens", 1, DEFAULT_TOKENS);
    Path tokenizerFolder =
        CommandOptions.path(line, "tokenizer").orElseGet(() -> tokenizerFolder(folder));
    try (Tokenizer tokenizer = Tokenizer.open(tokenizerFolder);
        LanguageModel model =
            RuntimeModels.open(
                folder, CommandOptions.text(line, "runtime").orElse("tf"), Precision.FP32)) {
      Streamed streamed = new Streamed(tokenizer, out);
      model.generate(List.of(ids(tokenizer, prompt)), most, tokenizer.stopIds(), streamed::token);
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
  private static int[] ids(Tokenizer tokenizer, String prompt) {
    int[] ids =
        IntStream.concat(
                Arrays.stream(tokenizer.leadingIds()),
                Arrays.stream(tokenizer.encode(prompt, false)))
            .toArray();
    if (ids.length == 0) {
      throw new UserException("--prompt: found no token, expected a text to continue.");
    }
    return ids;
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
